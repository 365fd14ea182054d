"""Transformers of sound, of many series and of two streams at once; one or two layers of each."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    cut,
    gelu,
    gelu_tanh,
    heads,
    joined,
    layernorm,
    linear,
    self_attention,
    silu,
)
from tests.vendor.nets.transformers import encoder, feed_forward


def placed_sound(g: Builder, rows: int, count: int, layers: int) -> str:
    """HuBERT behind its convolutions: 512 channels projected, places by a grouped convolution of 128 taps, layers."""
    size = 64 * count
    x = linear(g, layernorm(g, g.input(1, rows, 512), 512), 512, size)
    y = g.op("Transpose", x, perm=[0, 2, 1])
    y = g.op("Conv", y, g.weight(size, size // 16, 128), g.weight(size), pads=[64, 64], group=16)
    y = gelu(g, cut(g, y, 2, 0, rows))
    x = layernorm(g, g.op("Add", x, g.op("Transpose", y, perm=[0, 2, 1])), size)
    return encoder(g, x, rows, count, 64, layers, pre=False)


def variates(g: Builder, series: int, length: int, size: int, layers: int, ahead: int = 96) -> str:
    """iTransformer: each series is one token; normalised by its own mean and spread, which go back in the end."""
    x = g.input(1, length, series)
    mean = g.op("ReduceMean", x, axes=[1], keepdims=1)
    x = g.op("Sub", x, mean)
    spread = g.op(
        "Sqrt", g.op("Add", g.op("ReduceMean", g.op("Mul", x, x), axes=[1], keepdims=1), g.const(1e-4))
    )
    x = linear(g, g.op("Transpose", g.op("Div", x, spread), perm=[0, 2, 1]), length, size)
    for _ in range(layers):
        x = layernorm(g, g.op("Add", x, self_attention(g, x, series, 8, size // 8)), size)
        x = layernorm(g, g.op("Add", x, feed_forward(g, x, size, size)), size)
    y = g.op("Transpose", linear(g, layernorm(g, x, size), size, ahead), perm=[0, 2, 1])
    return g.op("Add", g.op("Mul", y, spread), mean)


def two_streams(g: Builder, pixels: int, words: int, count: int) -> list[str]:
    """Stable Diffusion 3: image and text rows with their own products, scaled by the time, attend to both together."""
    size = 64 * count
    time = silu(g, g.input(1, 1, size))
    streams, q, k, v = [], [], [], []
    for rows in (pixels, words):
        x = g.input(1, rows, size)
        shift, scale, *rest = g.op("Split", linear(g, time, size, 6 * size), count=6, axis=2)
        y = layernorm(g, x, size)
        y = g.op("Add", g.op("Mul", y, g.op("Add", scale, g.const(1.0))), shift)
        for found in (q, k, v):
            found.append(heads(g, linear(g, y, size, size), rows, count, 64))
        streams.append((x, rows, rest))
    y = attend(g, *(g.op("Concat", *t, axis=2) for t in (q, k, v)), 64)
    y, begin, outputs = joined(g, y, pixels + words, size), 0, []
    for x, rows, (opened, shift, scale, gate) in streams:
        z = linear(g, cut(g, y, 1, begin, begin + rows), size, size)
        x, begin = g.op("Add", x, g.op("Mul", opened, z)), begin + rows
        z = g.op("Add", g.op("Mul", layernorm(g, x, size), g.op("Add", scale, g.const(1.0))), shift)
        outputs.append(g.op("Add", x, g.op("Mul", gate, feed_forward(g, z, size, 4 * size, gelu_tanh))))
    return outputs


NEWER_STREAMS = {
    "hubert_249": ("transformer", lambda g: placed_sound(g, 249, 12, 1)),
    "itransformer_321": ("transformer", lambda g: variates(g, 321, 96, 512, 2)),
    "sd3_joint_256": ("transformer", lambda g: two_streams(g, 256, 154, 24)),
}
