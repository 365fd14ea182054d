"""Transformers: text, images, sound and series as their exporters write them."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.language import angles, rotary
from tests.vendor.nets.layers import (
    attend,
    cut,
    embedding,
    gelu,
    gelu_tanh,
    heads,
    joined,
    layernorm,
    linear,
    rmsnorm,
    silu,
)
from tests.vendor.nets.transformers import feed_forward, roll


def masked_encoder(g: Builder, length: int, count: int, layers: int, shared: bool = False) -> str:
    """DistilBERT, ALBERT with `shared` weights: q divided first, an additive mask made of the user's 0 and 1."""
    size = 64 * count
    first = 128 if shared else size
    x = g.op("Add", embedding(g, 2000, first, length), g.weight(1, length, first))
    x = layernorm(g, x, first)
    x = linear(g, x, first, size) if shared else x
    asked = g.op("Cast", g.input(1, length, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    asked = g.op("Unsqueeze", asked, g.const([1, 2]))
    mask = g.op("Mul", g.op("Sub", g.const(1.0), asked), g.const(-65504.0))
    weights: list[tuple[str, str]] = []

    def product(x: str, at: int, width: int, out: int) -> str:
        if not shared:
            return linear(g, x, width, out)
        if at == len(weights):
            weights.append((g.weight(width, out), g.weight(out)))
        return g.op("Add", weights[at][1], g.op("MatMul", x, weights[at][0]))

    for _ in range(layers):
        q, k, v = (heads(g, product(x, i, size, size), length, count, 64) for i in range(3))
        q = g.op("Div", q, g.const(8.0))
        scores = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), mask)
        y = joined(g, g.op("MatMul", g.op("Softmax", scores, axis=-1), v), length, size)
        x = layernorm(g, g.op("Add", product(y, 3, size, size), x), size)
        act = gelu_tanh if shared else gelu
        y = product(act(g, product(x, 4, size, 4 * size)), 5, 4 * size, size)
        x = layernorm(g, g.op("Add", y, x), size)
    return x


def small_bert(g: Builder, length: int, count: int, layers: int, words: int = 30522) -> list[str]:
    """BERT-mini whole: three embeddings, layers normalised after, a pooled first token of Tanh."""
    size = 64 * count
    ids, kinds = (g.input(1, length, dtype=TensorProto.INT64) for _ in range(2))
    x = g.op("Add", g.op("Gather", g.weight(words, size), ids), g.op("Gather", g.weight(2, size), kinds))
    x = layernorm(g, g.op("Add", x, g.weight(1, length, size)), size)
    for _ in range(layers):
        q, k, v = (heads(g, linear(g, x, size, size), length, count, 64) for _ in range(3))
        y = linear(g, joined(g, attend(g, q, k, v, 64), length, size), size, size)
        x = layernorm(g, g.op("Add", y, x), size)
        x = layernorm(g, g.op("Add", feed_forward(g, x, size, 4 * size), x), size)
    first = g.op("Gather", x, g.const(np.array(0)), axis=1)
    return [x, g.op("Tanh", g.op("Gemm", first, g.weight(size, size), g.weight(size), transB=1))]


def timm_layer(g: Builder, x: str, rows: int, count: int, width: int) -> str:
    """A layer as timm exports it: q, k, v by one product, split by Gather on an axis put first; q scaled."""
    size = count * width
    y = g.op("Reshape", linear(g, layernorm(g, x, size), size, 3 * size), g.const([1, rows, 3, count, width]))
    y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
    q = g.op("Mul", q, g.const(width**-0.5))
    scores = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
    x = g.op("Add", x, linear(g, joined(g, g.op("MatMul", scores, v), rows, size), size, size))
    return g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))


def distilled(g: Builder, size: int, patch: int, count: int, layers: int) -> str:
    """DeiT: patches, a class and a distillation token, the mean of two heads."""
    side, wide = size // patch, 64 * count
    x = g.op(
        "Conv",
        g.input(1, 3, size, size),
        g.weight(wide, 3, patch, patch),
        g.weight(wide),
        strides=[patch] * 2,
    )
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, wide, side * side])), perm=[0, 2, 1])
    rows = side * side + 2
    x = g.op(
        "Add", g.op("Concat", g.weight(1, 1, wide), g.weight(1, 1, wide), x, axis=1), g.weight(1, rows, wide)
    )
    for _ in range(layers):
        x = timm_layer(g, x, rows, count, 64)
    x = layernorm(g, x, wide)
    both = [linear(g, g.op("Gather", x, g.const(np.array(i)), axis=1), wide, 1000) for i in range(2)]
    return g.op("Div", g.op("Add", *both), g.const(2.0))


