"""Mamba-2: heads of channels that share a scalar decay. One token is one step of the recurrence; several go in chunks,
with products inside a chunk and a recurrence between chunks (`chunked.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.language.blocks.chunked import Heads, chunked
from npusim.language.blocks.common import activate, rms, scaled
from npusim.language.blocks.convolution import Convolution
from npusim.language.model import Parameter, State, matrix
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Mamba2:
    """`heads` of `head_dim` channels; `groups` of heads share what goes into and out of the state of `size` a channel.
    `normed`: a gated norm over each group behind the scan; without, the gate alone. `norm_first`: norm, then gate.
    `multipliers` (Falcon-H1): of the input, of gate, x, B, C and time step, and of the output."""

    layer: int
    hidden: int
    heads: int
    head_dim: int
    groups: int
    size: int
    kernel: int
    chunk: int
    eps: float
    bias: bool = False
    conv_bias: bool = True
    out_bias: bool = False
    normed: bool = True
    norm_first: bool = False
    limits: tuple[float, float] = (0.0, float("inf"))
    activation: str = "silu"
    name: str = "mixer"
    multipliers: tuple[float, ...] = (1.0,) * 7

    @property
    def inner(self) -> int:
        return self.heads * self.head_dim

    @property
    def shared(self) -> int:
        """Channels of B, and of C."""
        return self.groups * self.size

    def _convolution(self) -> Convolution:
        return Convolution(self.layer, self.inner + 2 * self.shared, self.kernel, self.conv_bias)

    def parameters(self) -> tuple[Parameter, ...]:
        return (
            *matrix("in_proj", self.hidden, 2 * self.inner + 2 * self.shared + self.heads, self.bias),
            *self._convolution().parameters(),
            *(Parameter(name, (self.heads,)) for name in ("dt_bias", "A_log", "D")),
            *((Parameter("norm.weight", (self.inner,)),) if self.normed else ()),
            *matrix("out_proj", self.inner, self.hidden, self.out_bias),
        )

    def states(self) -> tuple[State, ...]:
        return (*self._convolution().states(), State("ssm", (self.heads, self.head_dim, self.size)))

    def write(self, w: Writer, x: str) -> str:
        inner, mixed = self.inner, self.inner + 2 * self.shared
        x = scaled(w, x, self.multipliers[0])
        y = w.linear(x, "in_proj", self.hidden, inner + mixed + self.heads, self.bias)
        parts = (inner, inner, self.shared, self.shared, self.heads)
        if any(m != 1.0 for m in self.multipliers[1:-1]):
            y = w.op("Mul", y, w.constant(np.repeat(self.multipliers[1:-1], parts).astype(w.float)))
        gate, y, dt = w.ops("Split", y, w.ints(inner, mixed, self.heads), out=("",) * 3, axis=-1)
        y = self._convolution().write(w, w.op("Transpose", y, perm=(0, 2, 1)))
        y = w.op("Transpose", activate(w, y, self.activation), perm=(0, 2, 1))
        sizes = w.ints(inner, self.shared, self.shared)
        y, into, out_of = w.ops("Split", y, sizes, out=("",) * 3, axis=-1)
        dt = w.op("Softplus", w.op("Add", dt, w.parameter("dt_bias", (self.heads,))))
        if self.limits != (0.0, float("inf")):  # those of every published config, which softplus keeps
            dt = w.op("Clip", dt, *(w.scalar(min(limit, 65504.0)) for limit in self.limits))
        a = w.op("Neg", w.op("Exp", w.parameter("A_log", (self.heads,))))
        if w.step.tokens == 1:
            y = self._step(w, y, dt, a, into, out_of)
        else:
            y = self._chunked(w, y, dt, a, into, out_of)
        y = w.linear(self._gated(w, y, gate), "out_proj", inner, self.hidden, self.out_bias)
        return scaled(w, y, self.multipliers[-1])

    def _gated(self, w: Writer, y: str, gate: str) -> str:
        gate = activate(w, gate, "silu")
        if not self.normed:
            return w.op("Mul", y, gate)
        if not self.norm_first:
            y = w.op("Mul", y, gate)
        shape = (w.step.batch, w.step.tokens)
        if self.groups > 1:
            y = w.op("Reshape", y, w.ints(*shape, self.groups, self.inner // self.groups))
        with w.within("norm"):
            y = rms(w, y, self.eps)
            if self.groups > 1:
                y = w.op("Reshape", y, w.ints(*shape, self.inner))
            y = w.op("Mul", y, w.parameter("weight", (self.inner,)))
        return w.op("Mul", y, gate) if self.norm_first else y

    def _step(self, w: Writer, y: str, dt: str, a: str, into: str, out_of: str) -> str:
        """One token: the decay is one number a head, and is not spread over the state before its exponential."""
        batch, shape = w.step.batch, self.states()[-1].shape
        each = self.heads // self.groups
        past = w.state_in("ssm", self.layer, shape)
        out = w.state_out("ssm", self.layer, shape)
        x = w.op("Reshape", y, w.ints(batch, self.heads, self.head_dim, 1))
        d = w.op("Reshape", w.parameter("D", (self.heads,)), w.ints(self.heads, 1, 1))
        moved = w.op("Mul", x, w.op("Reshape", dt, w.ints(batch, self.heads, 1, 1)))
        rows = w.ints(batch, self.groups, each * self.head_dim, 1)
        added = w.op("Mul", w.op("Reshape", moved, rows),
                     w.op("Reshape", into, w.ints(batch, self.groups, 1, self.size)))  # fmt: skip
        added = w.op("Reshape", added, w.ints(batch, *shape))
        if past:
            decay = w.op("Exp", w.op("Mul", dt, a))
            decay = w.op("Reshape", decay, w.ints(batch, self.heads, 1, 1))
            state = w.op("Add", w.op("Mul", past, decay), added, out=out)
        else:
            state = w.op("Identity", added, out=out)
        state = w.op("Reshape", state, w.ints(batch, self.groups, each * self.head_dim, self.size))
        read = w.op("MatMul", state, w.op("Reshape", out_of, w.ints(batch, self.groups, self.size, 1)))
        read = w.op("Reshape", read, w.ints(batch, self.heads, self.head_dim, 1))
        return w.op("Reshape", w.op("Add", read, w.op("Mul", x, d)), w.ints(batch, 1, self.inner))

    def _chunked(self, w: Writer, y: str, dt: str, a: str, into: str, out_of: str) -> str:
        batch, tokens, shape = w.step.batch, w.step.tokens, self.states()[-1].shape
        x = w.op("Reshape", y, w.ints(batch, tokens, self.heads, self.head_dim))
        b, c = (
            self._for_each_head(w, w.op("Reshape", part, w.ints(batch, tokens, self.groups, self.size)))
            for part in (into, out_of)
        )
        d = w.op("Reshape", w.parameter("D", (self.heads,)), w.ints(self.heads, 1))
        past = w.state_in("ssm", self.layer, shape)
        out = w.state_out("ssm", self.layer, shape)
        how = Heads(self.heads, self.head_dim, self.size, min(self.chunk, tokens))
        with w.within("ssd"):
            read = chunked(w, how, x, dt, a, b, c, past, out)
        y = w.op("Add", read, w.op("Mul", x, d))
        return w.op("Reshape", y, w.ints(batch, tokens, self.inner))

    def _for_each_head(self, w: Writer, part: str) -> str:
        """What a group shares, written out for each of its heads, as transformers does."""
        batch, tokens, each = w.step.batch, w.step.tokens, self.heads // self.groups
        if each == 1:
            return part
        spread = w.ints(batch, tokens, self.groups, each, self.size)
        part = w.op("Expand", w.op("Unsqueeze", part, w.ints(3)), spread)
        return w.op("Reshape", part, w.ints(batch, tokens, self.heads, self.size))
