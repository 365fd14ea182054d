"""A language model as a table: what its layers are made of, whatever family wrote its config.json.

```
config.json ─ families/NAME.py ─► ModelConfig: layers of Residual of Block ─ build ─► onnx.ModelProto
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Parameter:
    """A weight as the graph holds it, named below its block as Hugging Face names it.

    `shape`: a matrix is [inputs, outputs] (the transpose of PyTorch's), experts stand in front of it.
    `matrix`: whether the MAC array multiplies by it, so that it may be stored in 8 or 4 bits. `chosen`: of experts, how
    many a token is sent to; 0 for what every token needs whole.
    """

    name: str
    shape: tuple[int, ...]
    matrix: bool = False
    chosen: int = 0


def matrix(name: str, inputs: int, outputs: int, bias: bool = False) -> tuple[Parameter, ...]:
    """A linear layer: its matrix, and its bias if it has one."""
    found = (Parameter(f"{name}.weight", (inputs, outputs), True),)
    return (*found, Parameter(f"{name}.bias", (outputs,))) if bias else found


@dataclass(frozen=True, slots=True)
class State:
    """What a block keeps from one token to the next: keys, values, a recurrent state, the end of a convolution.

    `shape`: without batch. `axis`: the one that grows with the rows in the cache (None: constant), counted without
    batch, its size in `shape` being 0. `window`: most rows that are kept. `float32`: always kept in float32.
    """

    name: str
    shape: tuple[int, ...]
    axis: int | None = None
    window: int | None = None

    def rows(self, tokens: int) -> int:
        """Rows kept after so many tokens."""
        return tokens if self.window is None else min(tokens, self.window - 1)

    def at(self, tokens: int) -> tuple[int, ...]:
        """The shape after so many tokens, without batch."""
        return tuple(self.rows(tokens) if a == self.axis else n for a, n in enumerate(self.shape))


class Block(Protocol):
    """A part of a layer that mixes tokens or channels: attention, feed-forward, state space, ...

    `name` is the scope its parameters have in Hugging Face's files ('self_attn').
    """

    @property
    def name(self) -> str: ...

    def parameters(self) -> tuple[Parameter, ...]:
        """All its weights."""
        ...

    def states(self) -> tuple[State, ...]:
        """What it keeps from token to token."""
        ...

    def write(self, w: Writer, x: str) -> str:
        """Writes its nodes and names the result; `x` and the result are [batch, tokens, hidden]."""
        ...


@dataclass(frozen=True, slots=True)
class Norm:
    """RMSNorm over the innermost axis, or with `layer` LayerNorm. `plus_one`: the scale is 1 + weight (Gemma).
    `scaled`: whether it has a weight (OLMo's has none); `bias`: whether it has a bias."""

    name: str
    size: int
    eps: float
    plus_one: bool = False
    layer: bool = False
    scaled: bool = True
    bias: bool = False

    def parameters(self) -> tuple[Parameter, ...]:
        found = [("weight", self.scaled), ("bias", self.bias)]
        return tuple(Parameter(f"{self.name}.{what}", (self.size,)) for what, there in found if there)


@dataclass(frozen=True, slots=True)
class Positions:
    """A learned table of positions that is added to the embeddings; a position's row is `offset` further (OPT)."""

    name: str
    rows: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Residual:
    """x + after(sum of mixers(before(x))): one branch of a layer. Several mixers read the same normed input."""

    mixers: tuple[Block, ...]
    before: Norm | None
    after: Norm | None = None
    multiplier: float = 1.0  # of the branch (Granite)

    def norms(self) -> tuple[Norm, ...]:
        return tuple(n for n in (self.before, self.after) if n is not None)


Layer = tuple[Residual, ...]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What a config.json says, in one spelling. `layers` is the model; the rest is what stands around it.

    `prefix`: the scope of all but the head ('model', 'backbone'), `layers_name` of the layers in it. `positions`: a
    table of them. `max_positions`: longest context trained for.
    """

    name: str
    family: str
    hidden: int
    vocab: int
    layers: tuple[Layer, ...]
    final_norm: Norm
    tied: bool
    prefix: str = "model"
    embedding: str = "embed_tokens"
    embedding_multiplier: float = 1.0
    logits_multiplier: float = 1.0
    logits_softcap: float | None = None
    max_positions: int | None = None
    layers_name: str = "layers"
    positions: Positions | None = None
    embedding_norm: Norm | None = None
    head_bias: bool = False

    def blocks(self) -> list[Block]:
        """All blocks, in order."""
        return [mixer for layer in self.layers for residual in layer for mixer in residual.mixers]


Keys = Mapping[str, Any]
