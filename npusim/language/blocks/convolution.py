"""A causal convolution of each channel with itself, whose last inputs are kept from pass to pass."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.language.model import Parameter, State
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Convolution:
    """`kernel` taps over `channels`; as many inputs are kept as there are taps, as transformers keeps them."""

    layer: int
    channels: int
    kernel: int
    bias: bool
    name: str = "conv1d"

    def parameters(self) -> tuple[Parameter, ...]:
        weight = Parameter(f"{self.name}.weight", (self.channels, 1, self.kernel))
        bias = Parameter(f"{self.name}.bias", (self.channels,))
        return (weight, bias) if self.bias else (weight,)

    def states(self) -> tuple[State, ...]:
        return (State("conv", (self.channels, self.kernel)),)

    def write(self, w: Writer, x: str) -> str:
        """x and the result are [batch, channels, tokens]."""
        tokens, kernel = w.step.tokens, self.kernel
        shape = self.states()[0].shape
        past = w.state_in("conv", self.layer, shape)
        out = w.state_out("conv", self.layer, shape)
        if past:
            x = w.op("Concat", past, x, axis=2)
            if tokens == 1:  # what is kept is what is convolved
                x = w.op("Slice", x, w.ints(1), w.ints(1 + kernel), w.ints(2), out=out)
            else:
                if out:
                    w.op("Slice", x, w.ints(tokens), w.ints(tokens + kernel), w.ints(2), out=out)
                x = w.op("Slice", x, w.ints(1), w.ints(tokens + kernel), w.ints(2))
        elif out and tokens >= kernel:
            w.op("Slice", x, w.ints(tokens - kernel), w.ints(tokens), w.ints(2), out=out)
        elif out:
            zeros = w.zeros(w.step.batch, self.channels, kernel - tokens)
            w.op("Concat", zeros, x, axis=2, out=out)
        with w.within(self.name):
            weights = [w.parameter(p.name.removeprefix(f"{self.name}."), p.shape) for p in self.parameters()]
            return w.op("Conv", x, *weights, group=self.channels, kernel_shape=(kernel,), strides=(1,),
                        dilations=(1,), pads=(0 if past else kernel - 1, 0))  # fmt: skip
