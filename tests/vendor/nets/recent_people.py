"""Faces: told apart, alive or not, their points, swapped."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, prelu


def lightcnn29(g: Builder, e: int = 128, n: int = 1) -> str:
    """LightCNN-29: the larger of two halves behind every convolution."""

    def mfm(x, a, b, k):
        y, z = g.op("Split", conv(g, x, a, 2 * b, k), g.const([b, b]), count=2, axis=1)
        return g.op("Max", y, z)

    res = lambda x, c: g.op("Add", mfm(mfm(x, c, c, 3), c, c, 3), x)
    x, ci = pooled(g, mfm(g.input(n, 1, e, e), 1, 48, 5), 2, 2), 48
    for times, co, halved in ((1, 96, True), (2, 192, True), (3, 128, False), (4, 128, True)):
        for _ in range(times):
            x = res(x, ci)
        x = mfm(mfm(x, ci, ci, 1), ci, co, 3)
        ci = co
        if halved:
            x = pooled(g, x, 2, 2)
    f = dense(g, g.op("Flatten", x, axis=1), 128 * (e // 16) ** 2, 512)
    y, z = g.op("Split", f, g.const([256, 256]), count=2, axis=1)
    return g.op("Max", y, z)


def sphereface20(g: Builder, n: int, h: int = 112, w: int = 96) -> str:
    """SphereFace-20: strided convolutions with PReLU, pairs added."""
    x, ci = g.input(n, 3, h, w), 3
    for co, k in ((64, 1), (128, 2), (256, 4), (512, 1)):
        x = prelu(g, conv(g, x, ci, co, 3, 2), co)
        ci = co
        for _ in range(k):
            y = prelu(g, conv(g, x, co, co, 3), co)
            x = g.op("Add", x, prelu(g, conv(g, y, co, co, 3), co))
    return dense(g, g.op("Flatten", x, axis=1), 512 * (h // 16) * (w // 16), 512)


def minifasnet(g: Builder, n: int, e: int = 80) -> str:
    """MiniFASNetV2 (is the face alive): MobileFaceNet with pruned widths."""
    k = [
        32, 32, 103, 103, 64, 13, 13, 64, 26, 26, 64, 13, 13, 64, 52, 52, 64,
        231, 231, 128, 154, 154, 128, 52, 52, 128, 26, 26, 128, 52, 52, 128, 26, 26,
        128, 26, 26, 128, 308, 308, 128, 26, 26, 128, 26, 26, 128, 512, 512,
    ]  # fmt: skip
    cp = lambda x, a, b, kk=1, s=1, gr=1: prelu(g, conv(g, x, a, b, kk, s, gr, False), b)

    def dw(x, a, t, b, s=1, res=False):
        y = conv(g, cp(cp(x, a, t), t, t, 3, s, t), t, b, 1, bias=False)
        return g.op("Add", x, y) if res else y

    x = cp(g.input(n, 3, e, e), 3, k[0], 3, 2)
    x = cp(x, 32, 32, 3, 1, 32)
    i = 2
    for s, m in ((2, 4), (2, 6), (2, 2)):
        x = dw(x, k[i - 1], k[i], k[i + 2], s)
        i += 3
        for _ in range(m):
            x = dw(x, k[i - 1], k[i], k[i + 2], 1, True)
            i += 3
    x = cp(x, 128, 512)
    f = e // 16
    x = g.op("Conv", x, g.weight(512, 1, f, f), group=512)
    x = g.op("MatMul", g.op("Flatten", x, axis=1), g.weight(512, 128))
    return g.op(
        "Softmax", dense(g, g.op("Add", g.op("Mul", x, g.weight(128)), g.weight(128)), 128, 3), axis=1
    )


def fan(g: Builder, e: int, joints: int = 68) -> str:
    """Face alignment network: one hourglass of blocks whose three convolutions are joined."""
    bn = lambda x, c: relu(g, g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1)))

    def block(x, a, b):
        y1 = conv(g, bn(x, a), a, b // 2, 3, bias=False)
        y2 = conv(g, bn(y1, b // 2), b // 2, b // 4, 3, bias=False)
        y3 = conv(g, bn(y2, b // 4), b // 4, b // 4, 3, bias=False)
        return g.op("Add", concat(g, y1, y2, y3), x if a == b else conv(g, bn(x, a), a, b, 1, bias=False))

    def hour(x, n):
        up = block(x, 256, 256)
        y = block(mean_pooled(g, x), 256, 256)
        y = hour(y, n - 1) if n > 1 else block(y, 256, 256)
        return g.op("Add", up, enlarged(g, block(y, 256, 256), 2, "nearest"))

    x = conv_relu(g, g.input(1, 3, e, e), 3, 64, 7, 2)
    x = mean_pooled(g, block(x, 64, 128))
    x = block(block(x, 128, 128), 128, 256)
    y = block(hour(x, 4), 256, 256)
    return conv(g, conv_relu(g, y, 256, 256, 1), 256, joints, 1)


def inswapper(g: Builder, e: int = 128, n: int = 2) -> str:
    """InsightFace's face swapper: residual blocks whose norms a face's numbers scale; two blocks of six."""
    lk = leaky_of(0.2)
    src = g.input(1, 512)
    padded = lambda x, p: g.op("Pad", x, g.const([0, 0, p, p, 0, 0, p, p]), mode="reflect")

    def ada(x, c):
        z = g.op("Sub", x, g.op("ReduceMean", x, axes=[2, 3], keepdims=1))
        v = g.op("ReduceMean", g.op("Mul", z, z), axes=[2, 3], keepdims=1)
        z = g.op("Mul", z, g.op("Div", g.const(1.0), g.op("Sqrt", g.op("Add", v, g.const(1e-4)))))
        st = g.op("Unsqueeze", dense(g, src, 512, 2 * c), g.const([2, 3]))
        a, b = g.op("Split", st, g.const([c, c]), count=2, axis=1)
        return g.op("Add", g.op("Mul", z, a), b)

    x = lk(g, unpadded(g, padded(g.input(1, 3, e, e), 3), 3, 128, 7, 1))
    x = lk(g, conv(g, x, 128, 256, 3))
    x = lk(g, conv(g, x, 256, 512, 3, 2))
    x = lk(g, conv(g, x, 512, 1024, 3, 2))
    for _ in range(n):
        y = relu(g, ada(unpadded(g, padded(x, 1), 1024, 1024, 3, 1), 1024))
        x = g.op("Add", x, ada(unpadded(g, padded(y, 1), 1024, 1024, 3, 1), 1024))
    x = lk(g, conv(g, enlarged(g, x, 2), 1024, 512, 3))
    x = lk(g, conv(g, enlarged(g, x, 2), 512, 256, 3))
    x = lk(g, conv(g, x, 256, 128, 3))
    y = g.op("Tanh", unpadded(g, padded(x, 3), 128, 3, 7, 1))
    return g.op("Mul", g.op("Add", y, g.const(1.0)), g.const(0.5))


RECENT_PEOPLE = {
    "lightcnn29_b2_128": ("CNN", lambda g: lightcnn29(g, 128, 2)),
    "sphereface20_b2_112x96": ("CNN", lambda g: sphereface20(g, 2)),
    "minifasnet_b4_80": ("CNN", lambda g: minifasnet(g, 4)),
    "fan1_256": ("CNN", lambda g: fan(g, 256)),
    "inswapper_128": ("CNN", lambda g: inswapper(g)),
}  # fmt: skip
