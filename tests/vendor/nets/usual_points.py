"""Poses, landmarks, written lines and sounds: HRNet, MoveNet, PFLD, PP-OCR, YAMNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu
from tests.vendor.nets.layers import conv, enlarged
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish, relu6


def hrnet_w18(g: Builder, h: int, w: int, head: int = 17, n: int = 1) -> str:
    """HRNet of 18 channels: up to four resolutions side by side, fused N times a stage; the finest is read."""
    W = (18, 36, 72, 144)

    def basic(x, c):
        return relu(g, g.op("Add", conv(g, activated(g, x, c, c, 3, act=relu), c, c, 3), x))

    def fuse(xs, count):
        out = []
        for i in range(count):
            s = None
            for j, x in enumerate(xs):
                if j > i:
                    y = enlarged(g, conv(g, x, W[j], W[i], 1), 1 << j - i, "nearest")
                elif j < i:
                    y = x
                    for q in range(i - j):
                        last = q == i - j - 1
                        y = conv(g, y, W[j], W[i] if last else W[j], 3, 2)
                        if not last:
                            y = relu(g, y)
                else:
                    y = x
                s = y if s is None else g.op("Add", s, y)
            out.append(relu(g, s))
        return out

    x = activated(g, activated(g, g.input(1, 3, h, w), 3, 64, 3, 2, act=relu), 64, 64, 3, 2, act=relu)
    ci = 64
    for _ in range(2):
        y = conv(g, activated(g, activated(g, x, ci, 64, act=relu), 64, 64, 3, act=relu), 64, 256, 1)
        x, ci = (relu(g, g.op("Add", y, x if ci == 256 else conv(g, x, ci, 256, 1))), 256)
    xs = [activated(g, x, 256, 18, 3, act=relu), activated(g, x, 256, 36, 3, 2, act=relu)]
    for stage, mods in ((2, 1), (3, 2 * n), (4, n)):
        if stage > 2:
            xs.append(activated(g, xs[-1], W[stage - 2], W[stage - 1], 3, 2, act=relu))
        for k in range(mods):
            for q in range(len(xs)):
                for _ in range(2):
                    xs[q] = basic(xs[q], W[q])
            xs = fuse(xs, 1 if (stage, k) == (4, mods - 1) else len(xs))
    return conv(g, xs[0], 18, head, 1)


def movenet(g: Builder, size: int) -> list[str]:
    """MoveNet Lightning: MobileNet-V2, a narrow FPN, four separable heads."""
    x, ci, f = (activated(g, g.input(1, 3, size, size), 3, 32, 3, 2, act=relu6), 32, [])
    for e, co, n, s in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
    ):
        for i in range(n):
            st, t = (s if i == 0 else 1, ci * e)
            y = x if e == 1 else activated(g, x, ci, t, act=relu6)
            y = conv(g, activated(g, y, t, t, 3, st, t, act=relu6), t, co, 1)
            x, ci = (g.op("Add", x, y) if st == 1 and ci == co else y, co)
        f.append((x, co))
    up = lambda x: enlarged(g, x, 2)
    x = conv(g, f[5][0], 160, 64, 1)
    for (t, c), co in zip((f[4], f[2], f[1]), (32, 24, 24), strict=True):
        ci = 64 if c == 96 else 32 if c == 32 else 24
        y = g.op("Add", up(x), conv(g, t, c, ci, 1))
        x = activated(g, conv(g, y, ci, ci, 3, 1, ci), ci, co, act=relu)
    outs = []
    for k in (1, 17, 34, 34):
        outs.append(conv(g, activated(g, conv(g, x, 24, 24, 3, 1, 24), 24, 96, act=relu), 96, k, 1))
    return [g.op("Sigmoid", outs[0]), g.op("Sigmoid", outs[1]), *outs[2:]]


def pfld(g: Builder, size: int = 112) -> str:
    """PFLD: 98 landmarks from three resolutions."""
    x = activated(
        g, activated(g, g.input(1, 3, size, size), 3, 64, 3, 2, act=relu), 64, 64, 3, 1, 64, act=relu
    )

    def inv(x, a, b, s, e):
        y = activated(g, activated(g, x, a, a * e, act=relu), a * e, a * e, 3, s, a * e, act=relu)
        y = conv(g, y, a * e, b, 1)
        return g.op("Add", x, y) if s == 1 and a == b else y

    x = inv(x, 64, 64, 2, 2)
    for _ in range(4):
        x = inv(x, 64, 64, 1, 2)
    x = inv(x, 64, 128, 2, 2)
    for _ in range(6):
        x = inv(x, 128, 128, 1, 4)
    x = inv(x, 128, 16, 1, 2)
    a = x
    b = activated(g, a, 16, 32, 3, 2, act=relu)
    c = relu(g, g.op("Conv", b, g.weight(128, 32, size // 16, size // 16), g.weight(128)))
    m = [g.op("Flatten", g.op("GlobalAveragePool", t), axis=1) for t in (a, b)]
    m.append(g.op("Flatten", c, axis=1))
    return g.op("Gemm", concat(g, *m), g.weight(196, 176), g.weight(196), transB=1)


def dbnet(g: Builder, size: int) -> str:
    """PP-OCR's text detector: MobileNet-V3-large of half width, an FPN of 96, two transposed convolutions."""
    r = lambda c: max(8, int(c * 0.5 + 4) // 8 * 8)
    x, ci, f = (activated(g, g.input(1, 3, size, size), 3, 8, 3, 2, act=hswish), 8, [])
    for k, t, co, act, s in (
        (3, 16, 16, relu, 1),
        (3, 64, 24, relu, 2),
        (3, 72, 24, relu, 1),
        (5, 72, 40, relu, 2),
        (5, 120, 40, relu, 1),
        (5, 120, 40, relu, 1),
        (3, 240, 80, hswish, 2),
        (3, 200, 80, hswish, 1),
        (3, 184, 80, hswish, 1),
        (3, 184, 80, hswish, 1),
        (3, 480, 112, hswish, 1),
        (3, 672, 112, hswish, 1),
        (5, 672, 160, hswish, 2),
        (5, 960, 160, hswish, 1),
        (5, 960, 160, hswish, 1),
    ):
        if s == 2 and co > 24:
            f.append((x, ci))
        t, co = (r(t), r(co))
        y = activated(g, activated(g, x, ci, t, act=act), t, t, k, s, t, act=act)
        y = conv(g, y, t, co, 1)
        x, ci = (g.op("Add", x, y) if s == 1 and ci == co else y, co)
    f.append((activated(g, x, ci, 480, act=hswish), 480))
    ps = [conv(g, t, c, 96, 1) for t, c in f]
    for i in (2, 1, 0):
        ps[i] = g.op("Add", ps[i], enlarged(g, ps[i + 1], 2, "nearest"))
    ps = [conv(g, t, 96, 24, 3) for t in ps]
    ps = [enlarged(g, t, 1 << i, "nearest") if i else t for i, t in enumerate(ps)]
    x = activated(g, concat(g, *reversed(ps)), 96, 24, 3, act=relu)
    x = relu(g, g.op("ConvTranspose", x, g.weight(24, 24, 2, 2), g.weight(24), strides=[2, 2]))
    return g.op("Sigmoid", g.op("ConvTranspose", x, g.weight(24, 1, 2, 2), g.weight(1), strides=[2, 2]))


def ocr_rec(g: Builder, h: int, w: int, words: int = 6625) -> str:
    """PP-OCR's recogniser without its recurrence: MobileNetV1Enhance, strides down only, a product per column."""

    def sc(x, a, b, k=3, s=(1, 1), gate=False):
        y = hswish(
            g, g.op("Conv", x, g.weight(a, 1, k, k), g.weight(a), group=a, strides=list(s), pads=[k // 2] * 4)
        )
        if gate:
            y = hard_squeezed(g, y, a, a // 4)
        return activated(g, y, a, b, act=hswish)

    x = activated(g, g.input(1, 3, h, w), 3, 16, 3, 2, act=hswish)
    x = sc(x, 16, 32)
    x = sc(sc(x, 32, 64), 64, 64)
    x = sc(sc(x, 64, 128, 3, (2, 1)), 128, 128)
    x = sc(x, 128, 256, 3, (2, 1))
    for _ in range(5):
        x = sc(x, 256, 256, 5)
    x = sc(sc(x, 256, 512, 5, (2, 1), True), 512, 512, 5, (1, 1), True)
    x = g.op("AveragePool", x, kernel_shape=[h // 16, 2], strides=[h // 16, 2])
    t = w // 4
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, 512, t])), perm=[0, 2, 1])
    x = g.op("Add", g.op("MatMul", x, g.weight(512, 96)), g.weight(96))
    return g.op("Softmax", g.op("Add", g.op("MatMul", x, g.weight(96, words)), g.weight(words)), axis=-1)


def yamnet(g: Builder, h: int = 96, w: int = 64) -> str:
    """YAMNet: MobileNet v1 on a patch of a spectrogram."""
    x, ci = (activated(g, g.input(1, 1, h, w), 1, 32, 3, 2, act=relu), 32)
    for co, s in (
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *((512, 1),) * 5,
        (1024, 2),
        (1024, 1),
    ):
        x, ci = (activated(g, activated(g, x, ci, ci, 3, s, ci, act=relu), ci, co, act=relu), co)
    return g.op("Sigmoid", classified(g, x, ci, 521))


USUAL_POINTS = {
    "hrnet_w18s_256x192": ("CNN", lambda g: hrnet_w18(g, 256, 192)),
    "movenet_192": ("CNN", lambda g: movenet(g, 192)),
    "pfld_112": ("CNN", lambda g: pfld(g)),
    "dbnet_mnv3_640": ("CNN", lambda g: dbnet(g, 640)),
    "ocr_rec_48x320": ("CNN", lambda g: ocr_rec(g, 48, 320)),
    "yamnet_96x64": ("CNN", lambda g: yamnet(g)),
}  # fmt: skip
