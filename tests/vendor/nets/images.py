"""Further transformers of images: windows, queries of objects, latents, fewer keys, channels that attend."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    conv,
    cut,
    gelu,
    heads,
    joined,
    layernorm,
    linear,
    silu,
)
from tests.vendor.nets.transformers import encoder, feed_forward, windows


def window_stage(g: Builder, side: int, window: int, count: int) -> str:
    """A Swin stage: one layer in windows, one in shifted windows, then four neighbours merged into one."""
    size = 32 * count
    x = windows(g, side, window, count)
    x = continued(g, x, side, window, count)
    y = g.op("Reshape", x, g.const([1, side, side, size]))
    corners = []
    for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
        z = g.op("Slice", y, *(g.const(v) for v in ([row, column], [side, side], [1, 2], [2, 2])))
        corners.append(z)
    y = g.op("Reshape", g.op("Concat", *corners, axis=3), g.const([1, side * side // 4, 4 * size]))
    return linear(g, layernorm(g, y, 4 * size), 4 * size, 2 * size, False)


def continued(g: Builder, x: str, side: int, window: int, count: int) -> str:
    """The shifted layer, on a tensor: the image rolled by half a window, masked where it wraps, rolled back."""
    width, parts, half = 32, side // window, window // 2
    size, length = count * width, window * window
    y = g.op("Reshape", layernorm(g, x, size), g.const([1, side, side, size]))
    for axis in (1, 2):
        y = g.op("Concat", cut(g, y, axis, half, side), cut(g, y, axis, 0, half), axis=axis)
    y = g.op(
        "Transpose",
        g.op("Reshape", y, g.const([1, parts, window, parts, window, size])),
        perm=[0, 1, 3, 2, 4, 5],
    )
    y = g.op("Reshape", y, g.const([parts * parts, length, size]))
    y = g.op("Reshape", linear(g, y, size, 3 * size), g.const([parts * parts, length, 3, count, width]))
    y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
    wraps = np.zeros((parts * parts, 1, length, length), np.float16)
    wraps[-1, :, : length // 2, length // 2 :] = -100
    scores = g.op("MatMul", g.op("Mul", q, g.const(width**-0.5)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = g.op("Add", g.op("Add", scores, g.weight(1, count, length, length)), g.const(wraps))
    y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([parts * parts, length, size]))
    y = g.op("Reshape", linear(g, y, size, size), g.const([1, parts, parts, window, window, size]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([1, side, side, size]))
    for axis in (1, 2):
        y = g.op("Concat", cut(g, y, axis, side - half, side), cut(g, y, axis, 0, side - half), axis=axis)
    x = g.op("Add", x, g.op("Reshape", y, g.const([1, side * side, size])))
    return g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))


def object_decoder(
    g: Builder, queries: int, memory: int, layers: int, size: int = 256, count: int = 8
) -> list[str]:
    """DETR: queries attend to each other and to an image, places added to queries and keys; scores and boxes."""
    context, place = g.input(1, memory, size), g.input(1, memory, size)
    keys, asked, width = g.op("Add", context, place), g.weight(1, queries, size), size // count
    x = g.input(1, queries, size)

    def look(x: str, keys: str, values: str, other: int) -> str:
        q = heads(g, linear(g, g.op("Add", x, asked), size, size), queries, count, width)
        k, v = (heads(g, linear(g, t, size, size), other, count, width) for t in (keys, values))
        return linear(g, joined(g, attend(g, q, k, v, width), queries, size), size, size)

    for _ in range(layers):
        x = layernorm(g, g.op("Add", x, look(x, g.op("Add", x, asked), x, queries)), size)
        x = layernorm(g, g.op("Add", x, look(x, keys, context, memory)), size)
        y = linear(g, g.op("Relu", linear(g, x, size, 8 * size)), 8 * size, size)
        x = layernorm(g, g.op("Add", x, y), size)
    y = x
    for _ in range(2):
        y = g.op("Relu", linear(g, y, size, size))
    return [linear(g, x, size, 92), g.op("Sigmoid", linear(g, y, size, 4))]


def latents(g: Builder, rows: int, channels: int, count: int, width: int) -> str:
    """Perceiver: a few latent rows read a long input, then attend to themselves twice."""
    size = 64 * 8
    x, source = g.weight(1, count, size), layernorm(g, g.input(1, rows, channels), channels)
    q = heads(g, linear(g, layernorm(g, x, size), size, width), count, 1, width)
    k, v = (heads(g, linear(g, source, channels, width), rows, 1, width) for _ in range(2))
    y = joined(g, attend(g, q, k, v, width), count, width)
    x = g.op("Add", x, linear(g, y, width, size))
    x = g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))
    return linear(g, layernorm(g, encoder(g, x, count, 8, 64, 2), size), size, 1000)


def as_image(g: Builder, x: str, side: int, size: int) -> str:
    """[1, HW, C] as [1, C, H, W]."""
    return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, size, side, side]))


def as_rows(g: Builder, x: str, rows: int, size: int) -> str:
    """[1, C, H, W] as [1, HW, C]."""
    return g.op("Transpose", g.op("Reshape", x, g.const([1, size, rows])), perm=[0, 2, 1])


def reduced_keys(g: Builder, side: int, count: int, width: int, ratio: int, layers: int) -> str:
    """SegFormer: overlapping patches, keys of an image `ratio` times smaller, a depthwise 3x3 in the middle."""
    size, rows = count * width, side * side
    x = g.op(
        "Conv",
        g.input(1, 3, 4 * side, 4 * side),
        g.weight(size, 3, 7, 7),
        g.weight(size),
        strides=[4, 4],
        pads=[3] * 4,
    )
    x, few = layernorm(g, as_rows(g, x, rows, size), size), (side // ratio) ** 2
    for _ in range(layers):
        y = layernorm(g, x, size)
        q = heads(g, linear(g, y, size, size), rows, count, width)
        small = g.op(
            "Conv",
            as_image(g, y, side, size),
            g.weight(size, size, ratio, ratio),
            g.weight(size),
            strides=[ratio] * 2,
        )
        small = layernorm(g, as_rows(g, small, few, size), size)
        k, v = (heads(g, linear(g, small, size, size), few, count, width) for _ in range(2))
        x = g.op("Add", x, linear(g, joined(g, attend(g, q, k, v, width), rows, size), size, size))
        y = linear(g, layernorm(g, x, size), size, 4 * size)
        y = as_rows(
            g, conv(g, as_image(g, y, side, 4 * size), 4 * size, 4 * size, 3, 1, 4 * size), rows, 4 * size
        )
        x = g.op("Add", x, linear(g, gelu(g, y), 4 * size, size))
    return as_image(g, layernorm(g, x, size), side, size)


def channel_attention(g: Builder, side: int, count: int, width: int) -> str:
    """XCiT: channels of a head attend to channels over all pixels, then depthwise 3x3 twice, then feed-forward."""
    size, rows = count * width, side * side
    x = g.input(1, rows, size)
    y = g.op("Reshape", linear(g, layernorm(g, x, size), size, 3 * size), g.const([1, rows, 3, count, width]))
    q, k, v = (
        g.op("Squeeze", t, g.const([0]))
        for t in g.op("Split", g.op("Transpose", y, perm=[2, 0, 3, 4, 1]), count=3, axis=0)
    )
    q, k = (
        g.op("Div", t, g.op("Add", g.op("ReduceL2", t, axes=[-1], keepdims=1), g.const(1e-3))) for t in (q, k)
    )
    scores = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.weight(count, 1, 1))
    y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 1, 2]), g.const([1, rows, size]))
    x = g.op("Add", x, g.op("Mul", linear(g, y, size, size), g.weight(size)))
    y = as_image(g, layernorm(g, x, size), side, size)
    y = conv(g, gelu(g, conv(g, y, size, size, 3, 1, size)), size, size, 3, 1, size)
    x = g.op("Add", x, g.op("Mul", as_rows(g, y, rows, size), g.weight(size)))
    y = linear(g, gelu(g, linear(g, layernorm(g, x, size), size, 4 * size)), 4 * size, size)
    return g.op("Add", x, g.op("Mul", y, g.weight(size)))


def mobile_block(g: Builder, side: int, channels: int, size: int, layers: int) -> str:
    """MobileViT: 3x3 and 1x1, the four places of each 2x2 patch as four sequences through layers, folded, joined."""
    x, half = g.input(1, channels, side, side), side // 2
    y = conv(g, silu(g, conv(g, x, channels, channels)), channels, size, 1, bias=False)
    y = g.op("Reshape", y, g.const([size * half, 2, half, 2]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, size, half * half, 4]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 2, 1]), g.const([4, half * half, size]))
    for _ in range(layers):
        y = g.op("Add", y, quadruple_attention(g, layernorm(g, y, size), half * half, size))
        y = g.op(
            "Add", y, linear(g, silu(g, linear(g, layernorm(g, y, size), size, 2 * size)), 2 * size, size)
        )
    y = g.op("Reshape", layernorm(g, y, size), g.const([1, 4, half * half, size]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 2, 1]), g.const([size * half, half, 2, 2]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, size, side, side]))
    y = silu(g, conv(g, y, size, channels, 1))
    return silu(g, conv(g, g.op("Concat", x, y, axis=1), 2 * channels, channels))


def quadruple_attention(g: Builder, x: str, rows: int, size: int, count: int = 4) -> str:
    """Attention of a batch of four sequences, each to itself."""
    parts = g.op("Reshape", linear(g, x, size, 3 * size), g.const([4, rows, 3, count, size // count]))
    parts = g.op("Transpose", parts, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", parts, g.const(np.array(i)), axis=0) for i in range(3))
    y = g.op("Transpose", attend(g, q, k, v, size // count), perm=[0, 2, 1, 3])
    return linear(g, g.op("Reshape", y, g.const([4, rows, size])), size, size)
