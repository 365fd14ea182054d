"""Less usual transformers: means instead of attention, series in patches, scores by distance."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    conv,
    cut,
    embedding,
    gelu,
    groupnorm,
    heads,
    joined,
    layernorm,
    linear,
)
from tests.vendor.nets.transformers import feed_forward


def pooled_mixer(g: Builder, size: int, width: int, depths: tuple[int, ...] = (2, 2, 3, 2)) -> str:
    """PoolFormer: means of 3x3 instead of attention, group norms of one group, products as 1x1 convolutions."""
    x = g.op(
        "Conv",
        g.input(1, 3, size, size),
        g.weight(width, 3, 7, 7),
        g.weight(width),
        strides=[4, 4],
        pads=[2] * 4,
    )
    side, ci = (size - 3) // 4 + 1, width
    for stage, depth in enumerate(depths):
        if stage:
            x, ci, side = conv(g, x, ci, ci * 2, 3, 2), ci * 2, (side - 1) // 2 + 1
        for _ in range(depth):
            y = groupnorm(g, x, (1, ci, side, side), 1)
            mean = g.op("AveragePool", y, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
            y = g.op("Sub", mean, y)
            x = g.op("Add", x, g.op("Mul", y, g.weight(ci, 1, 1)))
            y = groupnorm(g, x, (1, ci, side, side), 1)
            y = conv(g, gelu(g, conv(g, y, ci, 4 * ci, 1)), 4 * ci, ci, 1)
            x = g.op("Add", x, g.op("Mul", y, g.weight(ci, 1, 1)))
    y = g.op("ReduceMean", groupnorm(g, x, (1, ci, side, side), 1), axes=[2, 3], keepdims=0)
    return linear(g, y, ci, 1000)


def patched_series(g: Builder, series: int, length: int, count: int, layers: int, ahead: int = 96) -> str:
    """PatchTST: each of several series alone, patches of 16 every 8, layers of attention, a dense forecast."""
    size, patches = 16 * count, (length - 16) // 8 + 2
    x = g.input(series, length)
    mean = g.op("ReduceMean", x, axes=[1], keepdims=1)
    x = g.op("Concat", g.op("Sub", x, mean), cut(g, x, 1, length - 8, length), axis=1)
    where = np.arange(patches)[:, None] * 8 + np.arange(16)[None]
    x = linear(g, g.op("Gather", x, g.const(where), axis=1), 16, size)
    x = g.op("Add", x, g.weight(1, patches, size))
    for _ in range(layers):
        q, k, v = (
            g.op(
                "Transpose",
                g.op("Reshape", linear(g, x, size, size), g.const([series, patches, count, 16])),
                perm=[0, 2, 1, 3],
            )
            for _ in range(3)
        )
        y = g.op("Transpose", attend(g, q, k, v, 16), perm=[0, 2, 1, 3])
        y = linear(g, g.op("Reshape", y, g.const([series, patches, size])), size, size)
        x = layernorm(g, g.op("Add", x, y), size)
        x = layernorm(g, g.op("Add", x, feed_forward(g, x, size, 2 * size)), size)
    y = g.op("Reshape", x, g.const([series, patches * size]))
    return g.op("Add", linear(g, y, patches * size, ahead), mean)


def disentangled(g: Builder, length: int, count: int, layers: int) -> str:
    """DeBERTa-like: scores of contents, of contents to places and of places to contents, gathered by distance."""
    size = 64 * count
    x = layernorm(g, embedding(g, 2000, size, length), size)
    distance = np.arange(length)[:, None] - np.arange(length)[None] + length
    spots = [g.const(np.tile(d[None, None], (1, count, 1, 1))) for d in (distance, distance.T)]
    for _ in range(layers):
        q, k, v = (heads(g, linear(g, x, size, size), length, count, 64) for _ in range(3))
        places = [g.weight(1, count, 64, 2 * length) for _ in range(2)]
        scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
        near = g.op("GatherElements", g.op("MatMul", q, places[0]), spots[0], axis=3)
        far = g.op("GatherElements", g.op("MatMul", k, places[1]), spots[1], axis=3)
        scores = g.op("Add", g.op("Add", scores, near), g.op("Transpose", far, perm=[0, 1, 3, 2]))
        scores = g.op("Softmax", g.op("Div", scores, g.const((3 * 64) ** 0.5)), axis=-1)
        y = linear(g, joined(g, g.op("MatMul", scores, v), length, size), size, size)
        x = layernorm(g, g.op("Add", y, x), size)
        x = layernorm(g, g.op("Add", feed_forward(g, x, size, 4 * size), x), size)
    return x
