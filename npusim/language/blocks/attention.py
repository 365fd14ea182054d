"""Grouped attention with a static cache: keys and values come in as inputs and go out with the new rows behind them.

One token: query heads that share a key head are rows of one product, so no key or value is written out several times.
Several tokens: keys and values are repeated for their query heads, as exporters do; the compiler reads them once, and
the scores go from product to product in the shape that the mask has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.language.blocks.common import norm, scaled
from npusim.language.blocks.mask import alibi_of, bias_of
from npusim.language.blocks.rotary import Rotary, turned
from npusim.language.model import Norm, Parameter, State, matrix
from npusim.language.storage import Width
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Attention:
    """`window`: how many tokens are seen, the own one included (None: all). `packed`: queries, keys and values in
    one matrix (Phi-3) of `packed_name`; `by_group`: in it a key head's queries, its key and its value, then the next
    one's (Bloom, Falcon). `bias` of q, k and v, `out_bias` of the output. `norms`: of queries and keys, over a head,
    or `flat_norms`, over all. `clip`: the most they may be. `alibi`: a factor of what each head adds by position.
    `sinks`: each head has a score that takes a share of the softmax and leads to no value (GPT-OSS).
    `scale` of the scores (None: 1/sqrt(head_dim)). `gated`: the query matrix has a gate behind each head (Qwen3-Next).
    `multipliers`: of the input and of the result (Falcon-H1).
    """

    layer: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    rotary: Rotary | None
    name: str = "self_attn"
    bias: bool = False
    out_bias: bool = False
    out_name: str = "o_proj"
    packed: bool = False
    packed_name: str = "qkv_proj"
    by_group: bool = False
    norms: tuple[Norm, Norm] | None = None
    flat_norms: bool = False
    clip: float | None = None
    alibi: float | None = None
    sinks: bool = False
    window: int | None = None
    scale: float | None = None
    softcap: float | None = None
    gated: bool = False
    key_multiplier: float = 1.0
    multipliers: tuple[float, float] = (1.0, 1.0)

    def parameters(self) -> tuple[Parameter, ...]:
        own, shared = self.heads * self.head_dim, self.kv_heads * self.head_dim
        if self.packed:
            found = matrix(self.packed_name, self.hidden, own + 2 * shared, self.bias)
        else:
            found = (
                *matrix("q_proj", self.hidden, own * (2 if self.gated else 1), self.bias),
                *matrix("k_proj", self.hidden, shared, self.bias),
                *matrix("v_proj", self.hidden, shared, self.bias),
            )
        norms = [p for n in self.norms or () for p in n.parameters()]
        norms += [Parameter("sinks", (self.heads,))] if self.sinks else []
        return (*found, *norms, *matrix(self.out_name, own, self.hidden, self.out_bias))

    def states(self) -> tuple[State, ...]:
        shape = (self.kv_heads, 0, self.head_dim)
        return State("key", shape, 1, self.window), State("value", shape, 1, self.window)

    def write(self, w: Writer, x: str) -> str:
        step, group = w.step, self.heads // self.kv_heads
        q, k, v, gate = self._projected(w, scaled(w, x, self.multipliers[0]))
        if self.norms and not self.flat_norms:
            q, k = norm(w, q, self.norms[0]), norm(w, k, self.norms[1])
        q, k, v = (w.op("Transpose", y, perm=(0, 2, 1, 3)) for y in (q, k, v))
        k = scaled(w, k, self.key_multiplier)
        if self.rotary:
            q, k = (turned(w, y, self.rotary, self.head_dim) for y in (q, k))
        key, value = self.states()
        k, v = self._cached(w, key, k), self._cached(w, value, v)
        rows = key.rows(step.past) + step.tokens
        q = w.op("Mul", q, w.scalar(self.head_dim**-0.5 if self.scale is None else self.scale))
        if group > 1 and step.tokens > 1:
            k, v = (self._for_each_head(w, part, rows) for part in (k, v))
        elif group > 1:
            q = w.op("Reshape", q, w.ints(step.batch, self.kv_heads, group, self.head_dim))
        scores = w.op("MatMul", q, w.op("Transpose", k, perm=(0, 1, 3, 2)))
        if self.softcap:
            scores = w.op("Tanh", w.op("Mul", scores, w.scalar(1 / self.softcap)))
            scores = w.op("Mul", scores, w.scalar(self.softcap))
        if self.alibi is not None:
            scores = w.op("Add", scores, alibi_of(w, self.heads, self.alibi))
        scores = w.op("Add", scores, bias_of(w, self.window))
        if self.sinks:
            weights = self._beside_sinks(w, scores, rows, group if step.tokens == 1 else 1)
        else:
            weights = w.op("Softmax", scores, axis=-1)
        y = w.op("MatMul", weights, v)
        if group > 1 and step.tokens == 1:
            y = w.op("Reshape", y, w.ints(step.batch, self.heads, 1, self.head_dim))
        y = w.op("Transpose", y, perm=(0, 2, 1, 3))
        y = w.op("Reshape", y, w.ints(step.batch, step.tokens, self.heads * self.head_dim))
        if gate:
            y = w.op("Mul", y, w.op("Sigmoid", gate))
        y = w.linear(y, self.out_name, self.heads * self.head_dim, self.hidden, self.out_bias)
        return scaled(w, y, self.multipliers[1])

    def _projected(self, w: Writer, x: str) -> tuple[str, str, str, str]:
        """Queries, keys and values as [batch, tokens, heads, head_dim], and the gate as channels, or ''."""
        own, shared = self.heads * self.head_dim, self.kv_heads * self.head_dim
        gate = ""
        batch, tokens = w.step.batch, w.step.tokens
        if self.packed:
            all_three = w.linear(x, self.packed_name, self.hidden, own + 2 * shared, self.bias)
            sizes = (own, shared, shared)
            if self.by_group:
                group = self.heads // self.kv_heads
                apart = w.ints(batch, tokens, self.kv_heads, group + 2, self.head_dim)
                all_three, sizes = w.op("Reshape", all_three, apart), (group, 1, 1)
            axis = 3 if self.by_group else -1
            parts = w.ops("Split", all_three, w.ints(*sizes), out=("", "", ""), axis=axis)
        else:
            parts = [
                w.linear(x, "q_proj", self.hidden, own * (2 if self.gated else 1), self.bias),
                w.linear(x, "k_proj", self.hidden, shared, self.bias),
                w.linear(x, "v_proj", self.hidden, shared, self.bias),
            ]
        if self.clip is not None:
            parts = [w.op("Clip", part, w.scalar(-self.clip), w.scalar(self.clip)) for part in parts]
        if self.norms and self.flat_norms:
            parts[:2] = [norm(w, part, n) for part, n in zip(parts, self.norms, strict=False)]
        if self.gated:  # a head's queries, then its gate
            both = w.op("Reshape", parts[0], w.ints(batch, tokens, self.heads, 2 * self.head_dim))
            parts[0], gate = w.ops("Split", both, w.ints(self.head_dim, self.head_dim), out=("", ""), axis=-1)
            gate = w.op("Reshape", gate, w.ints(batch, tokens, own))
        q, k, v = (
            w.op("Reshape", part, w.ints(batch, tokens, heads, self.head_dim))
            for part, heads in zip(parts, (self.heads, self.kv_heads, self.kv_heads), strict=True)
        )
        return q, k, v, gate

    def _beside_sinks(self, w: Writer, scores: str, rows: int, group: int) -> str:
        """The softmax of scores [batch, heads / group, group or tokens, rows] with each head's sink behind the rows."""
        step = w.step
        lead = (self.heads // group, group if group > 1 else 1)
        sinks = w.op("Reshape", w.parameter("sinks", (self.heads,)), w.ints(1, *lead, 1))
        spread = w.ints(step.batch, lead[0], lead[1] if group > 1 else step.tokens, 1)
        both = w.op("Concat", scores, w.op("Expand", sinks, spread), axis=-1)
        return w.op("Slice", w.op("Softmax", both, axis=-1), w.ints(0), w.ints(rows), w.ints(-1))

    def _for_each_head(self, w: Writer, x: str, rows: int) -> str:
        """Keys or values [batch, key heads, rows, channels], written once for each query head, as exporters do."""
        group = self.heads // self.kv_heads
        spread = w.ints(w.step.batch, self.kv_heads, group, rows, self.head_dim)
        x = w.op("Expand", w.op("Unsqueeze", x, w.ints(2)), spread)
        return w.op("Reshape", x, w.ints(w.step.batch, self.heads, rows, self.head_dim))

    def _cached(self, w: Writer, state: State, new: str) -> str:
        """The rows of the cache with the new ones behind them; the cache goes in and comes out."""
        step, eight = w.step, w.storage.cache is Width.INT8
        kind = "int8" if eight else None
        name = f"present.{self.layer}.{state.name}"
        rows = state.rows(step.past) + step.tokens
        left = step.tokens if step.new_rows else state.rows(step.rows)  # rows that come out
        whole = step.with_cache and left == rows
        scale = w.parameter(f"{state.name}_cache_scale", (self.kv_heads,)) if eight else ""
        if eight:
            new = w.op("QuantizeLinear", new, scale, w.constant(np.zeros(self.kv_heads, np.int8)), axis=1)
        stored = new
        if step.past:
            past = (step.batch, *state.at(step.past))
            old = w.input(f"past_key_values.{self.layer}.{state.name}", past, kind)
            stored = w.op("Concat", old, new, axis=2, out=name if whole else "")
        elif whole:
            stored = w.op("Identity", new, out=name)
        if step.with_cache:
            if not whole and step.new_rows:
                w.op("Identity", new, out=name)
            elif not whole:  # the window is full, and forgets
                w.op("Slice", stored, w.ints(rows - left), w.ints(rows), w.ints(2), out=name)
            w.output(name, (step.batch, self.kv_heads, left, self.head_dim), kind)
        if not eight:
            return stored if step.past else new  # not the Identity: a name for what comes out
        return w.op("DequantizeLinear", stored, scale, axis=1)
