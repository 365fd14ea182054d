"""A map for a picture: depth by FCRN, cells by Cellpose, a bent page by UVDoc, a road's points by RangeNet++."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import convolved, pooled, prelu


def fcrn(g: Builder, h: int, w: int) -> str:
    """FCRN: depth by ResNet-50 and four up-projections of four interleaved small kernels each."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate((3, 4, 6, 3)):
        c = 64 << j
        for i in range(n):
            s = 2 if j and i == 0 else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, c, 1, s), c, c, 3), c, 4 * c, 1)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, 4 * c, 1, s))), 4 * c
    x, ci, (h, w) = conv(g, x, 2048, 1024, 1), 1024, (-(-h // 32), -(-w // 32))

    def unpooled(x: str, a: int, b: int, h: int, w: int) -> str:
        shape = g.const([1, b, 1, h, w])
        four = []
        for kh, kw, pads in (
            (3, 3, [1] * 4),
            (2, 3, [1, 1, 0, 1]),
            (3, 2, [1, 1, 1, 0]),
            (2, 2, [1, 1, 0, 0]),
        ):
            y = g.op("Conv", x, g.weight(b, a, kh, kw), g.weight(b), pads=pads)
            four.append(g.op("Reshape", y, shape))
        y = g.op("Reshape", concat(g, *four, axis=2), g.const([1, b, 2, 2, h, w]))
        y = g.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3])
        return g.op("Reshape", y, g.const([1, b, 2 * h, 2 * w]))

    for c in (512, 256, 128, 64):
        y = conv(g, relu(g, unpooled(x, ci, c, h, w)), c, c, 3)
        x = relu(g, g.op("Add", y, unpooled(x, ci, c, h, w)))
        ci, h, w = c, 2 * h, 2 * w
    return relu(g, conv(g, x, 64, 1, 3))


def cellpose(g: Builder, e: int, cs: tuple[int, ...] = (32, 64, 128, 256)) -> list[str]:
    """Cellpose: a residual U-Net whose way up is told the style of the picture, flows of each cell."""

    def layer(x: str, a: int, b: int) -> str:
        return conv(g, relu(g, normed(g, x, a)), a, b, 3)

    x, ci, skips = g.input(1, 2, e, e), 2, []
    for j, c in enumerate(cs):
        x = pooled(g, x, 2, 2) if j else x
        x = g.op("Add", conv(g, normed(g, x, ci), ci, c, 1), layer(layer(x, ci, c), c, c))
        x, ci = g.op("Add", x, layer(layer(x, c, c), c, c)), c
        skips.append(x)
    style = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    style = g.op("Div", style, g.op("ReduceL2", style, axes=[1], keepdims=1))

    def told(x: str, c: int) -> str:
        f = g.op("Reshape", dense(g, style, cs[-1], c), g.const([1, c, 1, 1]))
        return layer(g.op("Add", x, f), c, c)

    for skip, c in zip(skips[::-1], cs[::-1], strict=True):
        x = enlarged(g, x, 2, "nearest") if c != cs[-1] else x
        y = told(g.op("Add", layer(x, ci, c), skip), c)
        x = g.op("Add", conv(g, normed(g, x, ci), ci, c, 1), y)
        x, ci = g.op("Add", x, told(told(x, c), c)), c
    return [conv(g, relu(g, normed(g, x, 32)), 32, 3, 1), style]


def uvdoc(g: Builder, h: int = 712, w: int = 488) -> str:
    """UVDoc: kernels of 5 x 5, six bridges of dilated ones, where each place of the page lies."""
    x = convolved(g, g.input(1, 3, h, w), 3, 32, 5, 5, 2)
    x, ci = convolved(g, x, 32, 32, 5, 5, 2), 32
    for c, n, s in ((32, 3, 1), (64, 4, 2), (128, 6, 2)):
        for i in range(n):
            t = s if i == 0 else 1
            y = convolved(g, convolved(g, x, ci, c, 5, 5, t), c, c, 5, 5, act=None)
            skip = x if ci == c and t == 1 else convolved(g, x, ci, c, 5, 5, t, act=None)
            x, ci = relu(g, g.op("Add", y, skip)), c
    bridges = []
    for rates in ((1,), (2,), (5,), (8, 3, 2), (12, 7, 4), (18, 12, 6)):
        y = x
        for d in rates:
            y = spaced(g, y, 128, 128, d, relu)
        bridges.append(y)
    x = conv_relu(g, concat(g, *bridges), 768, 128, 1)
    mirrored = lambda t: g.op("Pad", t, g.const([0, 0, 2, 2, 0, 0, 2, 2]), mode="reflect")
    x = prelu(g, convolved(g, mirrored(x), 128, 32, 5, 5, 1, 0, 0, None), 32)
    return convolved(g, mirrored(x), 32, 2, 5, 5, 1, 0, 0, None)


def rangenet(g: Builder, h: int, w: int, classes: int = 20) -> str:
    """RangeNet++: Darknet-21 narrows a lidar's panorama in width alone, transposed rows widen it."""
    leaky = leaky_of(0.1)
    act = lambda t, a, b, k: activated(g, t, a, b, k, act=leaky)
    x, ci = act(g.input(1, 5, h, w), 5, 32, 3), 32
    skips = []
    for c in (64, 128, 256, 512, 1024):
        skips.append(x)
        y = g.op("Conv", x, g.weight(c, ci, 3, 3), g.weight(c), strides=[1, 2], pads=[1] * 4)
        y = leaky(g, y)
        x, ci = g.op("Add", act(act(y, c, ci, 1), ci, c, 3), y), c
    for skip, c in zip(skips[::-1], (512, 256, 128, 64, 32), strict=True):
        x = g.op("ConvTranspose", x, g.weight(ci, c, 1, 4), g.weight(c), strides=[1, 2], pads=[0, 1, 0, 1])
        x = leaky(g, x)
        x, ci = g.op("Add", g.op("Add", act(act(x, c, ci, 1), ci, c, 3), x), skip), c
    return g.op("Softmax", conv(g, x, 32, classes, 3), axis=1)


LATELY_MAPS = {
    "cellpose_224": ("CNN", lambda g: cellpose(g, 224)),
    "fcrn_r50_228x304": ("CNN", lambda g: fcrn(g, 228, 304)),
    "uvdoc_712x488": ("CNN", lambda g: uvdoc(g)),
    "rangenet21_64x512": ("CNN", lambda g: rangenet(g, 64, 512)),
}  # fmt: skip
