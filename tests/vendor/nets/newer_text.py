"""Transformers of text, sound, series and pairs of streams that the other files lack; one to three layers of each."""

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
    silu,
)
from tests.vendor.nets.transformers import encoder, feed_forward


def sentence(g: Builder, length: int, count: int, width: int, layers: int) -> str:
    """MiniLM: heads of 32, the user's mask, the mean of what it lets through, divided by its length."""
    size = count * width
    asked = g.op("Cast", g.input(1, length, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mask = g.op(
        "Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", asked, g.const([1, 2]))), g.const(-65504.0)
    )
    x = layernorm(g, g.op("Add", embedding(g, 30522, size, length), g.weight(1, length, size)), size)
    x = encoder(g, x, length, count, width, layers, pre=False, mask=mask)
    kept = g.op("Unsqueeze", asked, g.const([2]))
    total = g.op("ReduceSum", g.op("Mul", x, kept), g.const([1]), keepdims=0)
    many = g.op("Max", g.op("ReduceSum", kept, g.const([1]), keepdims=0), g.const(1e-4))
    y = g.op("Div", total, many)
    return g.op("Div", y, g.op("ReduceL2", y, axes=[-1], keepdims=1))


def near_and_far(g: Builder, length: int, count: int, layers: int, window: int = 128) -> str:
    """ModernBERT: rotary places, Gelu of one half times the other, norms; two of three layers look near."""
    size, inner = 64 * count, 96 * count
    gap = np.abs(np.arange(length)[:, None] - np.arange(length)[None])
    near = g.const(np.where(gap <= window // 2, 0.0, -65504.0)[None, None])
    cos_sin = angles(g, length, 64)
    x = layernorm(g, embedding(g, 4000, size, length), size)
    for i in range(layers):
        y = layernorm(g, x, size) if i else x
        y = g.op("Reshape", linear(g, y, size, 3 * size, False), g.const([1, length, 3, count, 64]))
        q, k, v = g.op("Split", g.op("Transpose", y, perm=[2, 0, 3, 1, 4]), count=3, axis=0)
        q, k, v = (g.op("Squeeze", t, g.const([0])) for t in (q, k, v))
        q, k = (rotary(g, t, *cos_sin, 64) for t in (q, k))
        y = joined(g, attend(g, q, k, v, 64, near if i % 3 else None), length, size)
        x = g.op("Add", x, linear(g, y, size, size, False))
        a, b = g.op("Split", linear(g, layernorm(g, x, size), size, 2 * inner, False), count=2, axis=2)
        x = g.op("Add", x, linear(g, g.op("Mul", gelu(g, a), b), inner, size, False))
    return layernorm(g, x, size)


def translated_step(
    g: Builder, count: int, past: int, source: int, layers: int, words: int = 32000
) -> list[str]:
    """Marian's decoder: one token after `past`, caches of both attentions, Swish between products, norms behind."""
    size = 64 * count
    x, outputs = g.op("Add", embedding(g, words, size, 1), g.weight(1, 1, size)), []
    for _ in range(layers):
        q, k, v = (heads(g, linear(g, x, size, size), 1, count, 64) for _ in range(3))
        k, v = (g.op("Concat", g.input(1, count, past, 64), t, axis=2) for t in (k, v))
        y = linear(g, joined(g, attend(g, q, k, v, 64), 1, size), size, size)
        x = layernorm(g, g.op("Add", x, y), size)
        q = heads(g, linear(g, x, size, size), 1, count, 64)
        y = attend(g, q, *(g.input(1, count, source, 64) for _ in range(2)), 64)
        x = layernorm(g, g.op("Add", x, linear(g, joined(g, y, 1, size), size, size)), size)
        x = layernorm(g, g.op("Add", x, feed_forward(g, x, size, 4 * size, silu)), size)
        outputs += [k, v]
    return [linear(g, x, size, words), *outputs]


def rectified(g: Builder, length: int, count: int, layers: int) -> str:
    """OPT: causal layers normalised before, ReLU, learned places two further on; logits of the last row (8,000)."""
    size = 64 * count
    causal = g.const(np.where(np.tri(length, dtype=bool), 0.0, -65504.0)[None, None])
    places = cut(g, g.weight(length + 2, size), 0, 2, length + 2)
    x = g.op("Add", embedding(g, 8000, size, length), places)
    relu = lambda g, x: g.op("Relu", x)
    x = encoder(g, x, length, count, 64, layers, mask=causal, act=relu)
    return linear(g, cut(g, layernorm(g, x, size), 1, length - 1, length), size, 8000, False)


def overlapping(g: Builder, length: int, chunk: int, count: int) -> str:
    """Longformer-like: each chunk of queries attends to itself and both neighbours, one batch of products for all."""
    size, chunks = 64 * count, length // chunk
    x = g.input(1, length, size)
    q, k, v = (heads(g, linear(g, x, size, size), length, count, 64) for _ in range(3))
    parts = lambda t: [cut(g, t, 2, i * chunk, (i + 1) * chunk) for i in range(chunks)]
    none = g.const(np.zeros((1, count, chunk, 64)))

    def three(t: str) -> str:
        own = [none, *parts(t), none]
        return g.op("Concat", *(g.op("Concat", *own[i : i + 3], axis=2) for i in range(chunks)), axis=0)

    gap = np.arange(3 * chunk)[None] - chunk - np.arange(chunk)[:, None]
    mask = np.broadcast_to(
        np.where(np.abs(gap) <= chunk, 0.0, -65504.0), (chunks, 1, chunk, 3 * chunk)
    ).copy()
    mask[0, ..., :chunk] = mask[-1, ..., 2 * chunk :] = -65504.0
    y = attend(g, g.op("Concat", *parts(q), axis=0), three(k), three(v), 64, g.const(mask))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, length, size]))
    x = layernorm(g, g.op("Add", x, linear(g, y, size, size)), size)
    return layernorm(g, g.op("Add", x, feed_forward(g, x, size, 4 * size)), size)


NEWER_TEXT = {
    "minilm_112_x3": ("transformer", lambda g: sentence(g, 112, 12, 32, 3)),
    "modernbert_288_x2": ("transformer", lambda g: near_and_far(g, 288, 12, 2)),
    "marian_step_80": ("transformer", lambda g: translated_step(g, 8, 79, 96, 3)),
    "opt125m_176": ("transformer", lambda g: rectified(g, 176, 12, 1)),
    "longformer_768": ("transformer", lambda g: overlapping(g, 768, 128, 12)),
}
