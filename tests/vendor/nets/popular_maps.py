"""Maps of classes: ESPNetv2, UNet 3+, LEDNet, DeepLabV3+ on ResNet-18."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, mean_pooled
from tests.vendor.nets.everyday_pieces import concat, halves, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled, prelu, resized, shuffled


def espnetv2(g: Builder, h: int, w: int, classes: int = 20) -> str:
    """ESPNetv2: dilated depthwise branches added up, groups of four; the picture is given again at every size."""
    bn = lambda x, c: g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1))
    pc = lambda x, a, b, k=1, s=1, gr=1: prelu(g, conv(g, x, a, b, k, s, gr), b)

    def eesp(x, a, b, ds, s=1):
        n = b // 4
        y, outs = pc(x, a, n, 1, 1, 4), []
        for d in ds:
            t = g.op("Conv", y, g.weight(n, 1, 3, 3), group=n, pads=[d] * 4, dilations=[d, d], strides=[s, s])
            outs.append(g.op("Add", t, outs[-1]) if outs else t)
        y = conv(g, prelu(g, bn(concat(g, *outs), b), b), b, b, 1, 1, 4)
        if s == 2:
            return y
        if a == b:
            y = g.op("Add", y, x)
        return prelu(g, y, b)

    img = g.input(1, 3, h, w)

    def down(x, a, b, ds, turns):
        y = concat(g, mean_pooled(g, x, 3, 2, 1, 1), eesp(x, a, b - a, ds, 2))
        p = img
        for _ in range(turns):
            p = mean_pooled(g, p, 3, 2, 1, 1)
        return prelu(g, g.op("Add", y, conv(g, pc(p, 3, 3, 3), 3, b, 1)), b)

    l1 = pc(img, 3, 32, 3, 2)
    l2 = down(l1, 32, 128, (1, 2, 3, 4), 2)
    l3 = down(l2, 128, 256, (1, 2, 3, 4), 3)
    for _ in range(3):
        l3 = eesp(l3, 256, 256, (1, 2, 3, 4))
    l4 = down(l3, 256, 512, (1, 2, 3, 3), 4)
    for _ in range(7):
        l4 = eesp(l4, 512, 512, (1, 1, 2, 3))
    y = eesp(concat(g, l3, enlarged(g, pc(l4, 512, 256), 2)), 512, 256, (1, 2, 3, 3))
    e, v, p, ps = h // 8, w // 8, y, [y]
    for _ in range(4):
        p = mean_pooled(g, p, 3, 2, 1, 1)
        ps.append(resized(g, conv(g, p, 256, 256, 3, 1, 256, False), 256, e, v))
    y = pc(concat(g, *ps), 1280, 256)
    y = enlarged(g, pc(y, 256, classes), 2)
    y = enlarged(g, pc(concat(g, l2, y), 128 + classes, classes), 2)
    return enlarged(g, conv(g, concat(g, l1, y), 32 + classes, classes, 1), 2)


def unet3p(g: Builder, size: int, ws: Sequence[int] = (64, 128, 256, 512, 1024), classes: int = 2) -> str:
    """UNet 3+: every level of the decoder joins all levels, 64 channels of each."""
    two = lambda x, a, b: conv_relu(g, conv_relu(g, x, a, b, 3), b, b, 3)
    x, ci, f = g.input(1, 3, size, size), 3, []
    for j, c in enumerate(ws):
        x = two(pooled(g, x, 2, 2) if j else x, ci, c)
        ci = c
        f.append(x)
    d = {4: (f[4], 1024)}
    for i in (3, 2, 1, 0):
        ts = []
        for j in range(5):
            t, c = d[j] if j > i else (f[j], ws[j])
            if j < i:
                t = pooled(g, t, 1 << (i - j), 1 << (i - j))
            if j > i:
                t = enlarged(g, t, 1 << (j - i))
            ts.append(conv_relu(g, t, c, 64, 3))
        d[i] = conv_relu(g, concat(g, *ts), 320, 320, 3), 320
    return conv(g, d[0][0], 320, classes, 3)


def lednet(g: Builder, h: int, w: int, classes: int = 20) -> str:
    """LEDNet: split halves through asymmetric convolutions, shuffled; a small pyramid of attention."""

    def down(x, a, b):
        return relu(g, concat(g, conv(g, x, a, b - a, 3, 2), pooled(g, x, 2, 2)))

    def asym(x, c, kh, kw, d=1):
        p = [d * (kh // 2), d * (kw // 2)]
        ds = [d if kh > 1 else 1, d if kw > 1 else 1]
        return g.op("Conv", x, g.weight(c, c, kh, kw), g.weight(c), pads=p + p, dilations=ds)

    def nbt(x, c, e, v, d):
        a, b = halves(g, x, c // 2)
        k = c // 2
        a = relu(g, asym(relu(g, asym(a, k, 3, 1)), k, 1, 3))
        a = relu(g, asym(relu(g, asym(a, k, 3, 1, d)), k, 1, 3, d))
        b = relu(g, asym(relu(g, asym(b, k, 1, 3)), k, 3, 1))
        b = relu(g, asym(relu(g, asym(b, k, 1, 3, d)), k, 3, 1, d))
        return shuffled(g, relu(g, g.op("Add", concat(g, a, b), x)), c, e, v)

    x = down(g.input(1, 3, h, w), 3, 32)
    for _ in range(3):
        x = nbt(x, 32, h // 2, w // 2, 1)
    x = down(x, 32, 64)
    for _ in range(2):
        x = nbt(x, 64, h // 4, w // 4, 1)
    x = down(x, 64, 128)
    e, v = h // 8, w // 8
    for d in (1, 2, 5, 9, 2, 5, 9, 17):
        x = nbt(x, 128, e, v, d)
    b1 = resized(g, conv_relu(g, mean(g, x), 128, classes, 1), classes, e, v)
    mid = conv_relu(g, x, 128, classes, 1)
    s = [(-(-e // k), -(-v // k)) for k in (2, 4, 8)]
    d1 = conv_relu(g, x, 128, 1, 7, 2)
    d2 = conv_relu(g, d1, 1, 1, 5, 2)
    d3 = conv_relu(g, conv_relu(g, d2, 1, 1, 3, 2), 1, 1, 3)
    y = g.op("Add", conv_relu(g, d2, 1, 1, 5), resized(g, d3, 1, *s[1]))
    y = g.op("Add", conv_relu(g, d1, 1, 1, 7), resized(g, y, 1, *s[0]))
    y = g.op("Add", g.op("Mul", mid, resized(g, y, 1, e, v)), b1)
    return enlarged(g, y, 8)


def deeplabv3p_r18(g: Builder, size: int, classes: int = 21) -> str:
    """DeepLabV3+: ResNet-18 at a sixteenth, separable atrous pyramid, a decoder with the first stage's skip."""

    def one(x, a, b, s, d):
        return spaced(g, x, a, b, d) if d > 1 else conv(g, x, a, b, 3, s)

    x, ci, f = pooled(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2), 3, 2, 1), 64, []
    for j in range(4):
        co, d = 64 << j, 2 if j == 3 else 1
        for i in range(2):
            s = 2 if i == 0 and 0 < j < 3 else 1
            y = one(relu(g, one(x, ci, co, s, d)), co, co, 1, d)
            x, ci = relu(g, g.op("Add", y, x if ci == co and s == 1 else conv(g, x, ci, co, 1, s))), co
        f.append(x)
    e = size // 16
    sep = lambda t, a, b, d=1: conv_relu(g, spaced(g, t, a, a, d, gr=a), a, b, 1)
    ps = [
        conv_relu(g, x, 512, 256, 1),
        *(sep(x, 512, 256, d) for d in (12, 24, 36)),
        resized(g, conv_relu(g, mean(g, x), 512, 256, 1), 256, e, e),
    ]
    y = sep(conv_relu(g, concat(g, *ps), 1280, 256, 1), 256, 256)
    y = sep(concat(g, enlarged(g, y, 4), conv_relu(g, f[0], 64, 48, 1)), 304, 256)
    return enlarged(g, conv(g, y, 256, classes, 1), 4)


POPULAR_MAPS = {
    "espnetv2_256x512": ("CNN", lambda g: espnetv2(g, 256, 512)),
    "unet3p_192": ("CNN", lambda g: unet3p(g, 192)),
    "lednet_360x480": ("CNN", lambda g: lednet(g, 360, 480)),
    "deeplabv3p_r18_512": ("CNN", lambda g: deeplabv3p_r18(g, 512)),
}  # fmt: skip
