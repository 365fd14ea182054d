"""Classifiers of full convolutions: GENet, ResNeSt, SK- and ECA-ResNet, CSPResNet, NFNet, TResNet, SelecSLS, HGNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import deep_stem, eca, leaky_of, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import activated, classified, concat, halves, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, silu
from tests.vendor.nets.usual_pieces import pooled


def gernet_m(g: Builder, size: int) -> str:
    """GENet-M: pairs of 3x3, then bottlenecks, then depthwise of thrice the channels."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32
    for co, n, s, m in (
        (128, 1, 2, 0),
        (192, 2, 2, 0),
        (640, 6, 2, 160),
        (640, 4, 2, -1920),
        (640, 1, 1, -1920),
    ):
        for i in range(n):
            st = s if i == 0 else 1
            if not m:
                y = conv(g, conv_relu(g, x, ci, co, 3, st), co, co, 3)
            else:
                w = abs(m)
                y = conv(g, conv_relu(g, conv_relu(g, x, ci, w, 1), w, w, 3, st, w if m < 0 else 1), w, co, 1)
            sk = x if ci == co and st == 1 else conv(g, x, ci, co, 1, st)
            x, ci = relu(g, g.op("Add", y, sk)), co
    return classified(g, conv_relu(g, x, 640, 2560, 1), 2560)


def resnest50d(g: Builder, size: int) -> str:
    """ResNeSt-50d: two groups of channels weighed against each other by a softmax."""
    x, ci, e = deep_stem(g, g.input(1, 3, size, size)), 64, size // 4
    for j, n in enumerate((3, 4, 6, 3)):
        w, co = 64 << j, 256 << j
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = conv_relu(g, conv_relu(g, x, ci, w, 1), w, 2 * w, 3, 1, 2)
            y = g.op("Reshape", y, g.const([1, 2, w, e, e]))
            p = g.op("ReduceMean", g.op("ReduceSum", y, g.const([1]), keepdims=0), axes=[2, 3], keepdims=1)
            a = conv(g, conv_relu(g, p, w, max(w // 2, 32), 1), max(w // 2, 32), 2 * w, 1)
            a = g.op("Softmax", g.op("Reshape", a, g.const([1, 2, w, 1, 1])), axis=1)
            y = g.op("ReduceSum", g.op("Mul", y, a), g.const([1]), keepdims=0)
            if s == 2:
                y = mean_pooled(g, y, 3, 2, 1, 1)
            y = conv(g, y, w, co, 1)
            sk = x if i else conv(g, mean_pooled(g, x) if s == 2 else x, ci, co, 1)
            x, ci, e = relu(g, g.op("Add", y, sk)), co, e // s
    return classified(g, x, ci)


def skresnet18(g: Builder, size: int) -> str:
    """SK-ResNet-18: a plain and a dilated branch weighed by a softmax."""
    x, ci, e = pooled(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2), 3, 2, 1), 64, size // 4
    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if i == 0 and j else 1
            h, r = ci // 2, max(co // 8, 32)
            a, b = halves(g, x, h)
            a = conv_relu(g, a, h, co, 3, s)
            b = relu(
                g,
                g.op(
                    "Conv",
                    b,
                    g.weight(co, h, 3, 3),
                    g.weight(co),
                    pads=[2] * 4,
                    dilations=[2, 2],
                    strides=[s, s],
                ),
            )
            e //= s
            p = conv(
                g,
                conv_relu(g, g.op("ReduceMean", g.op("Add", a, b), axes=[2, 3], keepdims=1), co, r, 1),
                r,
                2 * co,
                1,
            )
            p = g.op("Softmax", g.op("Reshape", p, g.const([1, 2, co, 1, 1])), axis=1)
            both = concat(g, g.op("Unsqueeze", a, g.const([1])), g.op("Unsqueeze", b, g.const([1])))
            y = g.op("ReduceSum", g.op("Mul", both, p), g.const([1]), keepdims=0)
            y = conv(g, y, co, co, 3)
            x, ci = relu(g, g.op("Add", y, x if ci == co else conv(g, x, ci, co, 1, s))), co
    return classified(g, x, ci)


def ecaresnet50d(g: Builder, size: int) -> str:
    """ECA-ResNet-50d: gates from a line of means."""
    x, ci = deep_stem(g, g.input(1, 3, size, size)), 64
    for j, n in enumerate((3, 4, 6, 3)):
        w, co = 64 << j, 256 << j
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, w, 1), w, w, 3, s), w, co, 1)
            y = eca(g, y, co, 5 if j < 2 else 7)
            sk = x if i else conv(g, mean_pooled(g, x) if s == 2 else x, ci, co, 1)
            x, ci = relu(g, g.op("Add", y, sk)), co
    return classified(g, x, ci)


