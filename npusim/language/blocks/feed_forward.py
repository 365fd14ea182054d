"""Feed-forward of two or three matrices, gated or not."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.language.blocks.common import activate, scaled
from npusim.language.model import Parameter, State, matrix
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class FeedForward:
    """down(activation(gate(x)) * up(x)); `names` of gate, up, down. `packed`: gate and up in one matrix of the name
    of the gate (Phi-3). Without a gate: down(activation(up(x))). `multipliers`: of the gate and of the result."""

    hidden: int
    inner: int
    activation: str = "silu"
    name: str = "mlp"
    names: tuple[str, str, str] = ("gate_proj", "up_proj", "down_proj")
    gated: bool = True
    packed: bool = False
    bias: bool = False
    multipliers: tuple[float, float] = (1.0, 1.0)

    def parameters(self) -> tuple[Parameter, ...]:
        gate, up, down = self.names
        if self.packed:
            first = matrix(gate, self.hidden, 2 * self.inner, self.bias)
        else:
            first = matrix(up, self.hidden, self.inner, self.bias)
            if self.gated:
                first = (*matrix(gate, self.hidden, self.inner, self.bias), *first)
        return (*first, *matrix(down, self.inner, self.hidden, self.bias))

    def states(self) -> tuple[State, ...]:
        return ()

    def write(self, w: Writer, x: str) -> str:
        gate_name, up_name, down_name = self.names
        if self.packed:
            both = w.linear(x, gate_name, self.hidden, 2 * self.inner, self.bias)
            gate, up = w.ops("Split", both, w.ints(self.inner, self.inner), out=("", ""), axis=-1)
        else:
            gate = w.linear(x, gate_name, self.hidden, self.inner, self.bias) if self.gated else ""
            up = w.linear(x, up_name, self.hidden, self.inner, self.bias)
        if gate:
            y = w.op("Mul", activate(w, scaled(w, gate, self.multipliers[0]), self.activation), up)
        else:
            y = activate(w, up, self.activation)
        return scaled(w, w.linear(y, down_name, self.inner, self.hidden, self.bias), self.multipliers[1])
