"""Maps of classes: SegNeXt, FC-HarDNet, CGNet, UPerNet, nnU-Net."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged, gelu
from tests.vendor.nets.usual_pieces import prelu, resized


def segnext_t(
    g: Builder,
    size: int,
    ws: Sequence[int] = (32, 64, 160, 256),
    ds: Sequence[int] = (3, 3, 5, 2),
    classes: int = 150,
) -> str:
    """SegNeXt-T: strips of 7, 11 and 21 as attention; six turns of a decomposition."""

    def strip(x, c, k):
        y = g.op("Conv", x, g.weight(c, 1, 1, k), g.weight(c), group=c, pads=[0, k // 2, 0, k // 2])
        return g.op("Conv", y, g.weight(c, 1, k, 1), g.weight(c), group=c, pads=[k // 2, 0, k // 2, 0])

    def bn(x, c):
        return g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    x = conv(g, gelu(g, conv(g, g.input(1, 3, size, size), 3, 16, 3, 2)), 16, 32, 3, 2)
    f, ci = [], 32
    for c, n in zip(ws, ds, strict=True):
        if c != ci:
            x, ci = conv(g, x, ci, c, 3, 2), c
        r = 8 if c < 160 else 4
        for _ in range(n):
            y = gelu(g, conv(g, bn(x, c), c, c, 1))
            a = conv(g, y, c, c, 5, 1, c)
            s = [strip(a, c, k) for k in (7, 11, 21)]
            for t in s:
                a = g.op("Add", a, t)
            y = conv(g, g.op("Mul", conv(g, a, c, c, 1), y), c, c, 1)
            x = g.op("Add", x, g.op("Mul", y, g.weight(c, 1, 1)))
            y = conv(
                g, gelu(g, conv(g, conv(g, bn(x, c), c, r * c, 1), r * c, r * c, 3, 1, r * c)), r * c, c, 1
            )
            x = g.op("Add", x, g.op("Mul", y, g.weight(c, 1, 1)))
        f.append(x)
    e = size // 8
    y = concat(g, f[1], resized(g, f[2], 160, e, e), resized(g, f[3], 256, e, e))
    y = conv_relu(g, y, 480, 256, 1)
    z = relu(g, conv(g, y, 256, 256, 1))
    d, n, k = 256, e * e, 16
    z = g.op("Reshape", z, g.const([1, d, n]))
    zt = g.op("Transpose", z, perm=[0, 2, 1])
    bases = g.weight(1, d, k)
    coef = g.op("Softmax", g.op("MatMul", zt, bases), axis=-1)
    tr = lambda t: g.op("Transpose", t, perm=[0, 2, 1])
    for _ in range(6):
        num, den = g.op("MatMul", zt, bases), g.op("MatMul", coef, g.op("MatMul", tr(bases), bases))
        coef = g.op("Div", g.op("Mul", coef, num), g.op("Add", den, g.const(0.0001)))
        num, den = g.op("MatMul", z, coef), g.op("MatMul", bases, g.op("MatMul", tr(coef), coef))
        bases = g.op("Div", g.op("Mul", bases, num), g.op("Add", den, g.const(0.0001)))
    z = g.op("Reshape", g.op("MatMul", bases, tr(coef)), g.const([1, d, e, e]))
    y = relu(g, g.op("Add", y, conv(g, z, 256, 256, 1)))
    return conv(g, conv_relu(g, y, 256, 256, 1), 256, classes, 1)


def fchardnet70(g: Builder, size: int, classes: int = 19) -> str:
    """FC-HarDNet-70: links to layers a power of two away, halved by pooling."""

    def block(x, ci, grow, n, m=1.7, keep=False):
        xs, cs_ = [x], [ci]

        def link(i):
            if i == 0:
                return (ci, 0, [])
            w, ls = grow, []
            for k in range(10):
                if i % (1 << k) == 0:
                    ls.append(i - (1 << k))
                    if k:
                        w *= m
            return (int(int(w + 1) / 2) * 2, sum(cs_[i] for i in ls), ls)

        for i in range(1, n + 1):
            co, a, ls = link(i)
            t = concat(g, *(xs[i] for i in ls)) if len(ls) > 1 else xs[ls[0]]
            xs.append(conv_relu(g, t, a, co, 3))
            cs_.append(co)
        idx = [i for i in range(n + 1) if i == n or i % 2 == 1 or (keep and i == 0)]
        return (concat(g, *(xs[i] for i in idx)), sum(cs_[i] for i in idx))

    x, ci = g.input(1, 3, size, size), 3
    for co, s in ((16, 2), (24, 1), (32, 2), (48, 1)):
        x, ci = conv_relu(g, x, ci, co, 3, s), co
    skips = []
    for j, (grow, n, co) in enumerate(
        zip((10, 16, 18, 24, 32), (4, 4, 8, 8, 8), (64, 96, 160, 224, 320), strict=True)
    ):
        x, ci = block(x, ci, grow, n)
        if j < 4:
            skips.append((x, ci))
        x, ci = conv_relu(g, x, ci, co, 1), co
        if j < 4:
            x = mean_pooled(g, x)
    for (s, c), grow, n in zip(skips[::-1], (24, 18, 16, 10), (8, 8, 4, 4), strict=True):
        x = concat(g, enlarged(g, x, 2), s)
        ci += c
        x, ci = conv_relu(g, x, ci, ci // 2, 1), ci // 2
        x, ci = block(x, ci, grow, n)
    return enlarged(g, conv(g, x, ci, classes, 1), 4)


def cgnet(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """CGNet: local and surrounding context joined, gated by the whole."""

    def pr(x, c):
        return prelu(g, x, c)

    def bn(x, c):
        return g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    def dw(x, c, d=1):
        return g.op("Conv", x, g.weight(c, 1, 3, 3), group=c, pads=[d] * 4, dilations=[d, d])

    def glo(x, c, r):
        y = g.op("Flatten", mean(g, x), axis=1)
        y = g.op("Sigmoid", dense(g, relu(g, dense(g, y, c, c // r)), c // r, c))
        return g.op("Mul", x, g.op("Reshape", y, g.const([1, c, 1, 1])))

    def down(x, a, b, d, r):
        y = pr(conv(g, x, a, b, 3, 2), b)
        y = pr(bn(concat(g, dw(y, b), dw(y, b, d)), 2 * b), 2 * b)
        return glo(conv(g, y, 2 * b, b, 1, bias=False), b, r)

    def cg(x, c, d, r):
        n = c // 2
        y = pr(conv(g, x, c, n, 1), n)
        y = pr(bn(concat(g, dw(y, n), dw(y, n, d)), c), c)
        return g.op("Add", x, glo(y, c, r))

    i = g.input(1, 3, h, w)
    i2 = mean_pooled(g, i, 3, 2, 1, 1)
    i4 = mean_pooled(g, i2, 3, 2, 1, 1)
    x = pr(conv(g, pr(conv(g, pr(conv(g, i, 3, 32, 3, 2), 32), 32, 32, 3), 32), 32, 32, 3), 32)
    b1 = pr(bn(concat(g, x, i2), 35), 35)
    y0 = y = down(b1, 35, 64, 2, 8)
    for _ in range(2):
        y = cg(y, 64, 2, 8)
    b2 = pr(bn(concat(g, y, y0, i4), 131), 131)
    y0 = y = down(b2, 131, 128, 4, 16)
    for _ in range(20):
        y = cg(y, 128, 4, 16)
    b3 = pr(bn(concat(g, y0, y), 256), 256)
    return resized(g, conv(g, b3, 256, classes, 1), classes, h, w)


def upernet_r18(g: Builder, size: int, classes: int = 150) -> str:
    """UPerNet on ResNet-18: a pooled pyramid and a pyramid of features."""
    f = resnet(g, size, (2, 2, 2, 2), False, True)
    e = size // 32
    x = f[3][0]
    ps = [x]
    for s in (1, 2, 3, 6):
        k = e // s
        y = mean(g, x) if s == 1 else mean_pooled(g, x, k, k)
        ps.append(resized(g, conv_relu(g, y, 512, 128, 1), 128, e, e))
    ls = [conv_relu(g, t, c, 128, 1) for t, c in f[:3]] + [conv_relu(g, concat(g, *ps), 1024, 128, 3)]
    for i in (2, 1, 0):
        ls[i] = g.op("Add", ls[i], resized(g, ls[i + 1], 128, size // (4 << i), size // (4 << i)))
    outs = [conv_relu(g, ls[i], 128, 128, 3) for i in range(3)] + [ls[3]]
    outs = [outs[0]] + [resized(g, t, 128, size // 4, size // 4) for t in outs[1:]]
    return enlarged(g, conv(g, conv_relu(g, concat(g, *outs), 512, 128, 3), 128, classes, 1), 4)


def nnunet(g: Builder, size: int, ws: Sequence[int] = (32, 64, 128, 256, 480, 480), classes: int = 4) -> str:
    """nnU-Net's plain 2D network: instance norms, LeakyReLU, strided and transposed convolutions."""

    def blk(x, a, b, s=1):
        y = g.op("InstanceNormalization", conv(g, x, a, b, 3, s), g.weight(b), g.weight(b), epsilon=1e-05)
        return leaky_of(0.01)(g, y)

    x, ci, f = g.input(1, 1, size, size), 1, []
    for j, c in enumerate(ws):
        x = blk(blk(x, ci, c, 2 if j else 1), c, c)
        ci = c
        f.append(x)
    for j in range(len(ws) - 2, -1, -1):
        c = ws[j]
        x = concat(g, g.op("ConvTranspose", x, g.weight(ci, c, 2, 2), g.weight(c), strides=[2, 2]), f[j])
        x, ci = blk(blk(x, 2 * c, c), c, c), c
    return conv(g, x, 32, classes, 1)


FAMILIAR_MAPS = {
    "fchardnet70_384": ("CNN", lambda g: fchardnet70(g, 384)),
    "upernet_r18_384": ("CNN", lambda g: upernet_r18(g, 384)),
    "cgnet_360x480": ("CNN", lambda g: cgnet(g, 360, 480)),
    "segnext_t_256": ("CNN", lambda g: segnext_t(g, 256)),
    "nnunet_2d_256": ("CNN", lambda g: nnunet(g, 256)),
}  # fmt: skip
