"""Classifiers that people run: families of these tables at other sizes and batches, FBNet, SEMNASNet, lines of text."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import activated, classified, relu, resnet, squeezed
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.mobile import efficientnet, mobilenet_v2
from tests.vendor.nets.usual_classifiers import repvgg
from tests.vendor.nets.usual_pieces import pooled
from tests.vendor.nets.usual_small_classifiers import shufflenet2


def inverted(g: Builder, x: str, a: int, b: int, e: int, k: int, s: int, gate: bool = False) -> str:
    """An inverted bottleneck with ReLU."""
    t = a * e
    y = activated(g, x, a, t, act=relu) if e > 1 else x
    y = activated(g, y, t, t, k, s, t, act=relu)
    y = conv(g, squeezed(g, y, t, max(8, a // 4), relu) if gate else y, t, b, 1)
    return g.op("Add", x, y) if s == 1 and a == b else y


def fbnet_c(g: Builder, size: int) -> str:
    """FBNet-C."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16
    for e, k, s, co, n in (
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 1), (1, 3, 1, 24, 2), (6, 5, 2, 32, 1), (3, 5, 1, 32, 1), (6, 3, 1, 32, 1),
        (6, 5, 2, 64, 1), (3, 5, 1, 64, 1), (6, 5, 1, 64, 2), (6, 5, 1, 112, 1), (6, 5, 1, 112, 3), (6, 5, 2, 184, 4),
        (6, 3, 1, 352, 1),
    ):  # fmt: skip
        for i in range(n):
            x, ci = inverted(g, x, ci, co, e, k, s if i == 0 else 1), co
    return classified(g, conv_relu(g, x, ci, 1984, 1), 1984)


def semnasnet(g: Builder, size: int) -> str:
    """MnasNet-A1, some blocks with gates."""
    x = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2)
    x, ci = conv(g, conv_relu(g, x, 32, 32, 3, 1, 32), 32, 16, 1), 16
    for e, k, s, co, n, gate in (
        (6, 3, 2, 24, 2, False), (3, 5, 2, 40, 3, True), (6, 3, 2, 80, 4, False), (6, 3, 1, 112, 2, True),
        (6, 5, 2, 160, 3, True), (6, 3, 1, 320, 1, False),
    ):  # fmt: skip
        for i in range(n):
            x, ci = inverted(g, x, ci, co, e, k, s if i == 0 else 1, gate), co
    return classified(g, conv_relu(g, x, ci, 1280, 1), 1280)


def crnn(g: Builder, h: int, w: int) -> str:
    """CRNN's convolutions over a line of text, a product a column."""
    k = lambda x, a, b: conv_relu(g, x, a, b, 3)
    down = lambda x: g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 1], pads=[0, 1, 0, 1])
    x = pooled(g, k(g.input(1, 1, h, w), 1, 64), 2, 2)
    x = pooled(g, k(x, 64, 128), 2, 2)
    x = down(k(k(x, 128, 256), 256, 256))
    x = down(k(k(x, 256, 512), 512, 512))
    x = relu(g, g.op("Conv", x, g.weight(512, 512, 2, 2), g.weight(512)))
    y = g.op("Transpose", g.op("Squeeze", x, g.const([2])), perm=[0, 2, 1])
    return g.op("Softmax", g.op("MatMul", y, g.weight(512, 37)), axis=-1)


def seresnext26d(g: Builder, size: int) -> str:
    """SE-ResNeXt-26D of 32 groups of 4: a deep stem, gates, skips pooled."""
    x = conv_relu(g, conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 32, 3), 32, 64, 3)
    x, ci = pooled(g, x, 3, 2, 1), 64
    for j in range(4):
        w, co = 128 << j, 256 << j
        for i in range(2):
            s = 2 if i == 0 and j else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, w, 1), w, w, 3, s, 32), w, co, 1)
            y = squeezed(g, y, co, co // 16, relu)
            if s == 2:
                x = g.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
            x, ci = relu(g, g.op("Add", y, x if ci == co else conv(g, x, ci, co, 1))), co
    return classified(g, x, ci)


def emotion(g: Builder, n: int, size: int = 48) -> str:
    """A plain network of faces in grey: pairs of 3x3 of leaky ReLU, pooled, two products."""
    x, ci, e, k = g.input(n, 1, size, size), 1, size, leaky_of(0.01)
    for co in (64, 128, 256, 512):
        x = activated(g, activated(g, x, ci, co, 3, act=k), co, co, 3, act=k)
        x, ci, e = pooled(g, x, 2, 2), co, e // 2
    y = relu(g, dense(g, g.op("Flatten", x, axis=1), 512 * e * e, 512))
    return g.op("Softmax", dense(g, y, 512, 7), axis=1)


KNOWN_CLASSIFIERS = {
    "resnet34_256": ("CNN", lambda g: resnet(g, 256, (3, 4, 6, 3), False)),
    "efficientnet_b2_288": ("CNN", lambda g: efficientnet(g, 288, 1.1, 1.2)),
    "mobilenet_v2_w140_256": ("CNN", lambda g: mobilenet_v2(g, 256, 1.4)),
    "shufflenet_v2_x10_256": ("CNN", lambda g: shufflenet2(g, 256, (116, 232, 464))),
    "repvgg_a1_256": ("CNN", lambda g: repvgg(g, 256, (64, 64, 128, 256, 1280), (2, 4, 14, 1))),
    "fbnet_c_224": ("CNN", lambda g: fbnet_c(g, 224)),
    "semnasnet_240": ("CNN", lambda g: semnasnet(g, 240)),
    "crnn_32x160": ("CNN", lambda g: crnn(g, 32, 160)),
    "seresnext26d_256": ("CNN", lambda g: seresnext26d(g, 256)),
    "emotion_b8_48": ("CNN", lambda g: emotion(g, 8)),
}  # fmt: skip