def packed_gpt(
    g: Builder, length: int, count: int, layers: int, past: int = 0, words: int = 8000
) -> list[str]:
    """GPT-2: q, k, v by one Gemm, split; with `past` one token and caches, else a causal prompt; logits of the last."""
    size, whole = 64 * count, length + past
    x = g.op("Add", embedding(g, words, size, length), g.weight(1, length, size))
    causal = np.where(np.tri(length, dtype=bool), np.float16(0), np.float16(-65504))[None, None]
    outputs = []
    for _ in range(layers):
        y = g.op("Reshape", layernorm(g, x, size), g.const([-1, size]))
        y = g.op("Gemm", y, g.weight(size, 3 * size), g.weight(3 * size))
        parts = g.op("Split", g.op("Reshape", y, g.const([1, length, 3 * size])), count=3, axis=2)
        q, k, v = (heads(g, part, length, count, 64) for part in parts)
        if past:
            k, v = (g.op("Concat", g.input(1, count, past, 64), t, axis=2) for t in (k, v))
        scores = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(8.0))
        scores = scores if past else g.op("Add", scores, g.const(causal))
        y = joined(g, g.op("MatMul", g.op("Softmax", scores, axis=-1), v), length, size)
        x = g.op("Add", x, linear(g, y, size, size))
        x = g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size, gelu_tanh))
        outputs += [k, v]
    assert whole == length + past
    x = layernorm(g, cut(g, x, 1, length - 1, length) if length > 1 else x, size)
    return [linear(g, x, size, words, False), *outputs]


def stories(
    g: Builder, length: int, count: int, width: int, inner: int, layers: int, words: int = 32000
) -> str:
    """A small Llama whole (stories15M: 6 heads of 48, 768, six layers): RMS norms, rotary places, SwiGLU, logits."""
    size = count * width
    x = embedding(g, words, size, length)
    cos_sin = angles(g, length, width)
    causal = g.const(np.where(np.tri(length, dtype=bool), np.float16(0), np.float16(-65504))[None, None])
    for _ in range(layers):
        y = rmsnorm(g, x, size)
        q, k, v = (heads(g, linear(g, y, size, size, False), length, count, width) for _ in range(3))
        q, k = (rotary(g, t, *cos_sin, width) for t in (q, k))
        y = joined(g, attend(g, q, k, v, width, causal), length, size)
        x = g.op("Add", x, linear(g, y, size, size, False))
        y = rmsnorm(g, x, size)
        up = g.op("Mul", silu(g, linear(g, y, size, inner, False)), linear(g, y, size, inner, False))
        x = g.op("Add", x, linear(g, up, inner, size, False))
    return linear(g, rmsnorm(g, cut(g, x, 1, length - 1, length), size), size, words, False)


def sound_encoder(g: Builder, frames: int, count: int, layers: int) -> str:
    """Whisper's encoder: two 1-D convolutions with Gelu, the second of stride 2, layers whose keys have no bias."""
    size, rows = 64 * count, frames // 2
    x = g.op("Conv", g.input(1, 80, frames), g.weight(size, 80, 3), g.weight(size), pads=[1, 1])
    x = g.op("Conv", gelu(g, x), g.weight(size, size, 3), g.weight(size), pads=[1, 1], strides=[2])
    x = g.op("Add", g.op("Transpose", gelu(g, x), perm=[0, 2, 1]), g.weight(rows, size))
    for _ in range(layers):
        y = layernorm(g, x, size)
        q = g.op("Mul", linear(g, y, size, size), g.const(0.125))
        q, k, v = (
            heads(g, t, rows, count, 64)
            for t in (q, linear(g, y, size, size, False), linear(g, y, size, size))
        )
        scores = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        x = g.op("Add", x, linear(g, joined(g, g.op("MatMul", scores, v), rows, size), size, size))
        x = g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))
    return layernorm(g, x, size)


def bucketed(g: Builder, length: int, count: int, inner: int, layers: int) -> str:
    """T5's encoder: RMS norms in float32, a bias gathered by distance buckets, no scale, gated tanh Gelu (v1.1)."""
    size = 64 * count
    x = embedding(g, 4000, size, length)
    distance = np.abs(np.arange(length)[None] - np.arange(length)[:, None])
    buckets = np.minimum(31, np.where(distance < 16, distance, 8 + np.log2(distance + 1)).astype(np.int64))
    bias = g.op("Transpose", g.op("Gather", g.weight(32, count), g.const(buckets)), perm=[2, 0, 1])
    bias = g.op("Unsqueeze", bias, g.const([0]))
    for _ in range(layers):
        y = rmsnorm(g, x, size)
        q, k, v = (heads(g, linear(g, y, size, size, False), length, count, 64) for _ in range(3))
        scores = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), bias)
        y = joined(g, g.op("MatMul", g.op("Softmax", scores, axis=-1), v), length, size)
        x = g.op("Add", x, linear(g, y, size, size, False))
        y = rmsnorm(g, x, size)
        up = g.op("Mul", gelu_tanh(g, linear(g, y, size, inner, False)), linear(g, y, size, inner, False))
        x = g.op("Add", x, linear(g, up, inner, size, False))
    return rmsnorm(g, x, size)


