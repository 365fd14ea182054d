"""Mamba: a state [channels, state size] that each token decays and adds to, token after token.

One token is one step of the recurrence. Several are a Scan over tokens, whose body is the step that exporters unroll:
the same products, as often. Unlike transformers, a later part of a prompt goes on from the state of the part before.
"""

from __future__ import annotations

from dataclasses import dataclass

from npusim.language.blocks.common import activate, rms
from npusim.language.blocks.convolution import Convolution
from npusim.language.model import Parameter, State, matrix
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Mamba:
    """`rank` of the time steps; `size` of the state of a channel. `normed`: the eps of norms without weights of what
    the time steps come from and of what goes into and out of the state (Falcon-Mamba)."""

    layer: int
    hidden: int
    inner: int
    size: int
    rank: int
    kernel: int
    bias: bool
    conv_bias: bool
    activation: str = "silu"
    name: str = "mixer"
    normed: float | None = None

    def _convolution(self) -> Convolution:
        return Convolution(self.layer, self.inner, self.kernel, self.conv_bias)

    def parameters(self) -> tuple[Parameter, ...]:
        return (
            *matrix("in_proj", self.hidden, 2 * self.inner, self.bias),
            *self._convolution().parameters(),
            *matrix("x_proj", self.inner, self.rank + 2 * self.size),
            *matrix("dt_proj", self.rank, self.inner, True),
            Parameter("A_log", (self.inner, self.size)),
            Parameter("D", (self.inner,)),
            *matrix("out_proj", self.inner, self.hidden, self.bias),
        )

    def states(self) -> tuple[State, ...]:
        return (*self._convolution().states(), State("ssm", (self.inner, self.size)))

    def write(self, w: Writer, x: str) -> str:
        both = w.linear(x, "in_proj", self.hidden, 2 * self.inner, self.bias)
        y, gate = w.ops("Split", both, w.ints(self.inner, self.inner), out=("", ""), axis=-1)
        y = self._convolution().write(w, w.op("Transpose", y, perm=(0, 2, 1)))
        y = w.op("Transpose", activate(w, y, self.activation), perm=(0, 2, 1))
        three = w.linear(y, "x_proj", self.inner, self.rank + 2 * self.size)
        sizes = w.ints(self.rank, self.size, self.size)
        dt, into, out_of = w.ops("Split", three, sizes, out=("", "", ""), axis=-1)
        if self.normed is not None:
            dt, into, out_of = (rms(w, part, self.normed) for part in (dt, into, out_of))
        dt = w.op("Softplus", w.linear(dt, "dt_proj", self.rank, self.inner, True))
        scan = self._step if w.step.tokens == 1 else self._scan
        skipped = w.op("Mul", y, w.parameter("D", (self.inner,)))
        y = w.op("Add", scan(w, y, dt, into, out_of), skipped)
        y = w.op("Mul", y, activate(w, gate, "silu"))
        return w.linear(y, "out_proj", self.inner, self.hidden, self.bias)

    def _discrete(self, w: Writer, y: str, dt: str, into: str) -> tuple[str, str]:
        """What the state is multiplied by, and what is added to it, [batch, tokens, channels, state size]."""
        a = w.op("Neg", w.op("Exp", w.parameter("A_log", (self.inner, self.size))))
        last, row = w.ints(3), w.ints(2)
        decay = w.op("Exp", w.op("Mul", w.op("Unsqueeze", dt, last), a))
        scaled = w.op("Unsqueeze", w.op("Mul", dt, y), last)
        return decay, w.op("Mul", scaled, w.op("Unsqueeze", into, row))

    def _step(self, w: Writer, y: str, dt: str, into: str, out_of: str) -> str:
        batch, shape = w.step.batch, (self.inner, self.size)
        decay, added = (
            w.op("Reshape", part, w.ints(batch, *shape)) for part in self._discrete(w, y, dt, into)
        )
        past = w.state_in("ssm", self.layer, shape)
        out = w.state_out("ssm", self.layer, shape)
        if past:
            state = w.op("Add", w.op("Mul", past, decay), added, out=out)
        else:
            state = w.op("Identity", added, out=out)
        read = w.op("MatMul", state, w.op("Reshape", out_of, w.ints(batch, self.size, 1)))
        return w.op("Reshape", read, w.ints(batch, 1, self.inner))

    def _scan(self, w: Writer, y: str, dt: str, into: str, out_of: str) -> str:
        batch, shape = w.step.batch, (self.inner, self.size)
        decay, added = self._discrete(w, y, dt, into)
        first = w.state_in("ssm", self.layer, shape)
        first = first or w.zeros(batch, *shape)
        with w.within("scan"), w.body("step") as body:
            names = [w.input(f"{n}_{self.layer}", (batch, *shape)) for n in ("state", "decay", "added")]
            c = w.input(f"out_of_{self.layer}", (batch, self.size))
            state = w.op("Add", w.op("Mul", names[0], names[1]), names[2])
            read = w.op("MatMul", state, w.op("Unsqueeze", c, w.ints(2)))
            row = w.op("Squeeze", read, w.ints(2))
            w.output(state, (batch, *shape))
            w.output(row, (batch, self.inner))
        out = w.state_out("ssm", self.layer, shape)
        results = w.ops(
            "Scan", first, decay, added, out_of, out=(out, ""), body=body, num_scan_inputs=3,
            scan_input_axes=(1, 1, 1), scan_output_axes=(1,),
        )  # fmt: skip
        return w.known(results[1], (batch, w.step.tokens, self.inner))
