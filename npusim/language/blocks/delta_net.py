"""The gated delta net of Qwen3-Next: a state [keys, values] a head that decays, in which a token corrects what its
key reads. One token is one step; several go in chunks.

In a chunk the corrections of earlier tokens on later ones are the inverse of a triangular matrix I + L. Exporters write
it row by row; here it is (I - L)(I + L^2)(I + L^4)..., which is the same, as L^chunk = 0, and is products only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.language.blocks.common import activate, rms
from npusim.language.blocks.convolution import Convolution
from npusim.language.model import Parameter, State, matrix
from npusim.language.writer import Writer

L2_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class DeltaNet:
    """`value_heads` share `key_heads`; `kernel` taps of the convolution in front."""

    layer: int
    hidden: int
    key_heads: int
    value_heads: int
    key_dim: int
    value_dim: int
    kernel: int
    eps: float
    activation: str = "silu"
    chunk: int = 64
    name: str = "linear_attn"

    @property
    def keys(self) -> int:
        """Channels of all keys, and of all queries."""
        return self.key_heads * self.key_dim

    @property
    def values(self) -> int:
        return self.value_heads * self.value_dim

    def _convolution(self) -> Convolution:
        return Convolution(self.layer, 2 * self.keys + self.values, self.kernel, False)

    def parameters(self) -> tuple[Parameter, ...]:
        return (
            *matrix("in_proj_qkvz", self.hidden, 2 * self.keys + 2 * self.values),
            *matrix("in_proj_ba", self.hidden, 2 * self.value_heads),
            *self._convolution().parameters(),
            Parameter("dt_bias", (self.value_heads,)),
            Parameter("A_log", (self.value_heads,)),
            Parameter("norm.weight", (self.value_dim,)),
            *matrix("out_proj", self.values, self.hidden),
        )

    def states(self) -> tuple[State, ...]:
        state = State("delta", (self.value_heads, self.key_dim, self.value_dim))
        return (*self._convolution().states(), state)

    def write(self, w: Writer, x: str) -> str:
        batch, tokens, heads = w.step.batch, w.step.tokens, self.value_heads
        q, k, v, z = self._grouped(w, x, "in_proj_qkvz", (self.keys, self.keys, self.values, self.values))
        b, a = self._grouped(w, x, "in_proj_ba", (heads, heads))
        mixed = w.op("Transpose", w.op("Concat", q, k, v, axis=-1), perm=(0, 2, 1))
        mixed = activate(w, self._convolution().write(w, mixed), self.activation)
        mixed = w.op("Transpose", mixed, perm=(0, 2, 1))
        sizes = w.ints(self.keys, self.keys, self.values)
        q, k, v = w.ops("Split", mixed, sizes, out=("",) * 3, axis=-1)
        q = w.op("Mul", self._heads(w, q), w.scalar(self.key_dim**-0.5))
        k = self._heads(w, k)
        v = w.op("Reshape", v, w.ints(batch, tokens, heads, self.value_dim))
        v = w.op("Transpose", v, perm=(0, 2, 1, 3))
        beta = w.op("Unsqueeze", w.op("Transpose", w.op("Sigmoid", b), perm=(0, 2, 1)), w.ints(3))
        rate = w.op("Neg", w.op("Exp", w.parameter("A_log", (heads,))))
        decay = w.op("Mul", w.op("Softplus", w.op("Add", a, w.parameter("dt_bias", (heads,)))), rate)
        decay = w.op("Transpose", decay, perm=(0, 2, 1))
        past = w.state_in("delta", self.layer, self.states()[-1].shape)
        out = w.state_out("delta", self.layer, self.states()[-1].shape)
        run = self._step if tokens == 1 else self._chunked
        y = run(w, q, k, v, beta, decay, past, out)
        y = w.op("Transpose", y, perm=(0, 2, 1, 3))
        with w.within("norm"):
            y = w.op("Mul", rms(w, y, self.eps), w.parameter("weight", (self.value_dim,)))
        y = w.op("Reshape", y, w.ints(batch, tokens, self.values))
        return w.linear(w.op("Mul", y, activate(w, z, "silu")), "out_proj", self.values, self.hidden)

    def _grouped(self, w: Writer, x: str, name: str, sizes: tuple[int, ...]) -> list[str]:
        """Parts of a matrix in which the parts of a key head lie side by side, each as [batch, tokens, channels]."""
        y = w.linear(x, name, self.hidden, sum(sizes))
        shape = w.step.batch, w.step.tokens
        y = w.op("Reshape", y, w.ints(*shape, self.key_heads, sum(sizes) // self.key_heads))
        each = [size // self.key_heads for size in sizes]
        parts = w.ops("Split", y, w.ints(*each), out=("",) * len(sizes), axis=-1)
        return [w.op("Reshape", part, w.ints(*shape, size)) for part, size in zip(parts, sizes, strict=True)]

    def _heads(self, w: Writer, x: str) -> str:
        """Queries or keys of unit length, [batch, value heads, tokens, channels]; shared ones are written out."""
        batch, tokens, each = w.step.batch, w.step.tokens, self.value_heads // self.key_heads
        x = w.op("Reshape", x, w.ints(batch, tokens, self.key_heads, self.key_dim))
        length = w.op("ReduceSum", w.op("Mul", x, x), w.ints(-1), keepdims=1)
        x = w.op("Div", x, w.op("Sqrt", w.op("Add", length, w.scalar(L2_EPS))))
        if each > 1:
            spread = w.ints(batch, tokens, self.key_heads, each, self.key_dim)
            x = w.op("Expand", w.op("Unsqueeze", x, w.ints(3)), spread)
            x = w.op("Reshape", x, w.ints(batch, tokens, self.value_heads, self.key_dim))
        return w.op("Transpose", x, perm=(0, 2, 1, 3))

    def _step(self, w: Writer, q: str, k: str, v: str, beta: str, decay: str, past: str, out: str) -> str:
        """state * decay + k (v - k state) beta, read by q."""
        column = w.op("Transpose", k, perm=(0, 1, 3, 2))
        if not past:
            state = w.op("Mul", column, w.op("Mul", v, beta), out=out)
            return w.op("MatMul", q, state)
        kept = w.op("Mul", past, w.op("Exp", w.op("Unsqueeze", decay, w.ints(3))))
        wrong = w.op("Sub", v, w.op("MatMul", k, kept))
        state = w.op("Add", kept, w.op("Mul", column, w.op("Mul", wrong, beta)), out=out)
        return w.op("MatMul", q, state)

    def _chunked(self, w: Writer, q: str, k: str, v: str, beta: str, decay: str, past: str, out: str) -> str:
        batch, tokens, heads = w.step.batch, w.step.tokens, self.value_heads
        length = min(self.chunk, tokens)
        count = -(-tokens // length)
        k_beta, v_beta = w.op("Mul", k, beta), w.op("Mul", v, beta)
        q, k, k_beta, v_beta, decay = (
            self._cut(w, part, count, length, channels)
            for part, channels in (
                (q, self.key_dim), (k, self.key_dim), (k_beta, self.key_dim),
                (v_beta, self.value_dim), (decay, 0),
            )
        )  # fmt: skip
        total = w.op("CumSum", decay, w.constant(np.array(3, np.int64)))
        seen = w.constant(np.tril(np.ones((length, length), bool)))
        between = w.op("Sub", w.op("Unsqueeze", total, w.ints(4)), w.op("Unsqueeze", total, w.ints(3)))
        between = w.op("Exp", w.op("Where", seen, between, w.scalar(-np.inf)))
        turned = w.op("Transpose", k, perm=(0, 1, 2, 4, 3))
        inside = w.op("Mul", w.op("MatMul", q, turned), between)
        lower = w.constant(np.tril(np.ones((length, length)), -1).astype(w.float))
        system = w.op("Mul", w.op("Mul", w.op("MatMul", k_beta, turned), between), lower)
        solved = self._inverse(w, system, length)
        grown = w.op("Unsqueeze", w.op("Exp", total), w.ints(4))
        values = w.op("MatMul", solved, v_beta)
        read = w.op("MatMul", solved, w.op("Mul", k_beta, grown))
        q = w.op("Mul", q, grown)
        end = w.op("Slice", total, w.ints(length - 1), w.ints(length), w.ints(3))
        left = w.op("Unsqueeze", w.op("Exp", w.op("Sub", end, total)), w.ints(4))
        k = w.op("Transpose", w.op("Mul", k, left), perm=(0, 1, 2, 4, 3))
        kept = w.op("Unsqueeze", w.op("Exp", end), w.ints(4))
        y = self._over_chunks(w, [values, read, q, inside, k, kept], count, length, past, out)
        y = w.op("Reshape", y, w.ints(batch, heads, count * length, self.value_dim))
        return w.op("Slice", y, w.ints(0), w.ints(tokens), w.ints(2)) if count * length > tokens else y

    def _inverse(self, w: Writer, lower: str, length: int) -> str:
        """(I + lower)^-1 of strictly lower triangular matrices."""
        one = w.constant(np.eye(length, dtype=w.float))
        found, power, reached = w.op("Sub", one, lower), lower, 2
        while reached < length:
            power = w.op("MatMul", power, power)
            found = w.op("MatMul", found, w.op("Add", one, power))
            reached *= 2
        return found

    def _over_chunks(self, w: Writer, parts: list[str], count: int, length: int, past: str, out: str) -> str:
        """What is read in each chunk, the state going from chunk to chunk."""
        shape = (w.step.batch, *self.states()[-1].shape)
        heads = shape[:2]
        keys, values = self.key_dim, self.value_dim
        shapes = [(length, values), (length, keys), (length, keys), (length, length), (keys, length), (1, 1)]
        names = ("values", "read", "q", "inside", "k", "kept")
        first = past or w.zeros(*shape)
        with w.within("chunks"), w.body("chunk") as body:
            state = w.input(f"state_{self.layer}", shape)
            new, read, q, inside, k, kept = (
                w.input(f"{name}_{self.layer}", (*heads, *size))
                for name, size in zip(names, shapes, strict=True)
            )
            new = w.op("Sub", new, w.op("MatMul", read, state))
            row = w.op("Add", w.op("MatMul", q, state), w.op("MatMul", inside, new))
            after = w.op("Add", w.op("Mul", state, kept), w.op("MatMul", k, new))
            w.output(after, shape)
            w.output(row, (*heads, length, values))
        rows = w.ops(
            "Scan", first, *parts, out=(out, ""), body=body, num_scan_inputs=len(parts),
            scan_input_axes=(2,) * len(parts), scan_output_axes=(2,),
        )[1]  # fmt: skip
        return w.known(rows, (*heads, count, length, values))

    def _cut(self, w: Writer, x: str, count: int, length: int, channels: int) -> str:
        """[batch, heads, tokens, ...] as [batch, heads, chunks, length, ...], filled up with zeros."""
        rest = (channels,) if channels else ()
        missing = count * length - w.step.tokens
        if missing:
            pads = [0] * (2 * (3 + len(rest)))
            pads[3 + len(rest) + 2] = missing
            x = w.op("Pad", x, w.ints(*pads))
        return w.op("Reshape", x, w.ints(w.step.batch, self.value_heads, count, length, *rest))
