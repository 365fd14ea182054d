"""Pictures made: holes filled by AOT-GAN and MI-GAN, a picture in words by VQ-VAE, four times the size by VapSR."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import shuffled_up
from tests.vendor.nets.daily_pieces import channels_first, channels_last, leaky_of
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, enlarged, gelu, layernorm
from tests.vendor.nets.popular_pieces import doubled


def aotgan(g: Builder, e: int, blocks: int = 8, d: int = 256) -> str:
    """AOT-GAN: four dilations a block, a gate from the map's own mean and spread, all edges mirrored."""

    def mirrored(x: str, a: int, b: int, k: int, p: int, s: int = 1, rate: int = 1) -> str:
        x = g.op("Pad", x, g.const([0, 0, p, p, 0, 0, p, p]), mode="reflect")
        how = {"strides": [s, s], "dilations": [rate, rate]}
        return g.op("Conv", x, g.weight(b, a, k, k), g.weight(b), **how)

    def spread(x: str) -> str:
        x = g.op("Sub", x, g.op("ReduceMean", x, axes=[2, 3], keepdims=1))
        std = g.op("Sqrt", g.op("ReduceMean", g.op("Mul", x, x), axes=[2, 3], keepdims=1))
        std = g.op("Add", std, g.const(1e-3))
        y = g.op("Sub", g.op("Div", g.op("Mul", x, g.const(2.0)), std), g.const(1.0))
        return g.op("Sigmoid", g.op("Mul", y, g.const(5.0)))

    x = relu(g, mirrored(g.input(1, 4, e, e), 4, 64, 7, 3))
    for a in (64, 128):
        w = g.weight(2 * a, a, 4, 4), g.weight(2 * a)
        x = relu(g, g.op("Conv", x, *w, strides=[2, 2], pads=[1] * 4))
    for _ in range(blocks):
        y = concat(g, *(relu(g, mirrored(x, d, d // 4, 3, r, 1, r)) for r in (1, 2, 4, 8)))
        y, mask = mirrored(y, d, d, 3, 1), spread(mirrored(x, d, d, 3, 1))
        x = g.op("Add", g.op("Mul", x, g.op("Sub", g.const(1.0), mask)), g.op("Mul", y, mask))
    for a in (256, 128):
        x = g.op("Resize", x, "", g.const_f32([1, 1, 2, 2]), mode="linear",
                 coordinate_transformation_mode="align_corners")  # fmt: skip
        x = activated(g, x, a, a // 2, 3, act=relu)
    return g.op("Tanh", conv(g, x, 64, 3, 3))


def migan(g: Builder, e: int) -> str:
    """MI-GAN: depthwise and 1 x 1 convolutions down to 4 x 4 and up again, the picture added up size by size."""
    leaky, c = leaky_of(0.2), lambda m: min(32768 // m, 512)

    def act(x: str) -> str:
        y = g.op("Mul", leaky(g, x), g.const(2**0.5))
        return g.op("Clip", y, g.const(-256.0), g.const(256.0))

    def smooth(x: str, a: int, s: int = 1) -> str:
        p = [1] * 4 if s == 2 else [2, 2, 1, 1]
        return g.op("Conv", x, g.weight(a, 1, 4, 4), strides=[s, s], pads=p, group=a)

    deep = lambda x, a: act(conv(g, x, a, a, 3, 1, a))
    x, m, maps = act(conv(g, g.input(1, 4, e, e), 4, c(e), 1)), e, []
    while m > 4:
        x = act(conv(g, deep(x, c(m)), c(m), c(m), 1))
        maps.append((x, m))
        x = conv(g, smooth(deep(x, c(m)), c(m), 2), c(m), c(m // 2), 1)
        x, m = act(x), m // 2
    x = act(conv(g, deep(x, c(m)), c(m), c(m), 1))
    x = act(conv(g, deep(x, c(m)), c(m), c(m), 1))
    picture = conv(g, x, c(m), 3, 1)
    for skip, n in maps[::-1]:
        x = act(conv(g, deep(x, c(m)), c(m), c(n), 1))
        x = g.op("Add", smooth(enlarged(g, x, 2, "nearest"), c(n)), skip)
        x = act(conv(g, deep(x, c(n)), c(n), c(n), 1))
        picture = smooth(enlarged(g, picture, 2, "nearest"), 3)
        picture, m = g.op("Add", picture, conv(g, x, c(n), 3, 1)), n
    return picture


def vqvae(g: Builder, e: int, words: int = 512, w: int = 64, d: int = 128, r: int = 32) -> list[str]:
    """VQ-VAE: each place of a map told by the nearest of 512 words, the picture made of them."""

    def residual(x: str) -> str:
        for _ in range(2):
            y = g.op("Conv", relu(g, x), g.weight(r, d, 3, 3), pads=[1] * 4)
            x = g.op("Add", x, g.op("Conv", relu(g, y), g.weight(d, r, 1, 1)))
        return relu(g, x)

    x, ci, n = g.input(1, 3, e, e), 3, e // 4
    for c in (d // 2, d):
        kernel = g.weight(c, ci, 4, 4), g.weight(c)
        x, ci = relu(g, g.op("Conv", x, *kernel, strides=[2, 2], pads=[1] * 4)), c
    x = channels_last(g, conv(g, residual(conv(g, x, d, d, 3)), d, w, 1))
    flat, book = g.op("Reshape", x, g.const([n * n, w])), g.weight(words, w)
    far = g.op("ReduceSum", g.op("Mul", flat, flat), g.const([1]), keepdims=1)
    far = g.op("Add", far, g.op("ReduceSum", g.op("Mul", book, book), g.const([1]), keepdims=0))
    both = g.op("MatMul", flat, g.op("Transpose", book, perm=[1, 0]))
    far = g.op("Sub", far, g.op("Mul", both, g.const(2.0)))
    said = g.op("ArgMin", far, axis=1, keepdims=0)
    x = channels_first(g, g.op("Reshape", g.op("Gather", book, said), g.const([1, n, n, w])))
    x = residual(conv(g, x, w, d, 3))
    return [doubled(g, doubled(g, x, d, d // 2, relu), d // 2, 3), said]


def vapsr(g: Builder, h: int, w: int, blocks: int = 10, c: int = 48, i: int = 64) -> str:
    """VapSR (blocks of 21 cut): each map times wide depthwise taps of itself; four times the size."""
    act = lambda t: gelu(g, t)
    x = first = conv(g, g.input(1, 3, h, w), 3, c, 3)
    for _ in range(blocks):
        y = act(conv(g, x, c, i, 1))
        wide = g.op("Conv", conv(g, y, i, i, 1), g.weight(i, 1, 5, 5), g.weight(i), pads=[2] * 4, group=i)
        kernel = g.weight(i, 1, 5, 5), g.weight(i)
        wide = g.op("Conv", wide, *kernel, pads=[6] * 4, dilations=[3, 3], group=i)
        y = conv(g, g.op("Mul", y, wide), i, c, 1)
        x = channels_first(g, layernorm(g, channels_last(g, g.op("Add", x, y)), c))
    x = g.op("Add", conv(g, x, c, c, 3), first)
    x = leaky_of(0.1)(g, shuffled_up(g, conv(g, x, c, 4 * 64, 3), 2))
    return conv(g, shuffled_up(g, conv(g, x, 64, 4 * 64, 3), 2), 64, 3, 3)


OF_LATE_PICTURES = {
    "aotgan_192": ("CNN", lambda g: aotgan(g, 192)),
    "migan_256": ("CNN", lambda g: migan(g, 256)),
    "vqvae_128": ("CNN", lambda g: vqvae(g, 128)),
    "vapsr_x4_96x128": ("CNN", lambda g: vapsr(g, 96, 128)),
}  # fmt: skip
