"""Faces: SFace, sex and age, landmarks, OpenFace, GhostFaceNet, R-Net."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, unpadded
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.later_people import told
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import pooled, prelu


def separable(g: Builder, b: int, e: int, w: float, sloped: bool, outs: int, first: int = 2) -> str:
    """MobileNetV1 of any width with ReLU or PReLU, its map flattened (SFace, InsightFace's attributes, landmarks)."""
    act = lambda y, c: prelu(g, y, c) if sloped else relu(g, y)
    x, ci = act(conv(g, g.input(b, 3, e, e), 3, int(32 * w), 3, first), int(32 * w)), int(32 * w)
    e //= first
    for c, s in (
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
        co = int(c * w)
        x = act(conv(g, x, ci, ci, 3, s, ci), ci)
        x, ci, e = act(conv(g, x, ci, co, 1), co), co, -(-e // s)
    return told(g, g.op("Flatten", x, axis=1), (ci * e * e, outs))


def openface(g: Builder, b: int, e: int) -> str:
    """OpenFace's nn4.small2, its LRN left out: Inception modules, a unit vector."""
    x = pooled(g, conv_relu(g, g.input(b, 3, e, e), 3, 64, 7, 2), 3, 2, 1)
    x, ci = pooled(g, conv_relu(g, conv_relu(g, x, 64, 64, 1), 64, 192, 3), 3, 2, 1), 192
    for a, r3, c3, r5, c5, p, s in (
        (64, 96, 128, 16, 32, 32, 1),
        (64, 96, 128, 32, 64, 64, 1),
        (0, 128, 256, 32, 64, 0, 2),
        (256, 96, 192, 32, 64, 128, 1),
        (0, 160, 256, 64, 128, 0, 2),
        (256, 96, 384, 0, 0, 96, 1),
        (256, 96, 384, 0, 0, 96, 1),
    ):
        y = [conv_relu(g, conv_relu(g, x, ci, r3, 1), r3, c3, 3, s)]
        y += [conv_relu(g, conv_relu(g, x, ci, r5, 1), r5, c5, 5, s)] if c5 else []
        m = pooled(g, x, 3, s, 1)
        y += [conv_relu(g, m, ci, p, 1) if p else m]
        y += [conv_relu(g, x, ci, a, 1)] if a else []
        x, ci = concat(g, *y), a + c3 + c5 + (p or ci)
    return g.op("LpNormalization", told(g, g.op("Flatten", mean(g, x), axis=1), (ci, 128)), axis=1, p=2)


def ghostface(g: Builder, e: int) -> str:
    """GhostFaceNet: ghost bottlenecks with PReLU, a window as large as the map."""

    def ghost(x, a, b, act):
        y = conv(g, x, a, b // 2, 1)
        y = prelu(g, y, b // 2) if act else y
        z = conv(g, y, b // 2, b // 2, 3, 1, b // 2)
        return concat(g, y, prelu(g, z, b // 2) if act else z)

    x, ci = prelu(g, conv(g, g.input(1, 3, e, e), 3, 16, 3, 2), 16), 16
    blocks = (16, 16, 1), (48, 24, 2), (72, 24, 1), (72, 40, 2), (120, 40, 1), (240, 80, 2)
    for t, co, s in (*blocks, *((184, 80, 1),) * 3):
        y = ghost(x, ci, t, True)
        y = ghost(conv(g, y, t, t, 3, 2, t) if s == 2 else y, t, co, False)
        sk = x if ci == co and s == 1 else conv(g, conv(g, x, ci, ci, 3, s, ci), ci, co, 1)
        x, ci = g.op("Add", y, sk), co
    x, k = prelu(g, conv(g, x, ci, 512, 1), 512), e // 16
    x = g.op("Conv", x, g.weight(512, 1, k, k), g.weight(512), group=512)
    return told(g, g.op("Flatten", x, axis=1), (512, 512))


def rnet(g: Builder, b: int) -> list[str]:
    """MTCNN's R-Net."""
    x = prelu(g, unpadded(g, g.input(b, 3, 24, 24), 3, 28, 3, 1), 28)
    pool = lambda x: g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = prelu(g, unpadded(g, pool(x), 28, 48, 3, 1), 48)
    x = prelu(g, unpadded(g, pool(x), 48, 64, 2, 1), 64)
    x = told(g, g.op("Flatten", x, axis=1), (576, 128))
    x = g.op("PRelu", x, g.weight(128))
    return [g.op("Softmax", told(g, x, (128, 2)), axis=1), told(g, x, (128, 4))]


LATER_FACES = {
    "sface_112": ("CNN", lambda g: separable(g, 1, 112, 2.0, True, 128, 1)),
    "gender_age_b8_96": ("CNN", lambda g: separable(g, 8, 96, 0.25, False, 3)),
    "landmarks106_b4_192": ("CNN", lambda g: separable(g, 4, 192, 0.5, True, 212)),
    "openface_b8_96": ("CNN", lambda g: openface(g, 8, 96)),
    "ghostface_112": ("CNN", lambda g: ghostface(g, 112)),
    "rnet_b16_24": ("CNN", lambda g: rnet(g, 16)),
}  # fmt: skip