def cspresnet50(g: Builder, size: int) -> str:
    """CSPResNet-50: half of the channels pass each stage by."""
    c = lambda x, a, b, k=1, s=1: activated(g, x, a, b, k, s, act=leaky_of(0.01))
    x, ci = pooled(g, c(g.input(1, 3, size, size), 3, 64, 7, 2), 3, 2, 1), 64
    for j, (co, n) in enumerate(zip((128, 256, 512, 1024), (3, 3, 5, 2), strict=True)):
        if j:
            x = c(x, ci, co, 3, 2)
        y = conv(g, x, co if j else ci, 2 * co, 1)
        a, b = halves(g, y, co)
        for _ in range(n):
            y = conv(g, c(c(b, co, co // 2), co // 2, co // 2, 3), co // 2, co, 1)
            b = leaky_of(0.01)(g, g.op("Add", y, b))
        x, ci = c(concat(g, a, c(b, co, co)), 2 * co, co), co
    return classified(g, x, ci)


def eca_nfnet_l0(g: Builder, size: int) -> str:
    """ECA-NFNet-L0: no norms, branches scaled, grouped 3x3, SiLU."""
    x = g.input(1, 3, size, size)
    for a, b, s in ((3, 16, 2), (16, 32, 1), (32, 64, 1)):
        x = activated(g, x, a, b, 3, s)
    x, ci = conv(g, x, 64, 128, 3, 2), 128
    for co, n, s in zip((256, 512, 1536, 1536), (1, 2, 6, 3), (1, 2, 2, 2), strict=True):
        for i in range(n):
            st, m = s if i == 0 else 1, co // 4
            y = g.op("Mul", silu(g, x), g.const(0.9 + 0.01 * i))
            sk = x if i else conv(g, mean_pooled(g, y) if st == 2 else y, ci, co, 1)
            y = silu(g, conv(g, y, ci, m, 1))
            y = silu(g, conv(g, y, m, m, 3, st, m // 64))
            y = conv(g, silu(g, conv(g, y, m, m, 3, 1, m // 64)), m, co, 1)
            y = eca(g, y, co, 5 if co < 1024 else 7)
            x, ci = g.op("Add", g.op("Mul", g.op("Mul", y, g.const(2.0)), g.const(0.2)), sk), co
    return classified(g, activated(g, x, ci, 2304), 2304)


def tresnet_m(g: Builder, size: int) -> str:
    """TResNet-M: 4x4 places as channels first, blurred strides, gates."""

    def blur(x, c):
        x = g.op("Pad", x, g.const([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect")
        return g.op("Conv", x, g.weight(c, 1, 3, 3), group=c, strides=[2, 2])

    c3 = lambda x, a, b, k=3: activated(g, x, a, b, k, act=leaky_of(0.001))
    x = g.op("SpaceToDepth", g.input(1, 3, size, size), blocksize=4)
    x, ci = c3(x, 48, 64), 64
    for j, n in enumerate((3, 4, 11, 3)):
        w = 64 << j
        co = w if j < 2 else 4 * w
        for i in range(n):
            s = i == 0 and j > 0
            if j < 2:
                y = c3(x, ci, w)
                if s:
                    y = blur(y, w)
                y = squeezed(g, conv(g, y, w, w, 3), w, max(w // 4, 64), relu)
            else:
                y = c3(c3(x, ci, w, 1), w, w)
                if s:
                    y = blur(y, w)
                if j == 2:
                    y = squeezed(g, y, w, w // 4, relu)
                y = conv(g, y, w, co, 1)
            sk = x if ci == co and (not s) else conv(g, mean_pooled(g, x) if s else x, ci, co, 1)
            x, ci = relu(g, g.op("Add", y, sk)), co
    return classified(g, x, ci)


def selecsls42b(g: Builder, size: int) -> str:
    """SelecSLS-42B: chains of 3x3 and 1x1 whose every second map is concatenated."""
    x, sk = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), None
    for ci, k, n, s in (
        (32, 64, 64, 2),
        (64, 64, 128, 1),
        (128, 144, 144, 2),
        (144, 144, 288, 1),
        (288, 304, 304, 2),
        (304, 304, 480, 1),
    ):
        a = conv_relu(g, x, ci, k, 3, s)
        b = conv_relu(g, conv_relu(g, a, k, k, 1), k, k // 2, 3)
        d = conv_relu(g, conv_relu(g, b, k // 2, k, 1), k, k // 2, 3)
        if s == 2:
            x = sk = conv_relu(g, concat(g, a, b, d), 2 * k, n, 1)
        else:
            x = conv_relu(g, concat(g, a, b, d, sk), 2 * k + ci, n, 1)
    x = conv_relu(
        g,
        conv_relu(g, conv_relu(g, conv_relu(g, x, 480, 960, 3, 2), 960, 1024, 3), 1024, 1280, 3, 2),
        1280,
        1024,
        1,
    )
    return classified(g, x, 1024)


def hgnet_tiny(g: Builder, size: int) -> str:
    """PP-HGNet-tiny: five 3x3 in a chain, all concatenated, a gate."""
    x = g.input(1, 3, size, size)
    for a, b, s in ((3, 48, 2), (48, 48, 1), (48, 96, 1)):
        x = conv_relu(g, x, a, b, 3, s)
    x, ci = pooled(g, x, 3, 2, 1), 96
    for j, (m, co, n) in enumerate(((96, 224, 1), (128, 448, 1), (160, 512, 2), (192, 768, 1))):
        if j:
            x = conv(g, x, ci, ci, 3, 2, ci)
        for i in range(n):
            ts, t, a = [x], x, ci
            for _ in range(5):
                t, a = conv_relu(g, t, a, m, 3), m
                ts.append(t)
            y = conv_relu(g, concat(g, *ts), ci + 5 * m, co, 1)
            y = g.op("Mul", y, g.op("Sigmoid", conv(g, mean(g, y), co, co, 1)))
            x, ci = g.op("Add", y, x) if i else y, co
    x = conv_relu(g, mean(g, x), 768, 2048, 1)
    return dense(g, g.op("Flatten", x, axis=1), 2048, 1000)


DAILY_CLASSIFIERS = {
    "resnest50d_224": ('CNN', lambda g: resnest50d(g, 224)),
    "selecsls42b_224": ('CNN', lambda g: selecsls42b(g, 224)),
    "gernet_m_224": ('CNN', lambda g: gernet_m(g, 224)),
    "cspresnet50_256": ('CNN', lambda g: cspresnet50(g, 256)),
    "ecaresnet50d_256": ('CNN', lambda g: ecaresnet50d(g, 256)),
    "hgnet_tiny_224": ('CNN', lambda g: hgnet_tiny(g, 224)),
    "skresnet18_256": ('CNN', lambda g: skresnet18(g, 256)),
    "tresnet_m_224": ('CNN', lambda g: tresnet_m(g, 224)),
    "eca_nfnet_l0_224": ('CNN', lambda g: eca_nfnet_l0(g, 224)),
}  # fmt: skip
