"""Attention as one op -> its products, mask and softmax.

    Mul (scale) -> MatMul -> Add (mask) -> Softmax -> MatMul

Heads of keys and values that several queries share are read once (`npusim.shared`). Keys and values of this pass go
behind those of the past, which is how the caches leave the graph too."""

from __future__ import annotations

from typing import Any, NamedTuple

from npusim.compiler.fuse.shared_heads import SHARED
from npusim.compiler.fuse.writer import Writer
from npusim.graph import DType, Node, Value

HEADS_FIRST = (0, 2, 1, 3)


class Call(NamedTuple):
    """`q` [B, H, L, D], `k` and `v` [B, KV, L', D]: what meets. `output` is [B, L, H D] where `flat`, else like q.
    `guarded`: a row that is masked whole gives zeros (`IsNaN`, `Where`)."""

    q: str
    k: str
    v: str
    mask: str
    scale: float
    softcap: float
    output: str
    flat: bool
    guarded: bool


def attention(w: Writer, node: Node) -> bool:
    """The standard op: Q, K, V, mask, past keys, past values; [B, H, L, D] or [B, L, H D]."""
    inputs = (*node.inputs, *[""] * 7)[:7]
    q, k, v, mask, past_k, past_v, lengths = inputs
    if lengths or any(node.outputs[3:]) or bool(past_k) != bool(past_v):
        return False
    flat = len(w.shape(q)) == 3
    if flat:
        heads, kv = int(node.attribute("q_num_heads", 0)), int(node.attribute("kv_num_heads", 0))
        if not heads or not kv:
            return False
        q, k, v = (_by_heads(w, what, t, n) for what, t, n in (("q", q, heads), ("k", k, kv), ("v", v, kv)))
    present = (*node.outputs[1:], "", "")[:2]
    if past_k:
        k, v = _behind(w, "key", past_k, k, present[0]), _behind(w, "value", past_v, v, present[1])
    elif any(present):
        return False
    (_, heads, length, size), (_, kv, keys, _) = w.shape(q), w.shape(k)
    if heads % kv or w.shape(v)[1] != kv:
        return False
    if mask and w.values[mask].dtype is DType.BOOL:
        mask = _as_numbers(w, mask, w.values[q].dtype)
    if node.attribute("is_causal", 0) and length > 1:
        causal = w.constant((1, 1, length, keys), w.values[q].dtype, "causal")
        mask = w.op("causal", "Add", (mask, causal), w.shape(mask), w.values[q].dtype) if mask else causal
    scale = float(node.attribute("scale", 0) or size**-0.5)
    softcap = float(node.attribute("softcap", 0.0))
    _write(w, Call(q, k, v, mask, scale, softcap, node.outputs[0], flat, bool(mask)))
    return True


