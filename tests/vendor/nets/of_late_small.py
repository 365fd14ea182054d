"""Small classifiers and things found: LeNet-5, FOMO, MCUNet, a person by PCB, where a picture was taken by NetVLAD."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import pooled, relu6


def lenet5(g: Builder, b: int) -> str:
    """LeNet-5: b digits of 28 x 28, two convolutions of 5 x 5, three products."""
    tanh = lambda t: g.op("Tanh", t)
    x = tanh(conv(g, g.input(b, 1, 28, 28), 1, 6, 5))
    x = tanh(unpadded(g, mean_pooled(g, x), 6, 16, 5, 1))
    x = g.op("Flatten", mean_pooled(g, x), axis=1)
    return dense(g, tanh(dense(g, tanh(dense(g, x, 400, 120)), 120, 84)), 84, 10)


def inverted(g: Builder, x: str, a: int, b: int, k: int, s: int, e: int) -> str:
    """An inverted bottleneck of e times the channels."""
    y = activated(g, x, a, a * e, act=relu6) if e > 1 else x
    y = conv(g, activated(g, y, a * e, a * e, k, s, a * e, act=relu6), a * e, b, 1)
    return g.op("Add", x, y) if s == 1 and a == b else y


def fomo(g: Builder, e: int, classes: int = 3) -> str:
    """FOMO: MobileNetV2 of 0.35 cut at an eighth of the size; what lies in each place."""
    x, ci = activated(g, g.input(1, 3, e, e), 3, 16, 3, 2, act=relu6), 16
    for t, co, s in ((1, 8, 1), (6, 8, 2), (6, 8, 1), (6, 16, 2), (6, 16, 1), (6, 16, 1)):
        x, ci = inverted(g, x, ci, co, 3, s, t), co
    x = conv_relu(g, activated(g, x, 16, 96, act=relu6), 96, 32, 1)
    return g.op("Softmax", conv(g, x, 32, classes, 1), axis=1)


MCUNET = (
    (7, 3, 24, 2), (7, 5, 24, 1), (3, 4, 40, 2), (7, 5, 40, 1), (5, 5, 48, 2), (5, 5, 48, 1), (5, 5, 48, 1),
    (3, 5, 96, 2), (5, 5, 96, 1), (7, 4, 96, 1), (5, 6, 160, 2), (7, 4, 160, 1), (3, 5, 320, 1),
)  # fmt: skip


def mcunet(g: Builder, e: int) -> str:
    """MCUNet, found for microcontrollers: inverted bottlenecks of kernels of three to seven."""
    x = activated(g, g.input(1, 3, e, e), 3, 16, 3, 2, act=relu6)
    x, ci = conv(g, activated(g, x, 16, 16, 3, 1, 16, act=relu6), 16, 8, 1), 8
    for k, t, co, s in MCUNET:
        x, ci = inverted(g, x, ci, co, k, s, t), co
    return classified(g, x, ci)


def stages(g: Builder, x: str, ns: tuple[int, ...] = (3, 4, 6, 3)) -> str:
    """ResNet-50 whose last stage keeps the size."""
    x, ci = pooled(g, conv_relu(g, x, 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate(ns):
        c = 64 << j
        for i in range(n):
            s = 2 if j in (1, 2) and i == 0 else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, c, 1), c, c, 3, s), c, 4 * c, 1)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, 4 * c, 1, s))), 4 * c
    return x


def pcb(g: Builder, h: int = 384, w: int = 128, parts: int = 6, names: int = 751) -> list[str]:
    """PCB: a person's picture in six strips, each with its own features and classes."""
    x = stages(g, g.input(1, 3, h, w))
    k = [h // 16 // parts, w // 16]
    x = g.op("AveragePool", x, kernel_shape=k, strides=k)
    rows = g.op("Split", x, g.const([1] * parts), count=parts, axis=2)
    feats = [conv_relu(g, t, 2048, 256, 1) for t in rows]
    said = [dense(g, g.op("Flatten", f, axis=1), 256, names) for f in feats]
    return [concat(g, *feats, axis=2), *said]


def netvlad(g: Builder, h: int, w: int, k: int = 64, d: int = 512) -> str:
    """NetVLAD on VGG-16: how far the features of each place lie from 64 centres, summed."""
    long = lambda t, a: g.op("Max", g.op("ReduceL2", t, axes=[a], keepdims=1), g.const(1e-4))
    x, ci = g.input(1, 3, h, w), 3
    for j, (n, c) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))):
        x = pooled(g, x, 2, 2) if j else x
        for i in range(n):
            last = j == 4 and i == 2
            x, ci = (conv if last else conv_relu)(g, x, ci, c, 3), c
    x = g.op("Div", x, long(x, 1))
    n = h * w // 256
    a = g.op("Softmax", g.op("Reshape", conv(g, x, d, k, 1), g.const([1, k, n])), axis=1)
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, n])), perm=[0, 2, 1])
    near = g.op("Mul", g.op("ReduceSum", a, g.const([2]), keepdims=1), g.weight(1, k, d))
    v = g.op("Sub", g.op("MatMul", a, x), near)
    v = g.op("Reshape", g.op("Div", v, long(v, 2)), g.const([1, k * d]))
    return g.op("Div", v, g.op("ReduceL2", v, axes=[1], keepdims=1))


def pipnet(g: Builder, e: int, points: int = 68, near: int = 10) -> list[str]:
    """PIPNet on ResNet-18: in which place each point of a face lies, where in it, where its neighbours lie."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, e, e), 3, 64, 7, 2), 3, 2, 1), 64
    for c in (64, 128, 256, 512):
        for i in range(2):
            s = 2 if c > 64 and i == 0 else 1
            y = conv(g, conv_relu(g, x, ci, c, 3, s), c, c, 3)
            x, ci = relu(g, g.op("Add", y, x if s == 1 else conv(g, x, ci, c, 1, s))), c
    return [conv(g, x, ci, n, 1) for n in (points, points, points, points * near, points * near)]


OF_LATE_SMALL = {
    "lenet5_b16_28": ("CNN", lambda g: lenet5(g, 16)),
    "fomo_mnv2_160": ("CNN", lambda g: fomo(g, 160)),
    "mcunet_160": ("CNN", lambda g: mcunet(g, 160)),
    "pipnet_r18_256": ("CNN", lambda g: pipnet(g, 256)),
    "pcb_r50_384x128": ("CNN", lambda g: pcb(g)),
    "netvlad_vgg16_240x320": ("CNN", lambda g: netvlad(g, 240, 320)),
}  # fmt: skip
