"""Detectors of faces and of text in scenes; a number plate's letters."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import channels_last, unpadded
from tests.vendor.nets.everyday_pieces import concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import convolved, pooled, resized


def lprnet(g: Builder, h: int = 24, w: int = 94, classes: int = 68) -> str:
    """LPRNet: plates without a recurrence; small basic blocks, global context joined, mean over height."""

    def small(x, a, b):
        y = conv_relu(g, x, a, b // 4, 1)
        y = convolved(g, y, b // 4, b // 4, 3, 1)
        return conv(g, convolved(g, y, b // 4, b // 4, 1, 3), b // 4, b, 1)

    mp = lambda x, s: g.op("MaxPool", x, kernel_shape=[3, 3], strides=list(s))
    f = []
    x = unpadded(g, g.input(1, 3, h, w), 3, 64, 3, 1, relu)
    f.append((x, 5))
    x = relu(g, small(mp(x, (1, 1)), 64, 128))
    f.append((x, 5))
    x = relu(g, small(mp(x, (1, 2)), 128, 256))
    x = relu(g, small(x, 256, 256))
    f.append((x, 4))
    x = convolved(g, mp(x, (1, 2)), 256, 256, 1, 4, ph=0, pw=0)
    x = convolved(g, x, 256, classes, 13, 1, ph=6, pw=0)
    parts = []
    for t, n in f:
        ks, ss = ([5, 5], [5, 5]) if n == 5 else ([4, 10], [4, 2])
        t = g.op("AveragePool", t, kernel_shape=ks, strides=ss)
        m = g.op("ReduceMean", g.op("Mul", t, t), axes=[1, 2, 3], keepdims=1)
        parts.append(g.op("Div", t, m))
    ys = [resized(g, t, c, 4, 18) for t, c in zip(parts, (64, 128, 256), strict=True)]
    y = conv(g, concat(g, *ys, resized(g, x, classes, 4, 18)), 448 + classes, classes, 1)
    return g.op("ReduceMean", y, axes=[2], keepdims=0)


def faceboxes(g: Builder, h: int, w: int) -> list[str]:
    """FaceBoxes: CReLU stems of strides 4 and 2, three small inceptions, three levels of boxes."""

    def crelu(x, a, b, k, s):
        y = conv(g, x, a, b, k, s)
        return relu(g, concat(g, y, g.op("Neg", y)))

    x = pooled(g, crelu(g.input(1, 3, h, w), 3, 24, 7, 4), 3, 2, 1)
    x = pooled(g, crelu(x, 48, 64, 5, 2), 3, 2, 1)
    for _ in range(3):
        b1 = conv_relu(g, x, 128, 32, 1)
        b2 = conv_relu(
            g, g.op("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4), 128, 32, 1
        )
        b3 = conv_relu(g, conv_relu(g, x, 128, 24, 1), 24, 32, 3)
        b4 = conv_relu(g, conv_relu(g, conv_relu(g, x, 128, 24, 1), 24, 32, 3), 32, 32, 3)
        x = concat(g, b1, b2, b3, b4)
    f = [(x, 128, 21)]
    x = conv_relu(g, conv_relu(g, x, 128, 128, 1), 128, 256, 3, 2)
    f.append((x, 256, 1))
    x = conv_relu(g, conv_relu(g, x, 256, 128, 1), 128, 256, 3, 2)
    f.append((x, 256, 1))
    loc, cls = [], []
    for t, c, n in f:
        for k, o in ((4, loc), (2, cls)):
            o.append(g.op("Reshape", channels_last(g, conv(g, t, c, n * k, 3)), g.const([1, -1, k])))
    return [concat(g, *loc), g.op("Softmax", concat(g, *cls), axis=-1)]


def east(g: Builder, size: int) -> list[str]:
    """EAST on ResNet-50: maps merged from the smallest, scores and turned boxes."""
    f = resnet(g, size, (3, 4, 6, 3), feats=True)
    y, ci = f[3]
    for (t, c), co in zip(f[2::-1], (128, 64, 32), strict=True):
        y = conv_relu(g, conv_relu(g, concat(g, enlarged(g, y, 2), t), ci + c, co, 1), co, co, 3)
        ci = co
    y = conv_relu(g, y, 32, 32, 3)
    ang = g.op("Mul", g.op("Sub", g.op("Sigmoid", conv(g, y, 32, 1, 1)), g.const(0.5)), g.const(3.1416))
    return [
        g.op("Sigmoid", conv(g, y, 32, 1, 1)),
        concat(g, g.op("Mul", g.op("Sigmoid", conv(g, y, 32, 4, 1)), g.const(512.0)), ang),
    ]


CURRENT_DETECTORS = {
    "lprnet_24x94": ("CNN", lambda g: lprnet(g)),
    "faceboxes_480x640": ("CNN", lambda g: faceboxes(g, 480, 640)),
    "east_r50_320": ("CNN", lambda g: east(g, 320)),
}  # fmt: skip