def group_query(w: Writer, node: Node) -> bool:
    """ONNX Runtime's: query (or q, k, v in one), key, value, past key, past value, lengths - 1, total length, cosines,
    sines, positions, bias. Where a position is known at run time only, rows of the tables and the mask follow it."""
    inputs = (*node.inputs, *[""] * 12)[:12]
    q, k, v, past_k, past_v, lengths, _, cos, sin, positions, bias = inputs[:11]
    heads, kv = int(node.attribute("num_heads")), int(node.attribute("kv_num_heads"))
    batch, length, width = w.shape(q)
    if any(node.outputs[3:]) or bool(past_k) != bool(past_v) or inputs[11] or heads % kv:
        return False
    size = width // (heads if k else heads + 2 * kv)
    dtype = w.values[q].dtype
    if not k:
        names = [f"{node.name}/{part}" for part in ("query", "key", "value")]
        for name, count in zip(names, (heads, kv, kv), strict=True):
            w.values[name] = Value(name, (batch, length, count * size), dtype)
        w.nodes.append(
            Node(
                f"{node.name}/split",
                "Split",
                (q,),
                tuple(names),
                {"axis": -1},
                repeats=node.repeats,
                metadata=w.metadata,
            )
        )
        q, k, v = names
    q, k, v = (_by_heads(w, what, t, n) for what, t, n in (("q", q, heads), ("k", k, kv), ("v", v, kv)))
    if node.attribute("do_rotary", 0) and cos and 2 * w.shape(cos)[-1] == size:
        tables = [w.rows(t, positions or lengths, length) for t in (cos, sin)]
        both = [w.halves(t, (1, 1, length, size // 2)) for t in tables]
        q, k = (w.rotary(t, both[0], both[1], what=f"{what}/rotary") for what, t in (("q", q), ("k", k)))
    present = (*node.outputs[1:], "", "")[:2]
    if past_k:
        total = w.shape(present[0])[2] if present[0] else w.shape(past_k)[2] + length
        k, v = (
            _behind(w, what, past, new, out, total)
            for what, past, new, out in (("key", past_k, k, present[0]), ("value", past_v, v, present[1]))
        )
    elif any(present):
        k, v = (
            w.op(f"{what}/present", "Identity", (t,), w.shape(t), dtype, name=out)
            for what, t, out in (("key", k, present[0]), ("value", v, present[1]))
        )
    mask = bias or _seen(w, lengths, length, w.shape(k)[2], dtype)
    scale = float(node.attribute("scale", 0) or size**-0.5)
    softcap = float(node.attribute("softcap", 0.0) or 0.0)
    _write(w, Call(q, k, v, mask, scale, softcap, node.outputs[0], True, False))
    return True


def _by_heads(w: Writer, what: str, name: str, heads: int) -> str:
    """[B, L, H D] as [B, H, L, D]."""
    batch, length, width = w.shape(name)
    apart = w.view(f"{what}/heads", name, (batch, length, heads, width // heads))
    return w.turned(f"{what}/by head", apart, HEADS_FIRST)


def _behind(w: Writer, what: str, past: str, new: str, out: str, total: int = 0) -> str:
    """New rows behind those of the past; a buffer that has their places already gives up its last rows."""
    batch, heads, old, size = w.shape(past)
    length, dtype = w.shape(new)[2], w.values[past].dtype
    total = total or old + length
    if old + length > total:
        past = w.op(f"{what}/kept", "Slice", (past,), (batch, heads, total - length, size), dtype)
    return w.op(
        f"{what}/present", "Concat", (past, new), (batch, heads, total, size), dtype, name=out, axis=2
    )


def _as_numbers(w: Writer, mask: str, dtype: DType) -> str:
    """0 where a mask is true, -inf elsewhere, once for all layers."""
    key = ("mask", mask, dtype)
    if key not in w.common and w.values[mask].constant:
        w.common[key] = f"{mask}/numbers"
        w.values[w.common[key]] = Value(w.common[key], w.shape(mask), dtype, True)
    elif key not in w.common:
        ends = (w.number(0.0, dtype), w.number(float("-inf"), dtype))
        w.common[key] = w.op("mask", "Where", (mask, *ends), w.shape(mask), dtype)
    return w.common[key]


def _seen(w: Writer, lengths: str, length: int, keys: int, dtype: DType) -> str:
    """The mask of positions up to a length known at run time, once for all layers."""
    key = ("seen", lengths, length, keys)
    if key not in w.common:
        shape = (1, 1, length, keys)
        places = w.constant(shape, DType.INT32, "places")
        found = w.op("seen", "LessOrEqual", (places, lengths), shape, DType.BOOL)
        w.common[key] = _as_numbers(w, found, dtype)
    return w.common[key]


def _write(w: Writer, c: Call) -> None:
    dtype = w.values[c.q].dtype
    (batch, heads, length, _), (_, kv, keys, _) = w.shape(c.q), w.shape(c.k)
    shared: dict[str, Any] = {SHARED: heads // kv} if heads > kv else {}
    q = w.op("scale", "Mul", (c.q, w.number(c.scale, dtype)), w.shape(c.q), dtype)
    shape = (batch, heads, length, keys)
    scores = w.op("scores", "MatMul", (q, w.turned("k/turned", c.k, (0, 1, 3, 2))), shape, dtype, **shared)
    if c.softcap:
        scores = w.op("cap", "Mul", (scores, w.number(1 / c.softcap, dtype)), shape, dtype)
        scores = w.op("tanh", "Tanh", (scores,), shape, dtype)
        scores = w.op("uncap", "Mul", (scores, w.number(c.softcap, dtype)), shape, dtype)
    if c.mask:
        scores = w.op("masked", "Add", (scores, c.mask), shape, dtype)
    soft = w.op("softmax", "Softmax", (scores,), shape, dtype, axis=-1)
    out = (batch, heads, length, w.shape(c.v)[-1])
    if not (c.flat or c.guarded):
        w.last("MatMul", (soft, c.v), c.output, **shared)
        return
    y = w.op("values", "MatMul", (soft, c.v), out, dtype, **shared)
    if c.guarded:
        empty = w.op("empty", "IsNaN", (y,), out, DType.BOOL)
        inputs = (empty, w.number(0.0, dtype), y)
        if not c.flat:
            w.last("Where", inputs, c.output)
            return
        y = w.op("filled", "Where", inputs, out, dtype)
    w.last("Reshape", (w.turned("by row", y, HEADS_FIRST),), c.output)