def image_tower(g: Builder, size: int, patch: int, count: int, layers: int, out: int = 512) -> str:
    """CLIP's image tower: patches, a norm in front, x sigmoid(1.702 x), the class token projected to length one."""
    side, wide = size // patch, 64 * count
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(wide, 3, patch, patch), strides=[patch] * 2)
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, wide, side * side])), perm=[0, 2, 1])
    rows = side * side + 1
    x = g.op("Add", g.op("Concat", g.weight(1, 1, wide), x, axis=1), g.weight(1, rows, wide))
    x = layernorm(g, x, wide)
    quick = lambda g, x: g.op("Mul", x, g.op("Sigmoid", g.op("Mul", x, g.const(1.702))))
    for _ in range(layers):
        y = layernorm(g, x, wide)
        q = g.op("Mul", linear(g, y, wide, wide), g.const(0.125))
        q, k, v = (
            heads(g, t, rows, count, 64) for t in (q, linear(g, y, wide, wide), linear(g, y, wide, wide))
        )
        q, k, v = (g.op("Reshape", t, g.const([count, rows, 64])) for t in (q, k, v))
        y = g.op(
            "MatMul", g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1])), axis=-1), v
        )
        y = joined(g, g.op("Reshape", y, g.const([1, count, rows, 64])), rows, wide)
        x = g.op("Add", x, linear(g, y, wide, wide))
        x = g.op("Add", x, feed_forward(g, layernorm(g, x, wide), wide, 4 * wide, quick))
    y = linear(g, layernorm(g, g.op("Gather", x, g.const(np.array(0)), axis=1), wide), wide, out, False)
    return g.op("Div", y, g.op("ReduceL2", y, axes=[-1], keepdims=1))


def window_layer(g: Builder, x: str, side: int, window: int, count: int, shifted: bool) -> str:
    """Attention in windows of [1, side * side, 32 count], with a constant mask where they are shifted."""
    size, parts, length = 32 * count, side // window, window * window
    y = g.op("Reshape", layernorm(g, x, size), g.const([1, side, side, size]))
    if shifted:
        y = roll(g, roll(g, y, 1, window // 2, side), 2, window // 2, side)
    y = g.op("Reshape", y, g.const([1, parts, window, parts, window, size]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([parts * parts, length, size]))
    y = g.op("Reshape", linear(g, y, size, 3 * size), g.const([parts * parts, length, 3, count, 32]))
    y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
    scores = g.op("MatMul", g.op("Mul", q, g.const(32**-0.5)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = g.op("Add", scores, g.weight(1, count, length, length))
    if shifted:
        mask = np.zeros((parts * parts, 1, length, length), np.float16)
        mask[-parts:, :, : length // 2, length // 2 :] = -100
        scores = g.op("Add", scores, g.const(mask))
    y = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    y = linear(g, g.op("Reshape", y, g.const([parts * parts, length, size])), size, size)
    y = g.op("Reshape", y, g.const([1, parts, parts, window, window, size]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([1, side, side, size]))
    if shifted:
        y = roll(g, roll(g, y, 1, side - window // 2, side), 2, side - window // 2, side)
    x = g.op("Add", x, g.op("Reshape", y, g.const([1, side * side, size])))
    return g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))


def shifted_windows(g: Builder, size: int, count: int, stages: int = 3) -> str:
    """A small Swin whole: patches of 4, stages of a plain and a shifted layer, four neighbours merged between."""
    side, wide = size // 4, 32 * count
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(wide, 3, 4, 4), g.weight(wide), strides=[4, 4])
    x = layernorm(
        g, g.op("Transpose", g.op("Reshape", x, g.const([1, wide, side * side])), perm=[0, 2, 1]), wide
    )
    for stage in range(stages):
        x = window_layer(g, x, side, 7, count, False)
        x = window_layer(g, x, side, 7, count, side > 7)
        if stage < stages - 1:
            y = g.op("Reshape", x, g.const([1, side // 2, 2, side // 2, 2, wide]))
            y = g.op(
                "Reshape",
                g.op("Transpose", y, perm=[0, 1, 3, 4, 2, 5]),
                g.const([1, side * side // 4, 4 * wide]),
            )
            x = linear(g, layernorm(g, y, 4 * wide), 4 * wide, 2 * wide, False)
            side, wide, count = side // 2, 2 * wide, 2 * count
    y = g.op("ReduceMean", layernorm(g, x, wide), axes=[1], keepdims=0)
    return linear(g, y, wide, 1000)
