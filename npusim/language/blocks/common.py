"""What several blocks need: norms, activations, branches."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.errors import BadModel
from npusim.language.model import Block, Norm, Parameter, Residual, State
from npusim.language.writer import Writer

ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "relu2": "relu2",
}


def activation_named(name: str) -> str:
    """The activation of a config's `hidden_act`. Raises BadModel."""
    if name not in ACTIVATIONS:
        raise BadModel(f"activation '{name}' is not known; known are {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[name]


def activate(w: Writer, x: str, kind: str) -> str:
    """An activation as exporters write it."""
    if kind == "silu":
        return w.op("Mul", x, w.op("Sigmoid", x))
    if kind.startswith("gelu"):
        return w.op("Gelu", x, approximate="tanh" if kind == "gelu_tanh" else "none")
    y = w.op("Relu", x)
    return w.op("Mul", y, y) if kind == "relu2" else y


def rms(w: Writer, x: str, eps: float) -> str:
    """x / sqrt(mean(x^2) + eps) over the innermost axis."""
    mean = w.op("ReduceMean", w.op("Mul", x, x), w.ints(-1), keepdims=1)
    return w.op("Div", x, w.op("Sqrt", w.op("Add", mean, w.scalar(eps))))


def norm(w: Writer, x: str, n: Norm) -> str:
    with w.within(n.name):
        if n.layer:
            scale = w.parameter("weight", (n.size,)) if n.scaled else w.ones(n.size)
            bias = [w.parameter("bias", (n.size,))] if n.bias else []
            return w.op("LayerNormalization", x, scale, *bias, axis=-1, epsilon=n.eps)
        scale = w.parameter("weight", (n.size,))
        if n.plus_one:
            scale = w.op("Add", scale, w.scalar(1.0))
        return w.op("Mul", rms(w, x, n.eps), scale)


def scaled(w: Writer, x: str, factor: float) -> str:
    """x times a number; no node for 1."""
    return x if factor == 1.0 else w.op("Mul", x, w.scalar(factor))


def residual(w: Writer, x: str, branch: Residual) -> str:
    """x + after(sum of mixers(before(x)))."""
    y = x if branch.before is None else norm(w, x, branch.before)
    parts = []
    for mixer in branch.mixers:
        with w.within(*filter(None, [mixer.name])):
            parts.append(mixer.write(w, y))
    total = parts[0]
    for part in parts[1:]:
        total = w.op("Add", total, part)
    if branch.after is not None:
        total = norm(w, total, branch.after)
    return w.op("Add", x, scaled(w, total, branch.multiplier))


@dataclass(frozen=True, slots=True)
class Normed:
    """A block behind a norm of its own, where several read the same input (parallel branches: GPT-NeoX, Falcon)."""

    block: Block
    before: Norm

    @property
    def name(self) -> str:
        """None: both stand in the layer's scope."""
        return ""

    def parameters(self) -> tuple[Parameter, ...]:
        return (*self.before.parameters(), *self.block.parameters())

    def states(self) -> tuple[State, ...]:
        return self.block.states()

    def write(self, w: Writer, x: str) -> str:
        y = norm(w, x, self.before)
        with w.within(*filter(None, [self.block.name])):
            return self.block.write(w, y)
