"""People: poses, lips that follow a voice."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import relu6


def posenet(g: Builder, size: int = 257, k: float = 0.75) -> list[str]:
    """TF.js PoseNet: MobileNetV1 at a sixteenth (its last stage dilated), four heads of 1x1."""
    r = lambda c: int(c * k)
    x, ci = activated(g, g.input(1, 3, size, size), 3, r(32), 3, 2, act=relu6), r(32)
    for c, s, d in (
        (64, 1, 1),
        (128, 2, 1),
        (128, 1, 1),
        (256, 2, 1),
        (256, 1, 1),
        (512, 2, 1),
        *((512, 1, 1),) * 5,
        (1024, 1, 1),
        (1024, 1, 2),
    ):
        y = spaced(g, x, ci, ci, d, relu6, ci) if d > 1 else activated(g, x, ci, ci, 3, s, ci, act=relu6)
        x, ci = activated(g, y, ci, r(c), act=relu6), r(c)
    return [g.op("Sigmoid", conv(g, x, ci, 17, 1)), *(conv(g, x, ci, n, 1) for n in (34, 32, 32))]


def wav2lip(g: Builder, n: int) -> str:
    """Wav2Lip: mel and face encoders, a decoder that joins the face's maps."""

    def cv(x, a, b, k, s=1, res=False, p=None):
        ss = [s, s] if isinstance(s, int) else list(s)
        y = g.op(
            "Conv", x, g.weight(b, a, k, k), g.weight(b), strides=ss, pads=[k // 2 if p is None else p] * 4
        )
        return relu(g, g.op("Add", y, x) if res else y)

    def up(x, a, b, k=3, s=2, p=1, o=1):
        return relu(
            g,
            g.op(
                "ConvTranspose",
                x,
                g.weight(a, b, k, k),
                g.weight(b),
                strides=[s, s],
                pads=[p] * 4,
                output_padding=[o, o],
            ),
        )

    a = g.input(n, 1, 80, 16)
    ci = 1
    for co, s, r in ((32, 1, 2), (64, (3, 1), 2), (128, 3, 2), (256, (3, 2), 1)):
        a = cv(a, ci, co, 3, s)
        ci = co
        for _ in range(r):
            a = cv(a, co, co, 3, 1, True)
    a = cv(cv(a, 256, 512, 3, 1, p=0), 512, 512, 1)
    x, f = cv(g.input(n, 6, 96, 96), 6, 16, 7), []
    f.append((x, 16))
    ci = 16
    for co, r in ((32, 2), (64, 3), (128, 2), (256, 2), (512, 1)):
        x = cv(x, ci, co, 3, 2)
        ci = co
        for _ in range(r):
            x = cv(x, co, co, 3, 1, True)
        f.append((x, co))
    x = cv(cv(x, 512, 512, 3, 1, p=0), 512, 512, 1)
    f.append((x, 512))
    y = cv(a, 512, 512, 1)
    y = concat(g, y, f[6][0])
    y = cv(up(y, 1024, 512, 3, 1, 0, 0), 512, 512, 3, 1, True)
    y = concat(g, y, f[5][0])
    ci = 1024
    for (t, c), co, r in zip(f[4::-1], (512, 384, 256, 128, 64), (2, 2, 2, 2, 2), strict=True):
        y = up(y, ci, co)
        for _ in range(r):
            y = cv(y, co, co, 3, 1, True)
        y, ci = concat(g, y, t), co + c
    return g.op("Sigmoid", conv(g, cv(y, ci, 32, 3), 32, 3, 1))


CURRENT_PEOPLE = {
    "posenet_mnv1_w75_257": ("CNN", lambda g: posenet(g)),
    "wav2lip_96_b4": ("CNN", lambda g: wav2lip(g, 4)),
}  # fmt: skip
