"""Encoders and decoders without a cache: text, images, windows, captions."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    cut,
    embedding,
    gelu,
    gelu_tanh,
    heads,
    layernorm,
    linear,
    self_attention,
)


def feed_forward(g: Builder, x: str, width: int, inner: int, act=gelu) -> str:
    """Two products with an activation between."""
    return linear(g, act(g, linear(g, x, width, inner)), inner, width)


def encoder(
    g: Builder, x: str, length: int, count: int, width: int, layers: int, pre: bool = True, **more
) -> str:
    """Layers of attention and feed-forward; `pre`: normalised before (ViT, GPT) instead of after (BERT)."""
    size = count * width
    act = more.pop("act", gelu)
    for _ in range(layers):
        if pre:
            x = g.op("Add", x, self_attention(g, layernorm(g, x, size), length, count, width, **more))
            x = g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size, act))
        else:
            x = layernorm(g, g.op("Add", self_attention(g, x, length, count, width, **more), x), size)
            x = layernorm(g, g.op("Add", feed_forward(g, x, size, 4 * size, act), x), size)
    return x


def bert(g: Builder, length: int, count: int, layers: int) -> str:
    """Embeddings, layers normalised after, no mask."""
    size = 64 * count
    x = g.op("Add", embedding(g, 1000, size, length), g.weight(length, size))
    return encoder(g, layernorm(g, x, size), length, count, 64, layers, pre=False)


def gpt(g: Builder, length: int, count: int, layers: int) -> str:
    """Causal layers normalised before, tanh Gelu, a head for the last token."""
    size = 64 * count
    causal = np.where(np.tri(length, dtype=bool), np.float16(0), np.float16(-65504))[None, None]
    x = g.op("Add", embedding(g, 1000, size, length), g.weight(length, size))
    x = encoder(g, x, length, count, 64, layers, mask=g.const(causal), act=gelu_tanh)
    return linear(g, cut(g, layernorm(g, x, size), 1, length - 1, length), size, 512, False)


def vit(g: Builder, size: int, patch: int, count: int, layers: int, width: int = 64) -> str:
    """Patches, a class token, layers normalised before, a head."""
    wide, side = count * width, size // patch
    x = g.op(
        "Conv",
        g.input(1, 3, size, size),
        g.weight(wide, 3, patch, patch),
        g.weight(wide),
        strides=[patch] * 2,
    )
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, wide, side * side])), perm=[0, 2, 1])
    x = g.op("Add", g.op("Concat", g.weight(1, 1, wide), x, axis=1), g.weight(1, side * side + 1, wide))
    x = layernorm(g, encoder(g, x, side * side + 1, count, width, layers), wide)
    return linear(g, g.op("Gather", x, g.const(np.array(0)), axis=1), wide, 1000)


def windows(g: Builder, side: int, window: int, count: int, shifted: bool = False) -> str:
    """One layer of attention in windows with a relative bias (heads of 32), on [1, side * side, C]."""
    width, parts = 32, side // window
    size, length = count * width, window * window
    x = g.input(1, side * side, size)
    y = g.op("Reshape", layernorm(g, x, size), g.const([1, side, side, size]))
    if shifted:
        y = roll(g, roll(g, y, 1, window // 2, side), 2, window // 2, side)
    y = g.op("Reshape", y, g.const([1, parts, window, parts, window, size]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([parts * parts, length, size]))
    y = g.op("Reshape", linear(g, y, size, 3 * size), g.const([parts * parts, length, 3, count, width]))
    y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
    y = attend(g, q, k, v, width, g.weight(1, count, length, length))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([parts * parts, length, size]))
    y = g.op("Reshape", linear(g, y, size, size), g.const([1, parts, parts, window, window, size]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([1, side * side, size]))
    x = g.op("Add", x, y)
    return g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))


def roll(g: Builder, x: str, axis: int, by: int, size: int) -> str:
    """The first `by` places of an axis put behind the rest."""
    return g.op("Concat", cut(g, x, axis, by, size), cut(g, x, axis, 0, by), axis=axis)


def relative(g: Builder, length: int, count: int, layers: int) -> str:
    """T5-like: no scale, a bias for each head and distance, RMS norms in float16, ReLU."""
    size, bias = 64 * count, g.weight(1, count, length, length)
    x = embedding(g, 1000, size, length)
    for _ in range(layers):
        y = g.op("Mul", x, g.op("Reciprocal", g.op("Sqrt", g.op("ReduceMean", g.op("Mul", x, x), axes=[-1]))))
        q, k, v = (heads(g, linear(g, y, size, size, False), length, count, 64) for _ in range(3))
        scores = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), bias)
        y = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        x = g.op("Add", x, linear(g, g.op("Reshape", y, g.const([1, length, size])), size, size, False))
        y = g.op("Relu", linear(g, layernorm(g, x, size), size, 4 * size, False))
        x = g.op("Add", x, linear(g, y, 4 * size, size, False))
    return x


def caption(g: Builder, length: int, count: int, source: int) -> str:
    """A decoder layer that also reads an encoder's output of `source` rows."""
    size = 64 * count
    x, context = g.input(1, length, size), g.input(1, source, size)
    x = g.op("Add", x, self_attention(g, layernorm(g, x, size), length, count, 64))
    more = {"context": context, "context_length": source, "context_width": size}
    x = g.op("Add", x, self_attention(g, layernorm(g, x, size), length, count, 64, **more))
    return g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))
