"""Fused attention ops, taken apart the way the compiler runs them: q.k, mask, softmax, a.v.

Heads are groups of one product each. With fewer key-value heads than query heads (grouped queries) the
queries that share keys are more pixels of the same product. Causal masks skip nothing: the MAC array
computes the square.
"""

from __future__ import annotations

from typing import NamedTuple

from npusim.graph import Value
from npusim.ops.counting import product, repeated, vector
from npusim.ops.registry import OpCase, op
from npusim.work import Lowering, VectorWork, Work

MICROSOFT = "com.microsoft"
KERNELS_USED = ("add", "softmax")


class Heads(NamedTuple):
    """`heads` query heads over `kv_heads` key heads; `queries` new positions see `keys` positions."""

    batch: int
    heads: int
    kv_heads: int
    queries: int
    keys: int
    size: int
    value_size: int


def attention_steps(c: OpCase, h: Heads, q: Value, k: Value, masked: bool) -> tuple[Work, ...]:
    groups, rows = h.batch * h.kv_heads, h.queries * h.heads // h.kv_heads
    scores = h.batch * h.heads * h.queries * h.keys
    lines = h.batch * h.heads * h.queries
    mask = (VectorWork("add", scores, 1, scores),) if masked else ()
    return (
        product(rows, h.size, h.keys, groups, q, k, c.output),
        *mask,
        VectorWork("softmax", scores, lines, lines),
        product(rows, h.keys, h.value_size, groups, q, k, c.output),
    )


def _last(shape: tuple[int, ...], heads: int) -> tuple[int, int, int, int]:
    """(batch, heads, length, size) of [B,H,S,D] or [B,S,H*D]."""
    if len(shape) == 4:
        return shape[0], shape[1], shape[2], shape[3]
    return shape[0], heads, shape[1], shape[2] // max(heads, 1)


def _past(c: OpCase, index: int) -> int:
    return c.input(index).shape[-2] if c.has(index) else 0


@op("Attention", lowerings=("decomposed",), kernels=KERNELS_USED)
def attention(c: OpCase) -> Lowering:
    """ONNX opset 23: inputs Q, K, V, mask, past key, past value."""
    q, k, v = c.input(0), c.input(1), c.input(2)
    q_heads = int(c.attr("q_num_heads", 0)) or 1
    batch, heads, queries, size = _last(q.shape, q_heads)
    _, kv_heads, keys, _ = _last(k.shape, int(c.attr("kv_num_heads", 0)) or q_heads)
    value_size = _last(v.shape, kv_heads)[3]
    h = Heads(batch, heads, kv_heads, queries, keys + _past(c, 4), size, value_size)
    return Lowering("decomposed", attention_steps(c, h, q, k, c.has(3) or bool(c.attr("is_causal", 0))))


@op("MultiHeadAttention", domain=MICROSOFT, lowerings=("decomposed",), kernels=KERNELS_USED)
def multi_head(c: OpCase) -> Lowering:
    """Inputs query, key, value, bias, padding mask, attention bias, past key, past value. Without key and
    value the query holds all three, packed [B,S,heads,3,size]."""
    q = c.input(0)
    heads = int(c.attr("num_heads", 1))
    if not c.has(1):
        batch, length, size = q.shape[0], q.shape[1], q.shape[-1]
        h = Heads(batch, heads, heads, length, length, size, size)
        return Lowering("decomposed", attention_steps(c, h, q, q, c.has(5)))
    batch, _, queries, size = _last(q.shape, heads)
    _, _, keys, _ = _last(c.input(1).shape, heads)
    value_size = _last(c.input(2).shape, heads)[3] if c.has(2) else size
    h = Heads(batch, heads, heads, queries, keys + _past(c, 6), size, value_size)
    return Lowering("decomposed", attention_steps(c, h, q, c.input(1), c.has(4) or c.has(5)))


@op("GroupQueryAttention", domain=MICROSOFT, lowerings=("decomposed",), kernels=KERNELS_USED)
def group_query(c: OpCase) -> Lowering:
    """Inputs query, key, value, past key, past value, lengths. Without key and value the query is packed.
    A past of fixed size is a buffer that holds the new positions too, so keys are the present key's."""
    q = c.input(0)
    heads, kv_heads = int(c.attr("num_heads", 1)), int(c.attr("kv_num_heads", 1))
    batch, queries = q.shape[0], q.shape[1]
    size = q.shape[2] // (heads if c.has(1) else heads + 2 * kv_heads)
    present = c.outputs[1] if len(c.outputs) > 1 else None
    keys = present.shape[2] if present is not None else max(_past(c, 3), queries)
    h = Heads(batch, heads, kv_heads, queries, keys, size, size)
    return Lowering("decomposed", attention_steps(c, h, q, q, True))


def _rotary(c: OpCase) -> Lowering:
    """x * cos + turned x * sin: one kernel, which reads x once."""
    return Lowering("dsp", (vector(c, "rope"),))


op("RotaryEmbedding", kernels=("rope",))(_rotary)
op("RotaryEmbedding", domain=MICROSOFT, kernels=("rope",))(_rotary)


@op("LinearAttention", lowerings=("decomposed",), kernels=("exp", "mul", "add"))
def linear_attention(c: OpCase) -> Lowering:
    """A recurrence over positions: per step the state [d_k,d_v] decays, takes k (x) v and answers q.S.
    Delta rules read the state once more (k.S)."""
    q, k, v = c.input(0), c.input(1), c.input(2)
    heads, kv_heads = int(c.attr("q_num_heads")), int(c.attr("kv_num_heads"))
    batch, length, _ = q.shape
    size, value_size = k.shape[2] // kv_heads, v.shape[2] // kv_heads
    groups, state = batch * kv_heads, batch * kv_heads * size * value_size
    rule = str(c.attr("update_rule", "gated_delta"))
    update: list[Work] = []
    if "gated" in rule:
        update.append(VectorWork("exp", state, 1, state))
        update.append(VectorWork("mul", state, 1, state))
    if "delta" in rule:
        update.append(product(1, size, value_size, groups, k, v, c.output))
    update.append(VectorWork("mul", state, 1, state))
    update.append(VectorWork("add", state, 1, state))
    update.append(product(heads // kv_heads, size, value_size, groups, q, v, c.output))
    return Lowering("decomposed", repeated(tuple(update), length))
