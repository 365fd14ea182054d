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
from npusim.language.model import Parameter, State, matrix
from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Clamped:
    """GPT-OSS's experts: columns of gate and up in turns, (up + 1) * gate * sigmoid(`alpha` * gate), within `limit`.
    Biases everywhere; the weights of the chosen are a softmax of their scores alone."""

    alpha: float
    limit: float


@dataclass(frozen=True, slots=True)
class Experts:
    """`chosen` of `count` experts of `inner` channels a token; `shared` runs for every token behind a gate of its own.
    `normed`: the weights of those chosen sum to 1. `clamped`: those of GPT-OSS. `router`: name of what scores them."""

    hidden: int
    inner: int
    count: int
    chosen: int
    shared: FeedForward | None
    activation: str = "silu"
    normed: bool = True
    name: str = "mlp"
    clamped: Clamped | None = None
    router: str = "gate"

    def parameters(self) -> tuple[Parameter, ...]:
        own = (
            *matrix(self.router, self.hidden, self.count, self.clamped is not None),
            Parameter("experts.gate_up_proj", (self.count, self.hidden, 2 * self.inner), True, self.chosen),
            Parameter("experts.down_proj", (self.count, self.inner, self.hidden), True, self.chosen),
        )
        if self.clamped:
            for name, size in (("gate_up_proj_bias", 2 * self.inner), ("down_proj_bias", self.hidden)):
                own += (Parameter(f"experts.{name}", (self.count, size), chosen=self.chosen),)
        if self.shared is None:
            return own
        always = tuple(replace(p, name=f"{self.shared.name}.{p.name}") for p in self.shared.parameters())
        return (*own, *always, Parameter("shared_expert_gate.weight", (self.hidden, 1), True))

    def states(self) -> tuple[State, ...]:
        return ()

    def write(self, w: Writer, x: str) -> str:
        batch, tokens = w.step.batch, w.step.tokens
        rows = w.op("Reshape", x, w.ints(batch * tokens, self.hidden))
        scores = w.linear(rows, self.router, self.hidden, self.count, self.clamped is not None)
        if not self.clamped:
            scores = w.op("Softmax", scores, axis=-1)
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
        if self.clamped:
            weights = w.op("Softmax", weights, axis=-1)
        elif self.normed:
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
        y = self._expert(w, x, lambda of_all: w.op("Gather", of_all, chosen, axis=0))
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
        y = self._expert(w, x, lambda of_all: of_all)
        y = w.op("Reshape", y, w.ints(self.count * share, self.hidden))
        y = w.op("Gather", y, self._sorted(w, order, choices), axis=0)
        return self._weighted(w, weights, w.op("Reshape", y, w.ints(-1, self.chosen, self.hidden)))

    def _sorted(self, w: Writer, x: str, count: int) -> str:
        """Where the numbers of x stand, the smallest first."""
        return w.ops("TopK", x, w.ints(count), out=("", ""), axis=0, largest=0)[1]

    def _expert(self, w: Writer, x: str, choose: Callable[[str], str]) -> str:
        """down(activation(gate(x)) * up(x)) with the matrices, and biases, that `choose` makes of all of them."""
        with w.within("experts"):
            first = w.weight("gate_up_proj", (self.count, self.hidden, 2 * self.inner))
            second = w.weight("down_proj", (self.count, self.inner, self.hidden))
            both = w.op("MatMul", x, choose(first))
            if self.clamped:
                both = self._biased(w, both, "gate_up_proj_bias", 2 * self.inner, choose)
                y = w.op("MatMul", self._within(w, both, self.clamped), choose(second))
                return self._biased(w, y, "down_proj_bias", self.hidden, choose)
            gate, up = w.ops("Split", both, w.ints(self.inner, self.inner), out=("", ""), axis=-1)
            return w.op("MatMul", w.op("Mul", activate(w, gate, self.activation), up), choose(second))

    def _biased(self, w: Writer, x: str, name: str, size: int, choose: Callable[[str], str]) -> str:
        """x [..., rows, size] and the biases of the experts in front of the rows."""
        return w.op("Add", x, w.op("Unsqueeze", choose(w.parameter(name, (self.count, size))), w.ints(-2)))

    def _within(self, w: Writer, both: str, how: Clamped) -> str:
        """Gate and up, column by column in turns, within their limits, and multiplied."""
        gate, up = (
            w.op("Slice", both, w.ints(first), w.ints(2 * self.inner), w.ints(-1), w.ints(2))
            for first in (0, 1)
        )
        gate = w.op("Min", gate, w.scalar(how.limit))
        up = w.op("Clip", up, w.scalar(-how.limit), w.scalar(how.limit))
        gate = w.op("Mul", gate, w.op("Sigmoid", w.op("Mul", gate, w.scalar(how.alpha))))
        return w.op("Mul", w.op("Add", up, w.scalar(1.0)), gate)
