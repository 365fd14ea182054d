"""A map for a picture: RegSeg, MultiResUNet; places and their descriptors: DISK."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed
from tests.vendor.nets.daily_pieces import mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled, prelu


def regseg(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """RegSeg: grouped convolutions of two dilations side by side; fewer blocks than its thirteen."""

    def block(x, a, b, ds, s=1):
        y = conv_relu(g, x, a, b, 1)
        if len(ds) == 1:
            y = relu(g, conv(g, y, b, b, 3, s, b // 16))
        else:
            t = g.op("Split", y, g.const([b // 2, b // 2]), count=2, axis=1)
            t = [spaced(g, u, b // 2, b // 2, d, None, b // 32) for u, d in zip(t, ds, strict=True)]
            y = relu(g, concat(g, *t))
        y = conv(g, squeezed(g, y, b, a // 4, relu), b, b, 1)
        if s == 2:
            x = conv(g, mean_pooled(g, x), a, b, 1)
        elif a != b:
            x = conv(g, x, a, b, 1)
        return relu(g, g.op("Add", x, y))

    x = conv_relu(g, g.input(1, 3, h, w), 3, 32, 3, 2)
    x4 = block(x, 32, 48, (1,), 2)
    x = block(x4, 48, 128, (1,), 2)
    for _ in range(2):
        x = block(x, 128, 128, (1,))
    x8 = x
    x = block(x, 128, 256, (1,), 2)
    for ds in ((1, 2), (1, 4), (1, 4), (1, 14), (1, 14), (1, 14)):
        x = block(x, 256, 256, ds)
    x = block(x, 256, 320, (1, 14))
    y = g.op("Add", enlarged(g, conv_relu(g, x, 320, 128, 1), 2), conv_relu(g, x8, 128, 128, 1))
    y = conv_relu(g, y, 128, 64, 3)
    y = concat(g, enlarged(g, y, 2), conv_relu(g, x4, 48, 8, 1))
    return enlarged(g, conv(g, conv_relu(g, y, 72, 64, 3), 64, classes, 1), 4)


def multiresunet(g: Builder, e: int, u: int = 32, levels: int = 5) -> str:
    """MultiResUNet: three 3x3 in a row joined, a shortcut; paths of residual pairs instead of plain skips."""

    def multi(x, a, w):
        c1, c2, c3 = int(w * 1.67 / 6), int(w * 1.67 / 3), int(w * 1.67 / 2)
        o = c1 + c2 + c3
        s = conv(g, x, a, o, 1)
        y1 = conv_relu(g, x, a, c1, 3)
        y2 = conv_relu(g, y1, c1, c2, 3)
        y3 = conv_relu(g, y2, c2, c3, 3)
        return relu(g, g.op("Add", s, concat(g, y1, y2, y3))), o

    def path(x, a, b, n):
        for _ in range(n):
            x, a = relu(g, g.op("Add", conv(g, x, a, b, 1), conv_relu(g, x, a, b, 3))), b
        return x

    x, c, sk = g.input(1, 3, e, e), 3, []
    for i in range(levels):
        x, c = multi(x, c, u << i)
        if i < levels - 1:
            sk.append(path(x, c, u << i, 4 - i))
            x = pooled(g, x, 2, 2)
    for i in range(levels - 2, -1, -1):
        y = g.op("ConvTranspose", x, g.weight(c, u << i, 2, 2), g.weight(u << i), strides=[2, 2])
        x, c = multi(concat(g, y, sk[i]), 2 * (u << i), u << i)
    return g.op("Sigmoid", conv(g, x, c, 1, 1))


def disk(g: Builder, h: int, w: int) -> list[str]:
    """DISK: a thin U-Net of 5x5, each behind an instance norm and a PReLU; descriptors and a heat map."""

    def cv(x, a, b, first=False):
        if not first:
            x = prelu(g, instance_normed(g, x, a), a)
        return conv(g, x, a, b, 5)

    x, f, ci = cv(g.input(1, 3, h, w), 3, 16, True), [], 16
    for co in (32, 64, 64, 64):
        f.append((x, ci))
        x = cv(mean_pooled(g, x), ci, co)
        ci = co
    for (s, c), co in zip(f[::-1], (64, 64, 64, 129), strict=True):
        x = cv(concat(g, enlarged(g, x, 2), s), ci + c, co)
        ci = co
    d, k = g.op("Split", x, g.const([128, 1]), count=2, axis=1)
    return [g.op("Div", d, g.op("Clip", g.op("ReduceL2", d, axes=[1], keepdims=1), g.const(1e-4))), k]


RECENT_MAPS = {
    "regseg_512": ("CNN", lambda g: regseg(g, 512, 512)),
    "multiresunet_192": ("CNN", lambda g: multiresunet(g, 192)),
    "disk_256x320": ("CNN", lambda g: disk(g, 256, 320)),
}  # fmt: skip
