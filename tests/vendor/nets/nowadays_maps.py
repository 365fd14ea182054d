"""A map for a picture: U2-Net, U-Net on EfficientNet-B0, written lines by DBNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, dilated, enlarged, silu
from tests.vendor.nets.usual_pieces import resized


def halved_whole(g: Builder, x: str) -> str:
    """MaxPool of 2 x 2, an odd edge kept."""
    return g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)


def u2net(g: Builder, e: int) -> list[str]:
    """U2-Net: a U of blocks that are U's themselves, seven maps."""

    def deep(x: str, a: int, m: int, b: int, n: int, depth: int) -> str:
        first = conv_relu(g, x, a, b)
        x, ci, found = first, b, []
        for i in range(depth - 1):
            if i:
                x, n = halved_whole(g, x), -(-n // 2)
            x, ci = conv_relu(g, x, ci, m), m
            found.append((x, n))
        x = dilated(g, x, m, m, 2)
        while found:
            t, n = found.pop()
            x = conv_relu(g, concat(g, x, t), 2 * m, m if found else b)
            if found and found[-1][1] != n:
                x = resized(g, x, m, found[-1][1], found[-1][1])
        return g.op("Add", x, first)

    def flat(x: str, a: int, m: int, b: int) -> str:
        first = conv_relu(g, x, a, b)
        f = [conv_relu(g, first, b, m)]
        for d in (2, 4):
            f.append(dilated(g, f[-1], m, m, d))
        x = dilated(g, f[-1], m, m, 8)
        for d in (4, 2, 1):
            x = dilated(g, concat(g, x, f.pop()), 2 * m, m if d > 1 else b, d)
        return g.op("Add", x, first)

    x, n, ways = g.input(1, 3, e, e), e, []
    for a, m, b, depth in (
        (3, 32, 64, 7), (64, 32, 128, 6), (128, 64, 256, 5), (256, 128, 512, 4), (512, 256, 512, 0), (512, 256, 512, 0),
    ):  # fmt: skip
        if ways:
            x, n = halved_whole(g, x), -(-n // 2)
        x = deep(x, a, m, b, n, depth) if depth else flat(x, a, m, b)
        ways.append((x, n))
    sides, c = [(ways.pop()[0], 512)], 512
    for m, b, depth in ((256, 512, 0), (128, 256, 4), (64, 128, 5), (32, 64, 6), (16, 64, 7)):
        t, n = ways.pop()
        x = concat(g, resized(g, x, c, n, n), t)
        x, c = deep(x, 2 * c, m, b, n, depth) if depth else flat(x, 2 * c, m, b), b
        sides.append((x, b))
    maps = [conv(g, t, k, 1) for t, k in sides[::-1]]
    maps = [maps[0], *(resized(g, t, 1, e, e) for t in maps[1:])]
    return [g.op("Sigmoid", t) for t in (conv(g, concat(g, *maps), 6, 1, 1), *maps)]


def unet_effb0(g: Builder, e: int, classes: int = 1) -> str:
    """U-Net on EfficientNet-B0: five maps on the way down, two 3x3 a level on the way up."""
    x, ci = activated(g, g.input(1, 3, e, e), 3, 32, 3, 2), 32
    maps = [(x, 32)]
    for t, co, n, s, k in (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):  # fmt: skip
        for i in range(n):
            m, r, st = t * ci, max(1, ci // 4), 1 if i else s
            y = activated(g, x, ci, m) if t > 1 else x
            y = activated(g, y, m, m, k, st, m)
            gate = conv(g, silu(g, conv(g, mean(g, y), m, r, 1)), r, m, 1)
            y = conv(g, g.op("Mul", y, g.op("Sigmoid", gate)), m, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
        if co in (24, 40, 112):
            maps.append((x, co))
    for co in (256, 128, 64, 32, 16):
        x = enlarged(g, x, 2, "nearest")
        if maps:
            t, c = maps.pop()
            x, ci = concat(g, x, t), ci + c
        x, ci = conv_relu(g, conv_relu(g, x, ci, co), co, co), co
    return conv(g, x, 16, classes)


def dbnet_r18(g: Builder, e: int) -> str:
    """DBNet on ResNet-18: a pyramid of 256 channels joined at a quarter, two transposed convolutions."""
    maps = resnet(g, e, (2, 2, 2, 2), False, feats=True)
    ps = [conv(g, t, c, 256, 1, bias=False) for t, c in maps]
    for i in (2, 1, 0):
        ps[i] = g.op("Add", ps[i], enlarged(g, ps[i + 1], 2, "nearest"))
    ps = [conv(g, t, 256, 64, bias=False) for t in ps]
    x = concat(g, *(enlarged(g, t, 1 << i, "nearest") if i else t for i, t in enumerate(ps)))
    x = conv_relu(g, x, 256, 64)
    x = relu(g, g.op("ConvTranspose", x, g.weight(64, 64, 2, 2), g.weight(64), strides=[2, 2]))
    return g.op("Sigmoid", g.op("ConvTranspose", x, g.weight(64, 1, 2, 2), g.weight(1), strides=[2, 2]))


NOWADAYS_MAPS = {
    "unet_effb0_320": ("CNN", lambda g: unet_effb0(g, 320)),
    "dbnet_r18_640": ("CNN", lambda g: dbnet_r18(g, 640)),
    "u2net_320": ("CNN", lambda g: u2net(g, 320)),
}  # fmt: skip
