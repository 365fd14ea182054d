"""Further transformers of text: relative places, few keys, parallel branches, towers beside images."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.language import angles, rotary
from tests.vendor.nets.layers import (
    attend,
    cut,
    embedding,
    gelu,
    heads,
    joined,
    layernorm,
    linear,
    rmsnorm,
    self_attention,
)
from tests.vendor.nets.transformers import encoder


def causal(g: Builder, length: int) -> str:
    """0 on and below the diagonal, -65504 above: [1, 1, L, L]."""
    return g.const(np.where(np.tri(length, dtype=bool), np.float16(0), np.float16(-65504))[None, None])


def plain_attention(
    g: Builder, x: str, context: str, length: int, other: int, size: int, count: int, bias: str = ""
) -> str:
    """T5's: no scale, no biases of products, a relative bias added to the scores if given."""
    width = 64
    q = heads(g, linear(g, x, size, count * width, False), length, count, width)
    k, v = (heads(g, linear(g, context, size, count * width, False), other, count, width) for _ in range(2))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = g.op("Add", scores, bias) if bias else scores
    y = joined(g, g.op("MatMul", g.op("Softmax", scores, axis=-1), v), length, count * width)
    return linear(g, y, count * width, size, False)


def text_to_text(g: Builder, source: int, target: int, size: int, count: int, inner: int) -> str:
    """One encoder and one decoder layer of T5 1.1: RMS norms, gated Gelu, relative biases, cross-attention."""
    x = embedding(g, 1000, size, source)
    y = rmsnorm(g, x, size)
    x = g.op(
        "Add", x, plain_attention(g, y, y, source, source, size, count, g.weight(1, count, source, source))
    )
    context = rmsnorm(g, g.op("Add", x, gated(g, rmsnorm(g, x, size), size, inner)), size)
    x = embedding(g, 1000, size, target)
    y = rmsnorm(g, x, size)
    bias = g.op("Add", g.weight(1, count, target, target), causal(g, target))
    x = g.op("Add", x, plain_attention(g, y, y, target, target, size, count, bias))
    x = g.op("Add", x, plain_attention(g, rmsnorm(g, x, size), context, target, source, size, count))
    x = g.op("Add", x, gated(g, rmsnorm(g, x, size), size, inner))
    return linear(g, rmsnorm(g, x, size), size, 1000, False)


def gated(g: Builder, x: str, size: int, inner: int) -> str:
    """Gelu of one product times another, back by a third."""
    up = g.op("Mul", gelu(g, linear(g, x, size, inner, False)), linear(g, x, size, inner, False))
    return linear(g, up, inner, size, False)


def one_key(g: Builder, length: int, count: int, past: int = 0) -> list[str]:
    """A Falcon layer: one head of keys for all queries, attention and feed-forward side by side on one norm."""
    width = 64
    size = count * width
    x = g.input(1, length, size)
    y = layernorm(g, x, size)
    parts = linear(g, y, size, size + 2 * width, False)
    q, k, v = g.op("Split", parts, g.const([size, width, width]), count=3, axis=2)
    cos_sin = angles(g, length, width)
    q = rotary(g, heads(g, q, length, count, width), *cos_sin, width)
    k = rotary(g, g.op("Reshape", k, g.const([1, 1, length, width])), *cos_sin, width)
    v = g.op("Reshape", v, g.const([1, 1, length, width]))
    if past:
        k, v = (g.op("Concat", g.input(1, 1, past, width), t, axis=2) for t in (k, v))
    y2 = attend(g, q, k, v, width, causal(g, length) if length > 1 else None)
    y2 = linear(g, joined(g, y2, length, size), size, size, False)
    wide = gelu(g, linear(g, y, size, 4 * size, False))
    x = g.op("Add", x, g.op("Add", y2, linear(g, wide, 4 * size, size, False)))
    return [x, k, v] if past else [x]


def quick_gelu(g: Builder, x: str) -> str:
    """x sigmoid(1.702 x)."""
    return g.op("Mul", x, g.op("Sigmoid", g.op("Mul", x, g.const(1.702))))


