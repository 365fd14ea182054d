"""A map for a picture: FC-DenseNet, DANet, what a camera saw in the dark, how many heads are where."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import convolved, pooled, resized


def fc_densenet(g: Builder, e: int, n: int = 4, k: int = 12, classes: int = 11) -> str:
    """FC-DenseNet56 (Tiramisu): five dense blocks down, one below, five up that pass on only what they added."""

    def block(x: str, c: int) -> tuple[str, str, int]:
        new = []
        for _ in range(n):
            y = conv(g, relu(g, normed(g, x, c)), c, k, 3)
            x, c = concat(g, x, y), c + k
            new.append(y)
        return x, concat(g, *new), c

    x, c, skips = conv(g, g.input(1, 3, e, e), 3, 48, 3), 48, []
    for _ in range(5):
        x, _, c = block(x, c)
        skips.append((x, c))
        x = pooled(g, conv(g, relu(g, normed(g, x, c)), c, c, 1), 2, 2)
    _, y, c = block(x, c)
    for skip, d in skips[::-1]:
        w, b = g.weight(n * k, n * k, 3, 3), g.weight(n * k)
        y = g.op("ConvTranspose", y, w, b, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])
        x, y, c = block(concat(g, y, skip), n * k + d)
    return g.op("LogSoftmax", conv(g, x, c, classes, 1), axis=1)


def danet(g: Builder, e: int, ns: tuple[int, ...] = (3, 4, 6, 3), classes: int = 19) -> str:
    """DANet on ResNet-50 whose maps stay at an eighth: attention of places and of channels, added."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, e, e), 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate(ns):
        w, d = 64 << j, (1, 1, 2, 4)[j]
        for i in range(n):
            s = 2 if j == 1 and i == 0 else 1
            y = conv_relu(g, x, ci, w, 1)
            y = spaced(g, y, w, w, d, relu) if s == 1 else conv_relu(g, y, w, w, 3, 2)
            y = conv(g, y, w, 4 * w, 1)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, 4 * w, 1, s))), 4 * w
    m, c = e // 8, ci // 4
    n = m * m
    flat = lambda t, k: g.op("Reshape", t, g.const([1, k, n]))
    a = conv_relu(g, x, ci, c, 3)
    q = g.op("Transpose", flat(conv(g, a, c, c // 8, 1), c // 8), perm=[0, 2, 1])
    p = g.op("Softmax", g.op("MatMul", q, flat(conv(g, a, c, c // 8, 1), c // 8)), axis=-1)
    y = g.op("MatMul", flat(conv(g, a, c, c, 1), c), g.op("Transpose", p, perm=[0, 2, 1]))
    y = g.op("Mul", g.op("Reshape", y, g.const([1, c, m, m])), g.weight(1))
    a = conv_relu(g, g.op("Add", y, a), c, c, 3)
    b = conv_relu(g, x, ci, c, 3)
    v = flat(b, c)
    s = g.op("MatMul", v, g.op("Transpose", v, perm=[0, 2, 1]))
    s = g.op("Sub", g.op("ReduceMax", s, axes=[-1], keepdims=1), s)
    y = g.op("Reshape", g.op("MatMul", g.op("Softmax", s, axis=-1), v), g.const([1, c, m, m]))
    b = conv_relu(g, g.op("Add", g.op("Mul", y, g.weight(1)), b), c, c, 3)
    return resized(g, conv(g, g.op("Add", a, b), c, classes, 1), classes, e, e)


def dark_unet(g: Builder, h: int, w: int) -> str:
    """See-in-the-Dark's U-Net: four colours of a raw sensor, LeakyReLU, twice the size in colour."""
    leaky = leaky_of(0.2)
    pair = lambda t, a, b: activated(g, activated(g, t, a, b, 3, act=leaky), b, b, 3, act=leaky)
    x, ci, skips = g.input(1, 4, h, w), 4, []
    for c in (32, 64, 128, 256):
        x, ci = pair(x, ci, c), c
        skips.append((x, c))
        x = pooled(g, x, 2, 2)
    x, ci = pair(x, ci, 512), 512
    for skip, c in skips[::-1]:
        x = g.op("ConvTranspose", x, g.weight(ci, c, 2, 2), strides=[2, 2])
        x, ci = pair(concat(g, x, skip), 2 * c, c), c
    return g.op("DepthToSpace", conv(g, x, 32, 12, 1), blocksize=2, mode="CRD")


def mcnn(g: Builder, h: int, w: int) -> str:
    """MCNN: three columns of wide, middling and narrow kernels count heads."""
    i, outs = g.input(1, 1, h, w), []
    for ks, cs in (
        ((9, 7, 7, 7), (16, 32, 16, 8)),
        ((7, 5, 5, 5), (20, 40, 20, 10)),
        ((5, 3, 3, 3), (24, 48, 24, 12)),
    ):
        x, ci = i, 1
        for j, (k, c) in enumerate(zip(ks, cs, strict=True)):
            x, ci = convolved(g, x, ci, c, k, k), c
            x = pooled(g, x, 2, 2) if j < 2 else x
        outs.append(x)
    return conv(g, concat(g, *outs), 30, 1, 1)


NEWEST_MAPS = {
    "mcnn_384x512": ("CNN", lambda g: mcnn(g, 384, 512)),
    "fc_densenet56_224": ("CNN", lambda g: fc_densenet(g, 224)),
    "sid_unet_256x384": ("CNN", lambda g: dark_unet(g, 256, 384)),
    "danet_r50_256": ("CNN", lambda g: danet(g, 256)),
}  # fmt: skip
