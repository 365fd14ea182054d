"""The short convolution of LFM2: gated before and behind."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.language.blocks.convolution import Convolution
from npusim.language.model import Parameter, State, matrix
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class ShortConvolution:
    """out_proj(C * convolution(B * x)) with B, C, x of one matrix."""

    layer: int
    hidden: int
    kernel: int
    bias: bool
    name: str = "conv"

    def _convolution(self) -> Convolution:
        return Convolution(self.layer, self.hidden, self.kernel, self.bias, "conv")

    def parameters(self) -> tuple[Parameter, ...]:
        return (
            *matrix("in_proj", self.hidden, 3 * self.hidden, self.bias),
            *self._convolution().parameters(),
            *matrix("out_proj", self.hidden, self.hidden, self.bias),
        )

    def states(self) -> tuple[State, ...]:
        return self._convolution().states()

    def write(self, w: Writer, x: str) -> str:
        h = self.hidden
        three = w.linear(x, "in_proj", h, 3 * h, self.bias)
        before, behind, y = w.ops("Split", three, w.ints(h, h, h), out=("", "", ""), axis=-1)
        y = w.op("Transpose", w.op("Mul", before, y), perm=(0, 2, 1))
        y = w.op("Transpose", self._convolution().write(w, y), perm=(0, 2, 1))
        return w.linear(w.op("Mul", behind, y), "out_proj", h, h, self.bias)
