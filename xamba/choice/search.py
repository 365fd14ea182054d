"""Greedy with look-ahead: which moves make a region faster on every target, in which order.

The move that gains most (the product of the targets' speed-ups) is taken as long as one gains and none of the
targets loses. When no single move gains, pairs are tried: a rewrite that costs a little may open one that pays. At the
end every move is left out once, and the search goes on from there: it may have stood in the way of better ones.
Everything is decided by predicted prices and fixed orders, so the same model gives the same choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import log

import onnx_ir as ir

from xamba.choice.moves import Move, apply, moves
from xamba.choice.pricing import Pricer, Prices
from xamba.errors import CannotPrice
from xamba.facts.nodes import all_nodes, node_label
from xamba.passes.base import Kept, XambaPass

LEAST_GAIN = 5e-4  # of a region's latency: less is within what prices are worth
SEEN = 1.005  # a ratio of two prices that three digits show
SAME = 1 + 1e-9  # a ratio of two prices that says 'equal' across roundings
OPENERS = 4  # moves a look-ahead starts from
BUDGET = (
    40_000  # nodes priced a region: 300 prices of a layer, 40 of a model of a thousand nodes, for one target
)
FEWEST = 120  # prices a region has in any case


@dataclass(frozen=True)
class Step:
    """A move that was made. `made`: names of the nodes that took the place of each node, for a replay."""

    move: Move
    before: Prices
    after: Prices
    made: dict[str, tuple[str, ...]]
    model: ir.Model = field(repr=False, compare=False)


@dataclass(frozen=True)
class Declined:
    """A move that was weighed and left: the prices with and without it, and why."""

    move: Move
    before: Prices
    after: Prices
    why: str


@dataclass
class Found:
    """What a search leaves: the steps taken in order, what was declined at the end, what is not allowed."""

    start: Prices
    steps: list[Step]
    declined: list[Declined]
    kept: list[Kept]

    @property
    def end(self) -> Prices:
        return self.steps[-1].after if self.steps else self.start


#: Why moves are not to be taken although they pay, '' if nothing speaks against them: given the moves, and the models
#: before, between and after them.
Objection = Callable[[Sequence[Move], Sequence[ir.Model]], str]


@dataclass
class Search:
    """Searches one region."""

    pricer: Pricer
    offered: Sequence[XambaPass]
    objects: Objection = lambda moves, models: ""
    tick: Callable[[], None] = lambda: None

    def run(self, model: ir.Model) -> Found:
        """The best sequence of moves found for a region. Raises `CannotPrice` when the region has no price."""
        found = Found(self.pricer(model), [], [], [])
        self._left = max(BUDGET // max(len(model.graph) * len(found.start), 1), FEWEST)
        found = self._greedy(model, found)
        better: Found | None = found
        while better is not None:
            found, better = better, self._without_one(model, better)
        return found

    def _greedy(self, model: ir.Model, found: Found) -> Found:
        """Moves taken from here on, the best one first, until none pays; `found` with them."""
        hopeless: set[Move] = set()
        while True:
            options, kept = moves(model, self.offered)
            found.kept = found.kept or kept
            fresh = [move for move in options if move not in hopeless]
            tried = [step for move in fresh if (step := self._try(model, found.end, move))]
            best = self._best(model, found, tried)
            if best is None:  # what did not pay before may pay now
                again = [move for move in options if move in hopeless]
                tried += [step for move in again if (step := self._try(model, found.end, move))]
                best = self._best(model, found, tried) or self._pair(model, found, tried, options)
            if best is None:
                return found
            hopeless |= {step.move for step in tried if gain(step.before, step.after) <= 0}
            for step in best:
                found.steps.append(step)
                model = step.model

    def _without_one(self, model: ir.Model, found: Found) -> Found | None:
        """A better end without one of the steps: what paid when it was taken may stand in the way of what came after
        (a sum over 256 rows that became a product, of which another rewrite leaves 4). None: there is none."""
        for left_out in found.steps[:-1]:
            other, state = Found(found.start, [], [], found.kept), model
            for step in found.steps:
                made_again = None if step is left_out else self._try(state, other.end, step.move)
                if made_again is None or (_pays(step) and not _pays(made_again)):
                    continue
                if not self.objects([step.move], [state, made_again.model]):
                    other.steps.append(made_again)
                    state = made_again.model
            other = self._greedy(state, other)
            slower = reason_against(found.start, other.end, self.pricer)
            if not slower and gain(found.end, other.end) >= LEAST_GAIN * len(found.start):
                return other
        return None

    def _try(self, model: ir.Model, now: Prices, move: Move) -> Step | None:
        """The move made and priced; None when it changes nothing, has no price, or the budget is spent."""
        if self._left <= 0:
            return None
        self._left -= 1
        self.tick()
        changed, result = apply(model, move)
        if not result.rewritten:
            return None
        try:
            return Step(move, now, self.pricer(changed), made(model, changed), changed)
        except CannotPrice:
            return None

    def _best(self, model: ir.Model, found: Found, tried: list[Step]) -> list[Step] | None:
        found.declined = []
        for step in sorted(tried, key=lambda s: -gain(s.before, s.after)):
            why = reason_against(step.before, step.after, self.pricer)
            why = why or self.objects([step.move], [model, step.model])
            if not why:
                return [step]
            found.declined.append(Declined(step.move, step.before, step.after, why))
        return None

    def _pair(
        self, model: ir.Model, found: Found, tried: list[Step], options: Sequence[Move]
    ) -> list[Step] | None:
        """Two moves that gain together, where none does alone: the first opens the second."""
        pairs: list[tuple[Step, Step]] = []
        for first in sorted(tried, key=lambda s: -gain(s.before, s.after))[:OPENERS]:
            for move in moves(first.model, self.offered)[0]:
                if move in options:
                    continue
                second = self._try(first.model, first.after, move)
                if second is not None and not reason_against(found.end, second.after, self.pricer):
                    pairs.append((first, second))
        for first, second in sorted(pairs, key=lambda pair: -gain(found.end, pair[1].after)):
            if not self.objects([first.move, second.move], [model, first.model, second.model]):
                return [first, second]
        return None


def gain(before: Prices, after: Prices) -> float:
    """Logarithm of the product of the speed-ups."""
    return sum(log(b / a) if a > 0 and b > 0 else 0.0 for b, a in zip(before, after, strict=True))


def _pays(step: Step) -> bool:
    return gain(step.before, step.after) >= LEAST_GAIN * len(step.before)


def reason_against(before: Prices, after: Prices, pricer: Pricer) -> str:
    """Why the prices speak against a change; '' when they speak for it."""
    slower = [
        f"{f'{a / b:.3g}x' if a / b >= SEEN else 'a little'} slower on {target.name}"
        for target, b, a in zip(pricer.targets, before, after, strict=True)
        if a > b * SAME and b > 0
    ]
    if slower:
        return ", ".join(slower)
    return "no gain" if gain(before, after) < LEAST_GAIN * len(before) else ""


def made(before: ir.Model, after: ir.Model) -> dict[str, tuple[str, ...]]:
    """Names of the nodes that are new, in graph order, by the node they say they come from."""
    old = {node_label(node) for node in all_nodes(before)}
    new: dict[str, list[str]] = {}
    for node in all_nodes(after):
        if node_label(node) not in old:
            new.setdefault(origin(node), []).append(node_label(node))
    return {name: tuple(labels) for name, labels in new.items()}


def origin(node: ir.Node) -> str:
    """The node a new node says it stands for ('' when it does not say)."""
    return node.metadata_props.get("xamba.from", "").partition(" ")[2]
