"""A map for a picture: IS-Net, CANNet's crowds, R2U-Net."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled, resized


def isnet(g: Builder, e: int) -> list[str]:
    """IS-Net: a U of U-blocks from half the size on, six maps on the way up."""

    def even(x: str, c: int, n: int) -> str:
        return resized(g, x, c, n, n)

    def block(x: str, a: int, m: int, b: int, deep: int, n: int) -> str:
        first = conv_relu(g, x, a, b, 3)
        x, ci, maps, sizes = first, b, [], []
        for i in range(deep - 1):
            if i:
                x, n = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), -(-n // 2)
            x, ci = conv_relu(g, x, ci, m, 3), m
            maps.append(x)
            sizes.append(n)
        y = spaced(g, x, m, m, 2, relu)
        while maps:
            sizes.pop()
            y = conv_relu(g, concat(g, y, maps.pop()), 2 * m, m if maps else b, 3)
            y = even(y, m, sizes[-1]) if sizes else y
        return g.op("Add", y, first)

    def flat(x: str, a: int, m: int, b: int) -> str:
        first = spaced(g, x, a, b, 1, relu)
        x1 = spaced(g, first, b, m, 1, relu)
        x2 = spaced(g, x1, m, m, 2, relu)
        x3 = spaced(g, x2, m, m, 4, relu)
        y = spaced(g, x3, m, m, 8, relu)
        y = spaced(g, concat(g, y, x3), 2 * m, m, 4, relu)
        y = spaced(g, concat(g, y, x2), 2 * m, m, 2, relu)
        return g.op("Add", spaced(g, concat(g, y, x1), 2 * m, b, 1, relu), first)

    n, x, maps = e // 2, conv(g, g.input(1, 3, e, e), 3, 64, 3, 2), []
    for a, m, b, deep in (
        (64, 32, 64, 7), (64, 32, 128, 6), (128, 64, 256, 5), (256, 128, 512, 4),
        (512, 256, 512, 0), (512, 256, 512, 0),
    ):  # fmt: skip
        if maps:
            x, n = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), -(-n // 2)
        x = block(x, a, m, b, deep, n) if deep else flat(x, a, m, b)
        maps.append((x, n))
    maps.pop()
    outs, c = [(x, 512)], 512
    for a, m, b, deep in (
        (1024, 256, 512, 0), (1024, 128, 256, 4), (512, 64, 128, 5), (256, 32, 64, 6), (128, 16, 64, 7),
    ):  # fmt: skip
        t, n = maps.pop()
        x = concat(g, even(x, c, n), t)
        x, c = block(x, a, m, b, deep, n) if deep else flat(x, a, m, b), b
        outs.append((x, b))
    return [g.op("Sigmoid", even(conv(g, t, k, 1, 3), 1, e)) for t, k in outs[::-1]]


def cannet(g: Builder, h: int, w: int) -> str:
    """CANNet: VGG's ten convolutions, means of four sizes weighed by how they differ, dilated ones behind."""
    x, ci = g.input(1, 3, h, w), 3
    for j, (n, c) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512))):
        x = pooled(g, x, 2, 2) if j else x
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, c, 3), c
    h, w, sums, weights = h // 8, w // 8, [], []
    for s in (1, 2, 3, 6):
        k = [h // s, w // s]
        y = g.op("AveragePool", x, kernel_shape=k, strides=k)
        y = g.op("Conv", y, g.weight(512, 512, 1, 1))
        y = resized(g, y, 512, h, w)
        gate = g.op("Sigmoid", g.op("Conv", g.op("Sub", x, y), g.weight(512, 512, 1, 1), g.weight(512)))
        weights.append(gate)
        sums.append(g.op("Mul", y, gate))
    add = lambda ts: g.op("Add", g.op("Add", g.op("Add", ts[0], ts[1]), ts[2]), ts[3])
    x, ci = concat(g, x, g.op("Div", add(sums), add(weights))), 1024
    for c in (512, 512, 512, 256, 128, 64):
        x, ci = spaced(g, x, ci, c, 2, relu), c
    return conv(g, x, 64, 1, 1)


def r2unet(g: Builder, e: int, times: int = 2) -> str:
    """R2U-Net: a U whose convolutions read the block's input and what they said, twice over."""

    def block(x: str, a: int, c: int) -> str:
        x = y = conv(g, x, a, c, 1)
        for _ in range(2):
            kernel = g.weight(c, c, 3, 3), g.weight(c)
            again = lambda t, kernel=kernel: relu(g, g.op("Conv", t, *kernel, pads=[1] * 4))
            z = again(y)
            for _ in range(times):
                z = again(g.op("Add", y, z))
            y = z
        return g.op("Add", x, y)

    x, ci, maps = g.input(1, 3, e, e), 3, []
    for c in (64, 128, 256, 512, 1024):
        x, ci = block(pooled(g, x, 2, 2) if maps else x, ci, c), c
        maps.append((x, c))
    for t, c in maps[-2::-1]:
        x = conv_relu(g, enlarged(g, x, 2, "nearest"), 2 * c, c, 3)
        x = block(concat(g, t, x), 2 * c, c)
    return conv(g, x, 64, 1, 1)


OF_LATE_MAPS = {
    "r2unet_128": ("CNN", lambda g: r2unet(g, 128)),
    "cannet_288x384": ("CNN", lambda g: cannet(g, 288, 384)),
    "isnet_320": ("CNN", lambda g: isnet(g, 320)),
}  # fmt: skip