def text_tower(g: Builder, length: int, count: int, layers: int) -> str:
    """CLIP's text: causal layers with the quick Gelu, the row of the last word projected."""
    size = 64 * count
    x = g.op("Add", embedding(g, 1000, size, length), g.weight(length, size))
    x = layernorm(g, encoder(g, x, length, count, 64, layers, mask=causal(g, length), act=quick_gelu), size)
    last = g.op("Gather", x, g.input(1, dtype=TensorProto.INT64), axis=1)
    return linear(g, g.op("Reshape", last, g.const([1, size])), size, 512, False)


def parallel(g: Builder, length: int, count: int, width: int, turned: int) -> str:
    """GPT-NeoX: attention and feed-forward side by side on two norms; only `turned` channels of a head are rotated."""
    size = count * width
    x = g.input(1, length, size)
    y = g.op(
        "Reshape", linear(g, layernorm(g, x, size), size, 3 * size), g.const([1, length, count, 3 * width])
    )
    q, k, v = g.op("Split", g.op("Transpose", y, perm=[0, 2, 1, 3]), count=3, axis=3)
    cos_sin = angles(g, length, turned)
    q, k = (
        g.op(
            "Concat",
            rotary(g, cut(g, t, 3, 0, turned), *cos_sin, turned),
            cut(g, t, 3, turned, width),
            axis=3,
        )
        for t in (q, k)
    )
    mask = g.const(np.where(np.tri(length, dtype=bool), np.float16(0), np.float16(-65504))[None, None])
    y = linear(g, joined(g, attend(g, q, k, v, width, mask), length, size), size, size)
    z = linear(g, gelu(g, linear(g, layernorm(g, x, size), size, 4 * size)), 4 * size, size)
    return g.op("Add", g.op("Add", y, z), x)


def slopes_step(g: Builder, count: int, width: int, past: int) -> list[str]:
    """BLOOM: one token with a cache; scores fall with the distance by a slope a head."""
    size, whole = count * width, past + 1
    x = g.input(1, 1, size)
    y = g.op("Reshape", linear(g, layernorm(g, x, size), size, 3 * size), g.const([1, 1, count, 3, width]))
    q, k, v = (g.op("Squeeze", t, g.const([3])) for t in g.op("Split", y, count=3, axis=3))
    q, k, v = (g.op("Transpose", t, perm=[0, 2, 1, 3]) for t in (q, k, v))
    k, v = (g.op("Concat", g.input(1, count, past, width), t, axis=2) for t in (k, v))
    slopes = 2.0 ** (-8 * np.arange(1, count + 1) / count)
    bias = g.const((slopes[:, None] * -np.arange(whole)[::-1])[None, :, None, :])
    x = g.op("Add", x, linear(g, joined(g, attend(g, q, k, v, width, bias), 1, size), size, size))
    y = gelu(g, linear(g, layernorm(g, x, size), size, 4 * size))
    return [g.op("Add", x, linear(g, y, 4 * size, size)), k, v]


def two_towers(g: Builder, words: int, regions: int, size: int, count: int) -> str:
    """A vision and language layer: text attends to regions and regions to text, then one layer over both together."""
    text, image, width = g.input(1, words, size), g.input(1, regions, size), size // count

    def crossed(x: str, length: int, other: str, other_length: int) -> str:
        more = {"context": other, "context_length": other_length, "context_width": size}
        x = layernorm(g, g.op("Add", x, self_attention(g, x, length, count, width, **more)), size)
        y = linear(g, gelu(g, linear(g, x, size, 4 * size)), 4 * size, size)
        return layernorm(g, g.op("Add", x, y), size)

    new = crossed(text, words, image, regions)
    image = crossed(image, regions, text, words)
    both = g.op("Concat", new, image, axis=1)
    both = encoder(g, both, words + regions, count, width, 1, pre=False)
    return linear(g, cut(g, both, 1, 0, 1), size, 2)
