"""A feed-forward of many experts, of which each token is sent to a few.

Few tokens fetch the matrices of their experts: no other is read. Where there are more choices than experts, every
expert takes an equal share of the choices, as in a batch that is balanced: the work is that of the model, the results
are not (a token beyond an expert's share is left out); which tokens go where only the data decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from npusim.language.blocks.common import activate
from npusim.language.blocks.feed_forward import FeedForward
from npusim.language.model import Parameter, State
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Experts:
    """`chosen` of `count` experts of `inner` channels a token; `shared` runs for every token behind a gate of its own.
    `normed`: the weights of those chosen sum to 1."""

    hidden: int
    inner: int
    count: int
    chosen: int
    shared: FeedForward | None
    activation: str = "silu"
    normed: bool = True
    name: str = "mlp"

    def parameters(self) -> tuple[Parameter, ...]:
        own = (
            Parameter("gate.weight", (self.hidden, self.count), True),
            Parameter("experts.gate_up_proj", (self.count, self.hidden, 2 * self.inner), True, self.chosen),
            Parameter("experts.down_proj", (self.count, self.inner, self.hidden), True, self.chosen),
        )
        if self.shared is None:
            return own
        always = tuple(replace(p, name=f"{self.shared.name}.{p.name}") for p in self.shared.parameters())
        return (*own, *always, Parameter("shared_expert_gate.weight", (self.hidden, 1), True))

    def states(self) -> tuple[State, ...]:
        return ()

    def write(self, w: Writer, x: str) -> str:
        batch, tokens = w.step.batch, w.step.tokens
        rows = w.op("Reshape", x, w.ints(batch * tokens, self.hidden))
        scores = w.op("Softmax", w.linear(rows, "gate", self.hidden, self.count), axis=-1)
        if batch * tokens * self.chosen <= self.count:
            y = self._fetched(w, rows, scores)
        else:
            y = self._balanced(w, rows, scores)
        y = w.op("Reshape", y, w.ints(batch, tokens, self.hidden))
        if self.shared is None:
            return y
        with w.within(self.shared.name):
            always = self.shared.write(w, x)
        gate = w.op("Sigmoid", w.linear(x, "shared_expert_gate", self.hidden, 1))
        return w.op("Add", y, w.op("Mul", always, gate))

    def _routed(self, w: Writer, scores: str) -> tuple[str, str]:
        """Weights and experts of each token, [tokens, chosen]."""
        weights, chosen = w.ops("TopK", scores, w.ints(self.chosen), out=("", ""), axis=-1)
        if self.normed:
            weights = w.op("Div", weights, w.op("ReduceSum", weights, w.ints(-1), keepdims=1))
        return weights, chosen

    def _weighted(self, w: Writer, weights: str, y: str) -> str:
        """The sum over the choices of each token; y is [tokens, chosen, hidden]."""
        return w.op("Squeeze", w.op("MatMul", w.op("Unsqueeze", weights, w.ints(1)), y), w.ints(1))

    def _fetched(self, w: Writer, rows: str, scores: str) -> str:
        """The matrices of the chosen experts, a product each."""
        count = w.step.batch * w.step.tokens
        weights, chosen = self._routed(w, scores)
        x = w.op("Reshape", rows, w.ints(count, 1, 1, self.hidden))
        y = self._expert(w, x, lambda matrices: w.op("Gather", matrices, chosen, axis=0))
        return self._weighted(w, weights, w.op("Reshape", y, w.ints(count, self.chosen, self.hidden)))

    def _balanced(self, w: Writer, rows: str, scores: str) -> str:
        """Choices in order of their experts, cut into equal shares; results go back to where the choices were."""
        choices = w.step.batch * w.step.tokens * self.chosen
        share = -(-choices // self.count)
        weights, chosen = self._routed(w, scores)
        order = self._sorted(w, w.op("Reshape", chosen, w.ints(choices)), choices)
        token = w.op("Div", order, w.ints(self.chosen))
        rest = self.count * share - choices
        if rest:
            token = w.op("Concat", token, w.constant(np.zeros(rest, np.int64)), axis=0)
        x = w.op("Gather", rows, w.op("Reshape", token, w.ints(self.count, share)), axis=0)
        y = self._expert(w, x, lambda matrices: matrices)
        y = w.op("Reshape", y, w.ints(self.count * share, self.hidden))
        y = w.op("Gather", y, self._sorted(w, order, choices), axis=0)
        return self._weighted(w, weights, w.op("Reshape", y, w.ints(-1, self.chosen, self.hidden)))

    def _sorted(self, w: Writer, x: str, count: int) -> str:
        """Where the numbers of x stand, the smallest first."""
        return w.ops("TopK", x, w.ints(count), out=("", ""), axis=0, largest=0)[1]

    def _expert(self, w: Writer, x: str, choose: Callable[[str], str]) -> str:
        """down(activation(gate(x)) * up(x)) with the matrices that `choose` makes of all of them."""
        with w.within("experts"):
            first = w.weight("gate_up_proj", (self.count, self.hidden, 2 * self.inner))
            second = w.weight("down_proj", (self.count, self.inner, self.hidden))
            both = w.op("MatMul", x, choose(first))
            gate, up = w.ops("Split", both, w.ints(self.inner, self.inner), out=("", ""), axis=-1)
            return w.op("MatMul", w.op("Mul", activate(w, gate, self.activation), up), choose(second))
