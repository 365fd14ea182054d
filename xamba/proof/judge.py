"""All draws of inputs through a pair of models; what each output is worth comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from npusim_xamba.text import clean
from xamba.errors import BadModel
from xamba.proof import poison
from xamba.proof.branches import choice, with_open_branches
from xamba.proof.difference import OutputDifference, difference, magnitude, not_run, pairs
from xamba.proof.findings import Findings
from xamba.proof.runtime import Runner
from xamba.proof.samples import KINDS, Feeds, fixed, random_inputs
from xamba.proof.shake import MARGIN, Shake
from xamba.proof.sizes import lengths
from xamba.proof.tolerance import LARGEST
from xamba.proof.work import run_ns

OTHER_SIZES = 2  # how many further lengths of free dimensions are tried
ENOUGH = 512  # elements of all inputs together that show what a kind has to show; fewer are drawn again
MOST_TURNS = 8
ALL_RUNS_NS = 1.5e9  # about what all draws together may take in the first model
FEWEST_RUNS = 4
#: Kinds in which the second model has to be infinite where the first is: the others make a model overflow.
STRICT = ("ordinary", "tiny", "with zeros", "all zero")
Outputs = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is drawn: seed, lengths and inputs the user fixed, breaks of tables, whether integers may overflow."""

    seed: int
    dims: Mapping[str, int]
    settings: Mapping[str, Any]
    edges: tuple[float, ...] = ()
    extreme: bool = True

    def inputs(
        self, model: ir.Model, bound: Mapping[str, int], kind: str, small: bool = False, turn: int = 0
    ) -> Feeds:
        feeds = random_inputs(
            model, self.seed, self.dims, small, kind=kind, edges=self.edges, bound=bound, turn=turn
        )
        return fixed(model, feeds, self.settings)


class Judge:
    """Runs both models on draw after draw; `relative` is the limit derived, `shake` measures more."""

    def __init__(
        self,
        models: tuple[ir.Model, ir.Model],
        runtime: str,
        relative: float,
        plan: Plan,
        shake: Shake | None,
    ) -> None:
        self.models, self.runtime, self.relative, self.plan, self.shake = (
            models,
            runtime,
            relative,
            plan,
            shake,
        )
        self.a = Runner(models[0], runtime, "the first model")
        self.b = Runner(models[1], runtime, "the second model")
        self.found = Findings()
        self.runs_left = max(FEWEST_RUNS, int(ALL_RUNS_NS / max(run_ns(models[0]), 1.0)))
        self.scales: dict[str, float] = {}
        self.spread: dict[str, set[str]] = {}  # outputs in which NaN goes further in the second model

    def all_draws(self) -> Findings:
        """Every kind at the first lengths that run, then other lengths, poison, and both branches.

        Raises `BadModel` when the first model runs at no lengths."""
        first, feeds = self._first_lengths()
        for kind in self._kinds(feeds):
            for turn in range(1 if kind == "ordinary" else 0, 2 if kind == "ordinary" else _turns(feeds)):
                if not self._draw(kind, first, feeds, turn):
                    break
        tried = 0
        for bound in lengths(self.models[0], self.plan.dims):
            if bound != first and tried < OTHER_SIZES and self._draw("ordinary", bound, None):
                tried += 1
        for kind, number in poison.KINDS.items():
            self._poison(kind, number, feeds)
        self._branches(first)
        if self.spread:
            names = ", ".join(f"'{name}'" for name in list(self.spread)[:4])
            kinds = ", ".join(kind for kind in poison.KINDS if any(kind in k for k in self.spread.values()))
            self.found.note(
                f"{kinds} in the data: the second model answers NaN in more elements of {names} "
                "(0 x inf is NaN); CumBA(refuse_nonfinite) avoids it"
            )
        if self.runs_left <= 0:
            self.found.note("the model is large: not every kind of input was run")
        return self.found

    def _kinds(self, feeds: Feeds) -> list[str]:
        """Kinds beside the first draw, those that show most first; some make no sense without floats."""
        floats = any(array.dtype.kind not in "iub" for array in feeds.values())
        kinds = [kind for kind in KINDS if floats or kind in ("ordinary", "all zero", "extreme")]
        if not self.plan.edges and "table edges" in kinds:
            kinds.remove("table edges")
        if not self.plan.extreme:
            kinds.remove("extreme")
        return kinds

    def _first_lengths(self) -> tuple[dict[str, int], Feeds]:
        refusal: BadModel | None = None
        for bound in lengths(self.models[0], self.plan.dims):
            for small in False, True:  # whole numbers of 0 and 1, if the model refuses others
                feeds = self.plan.inputs(self.models[0], bound, "ordinary", small)
                try:
                    answer = self.a(feeds)
                except BadModel as error:
                    refusal = refusal or error
                    continue
                self.scales = {name: magnitude(value) for name, value in answer.items()}
                self._compare("ordinary", _at("ordinary", bound), feeds, answer)
                return bound, feeds
        assert refusal is not None
        raise refusal

    def _draw(self, kind: str, bound: dict[str, int], like: Feeds | None, turn: int = 0) -> bool:
        """One draw; false when the first model refuses it, or it is one that was run already."""
        if self.found.settled or self.runs_left <= 0:
            return False
        feeds = self.plan.inputs(self.models[0], bound, kind, turn=turn)
        if like is not None and all(np.array_equal(feeds[k], like[k]) for k in feeds):
            return False
        self.runs_left -= 1
        try:
            answer = self.a(feeds)
        except BadModel:
            return False
        self._compare(kind, _at(kind, bound), feeds, answer)
        return True

    def _compare(self, kind: str, draw: str, feeds: Feeds, answer: Outputs) -> None:
        if draw not in self.found.draws:
            self.found.draws.append(draw)
        other = self._second(feeds, answer, draw)
        if other is None:
            return
        spread: dict[str, Any] | None = None
        for name, match in pairs(answer, other):
            one = self._one(name, answer[name], other[match], draw, kind)
            if not one.ok and one.shape == np.shape(other[match]) and self.shake is not None:
                spread = self.shake.spread(feeds, answer) if spread is None else spread
                if name in spread:
                    again = self._with_spread(name, answer[name], other[match], draw, kind, spread[name])
                    if again is None:
                        self.found.note(
                            f"{draw}: output '{clean(name)}' hangs on rounding alone; not judged there"
                        )
                        continue
                    one = again
            self.found.add(one)

    def _one(self, name: str, a: Any, b: Any, draw: str, kind: str, **more: Any) -> OutputDifference:
        return difference(name, a, b, self.relative, draw, strict=kind in STRICT, **more)

    def _with_spread(
        self, name: str, a: Any, b: Any, draw: str, kind: str, spread: Any
    ) -> OutputDifference | None:
        absolute, most = MARGIN * spread.size, LARGEST * max(magnitude(a), self.scales.get(name, 0.0))
        if absolute > most and kind != "ordinary" and self.relative < LARGEST:
            return None
        return self._one(name, a, b, draw, kind, absolute=min(absolute, most), unsure=spread.unsure)

    def _second(self, feeds: Feeds, answer: Outputs, draw: str) -> Outputs | None:
        try:
            return self.b(feeds)
        except BadModel as error:
            for name in answer:
                self.found.add(not_run(name, answer[name], clean(error), draw))
            return None

    def _poison(self, kind: str, number: float, feeds: Feeds) -> None:
        draw = f"{kind} in the data"
        for place in poison.places(feeds):
            if self.found.settled or self.runs_left <= 0:
                return
            self.runs_left -= 1
            make = lambda x, place=place: poison.poisoned(feeds, place, self.plan.seed, x)
            try:
                answer, other = self.a(make(number)), self.b(make(number))
            except BadModel:
                continue
            stand_ins: list[Outputs] = []
            for name, match in pairs(answer, other):
                if not poison.odd(answer[name], other[match]).any():
                    continue
                stand_ins = stand_ins or [self.a(make(x)) for x in poison.STAND_INS]
                values = [outputs[name] for outputs in stand_ins]
                bad, spread = poison.judge(
                    name, answer[name], other[match], values, self.relative, draw, kind
                )
                if bad is not None:
                    self.found.add(bad)
                if spread:
                    self.spread.setdefault(clean(name), set()).add(kind)
        if poison.places(feeds):
            self.found.draws.append(draw)

    def _branches(self, bound: dict[str, int]) -> None:
        opened = None if self.found.settled else with_open_branches(*self.models)
        if opened is None:
            return
        try:
            pair = [Runner(model, self.runtime, "a model") for model in opened]
        except BadModel:
            return
        feeds = self.plan.inputs(self.models[0], bound, "ordinary")
        kept = self.a, self.b, self.shake
        self.a, self.b = pair
        if self.shake is not None:
            self.shake = Shake(opened[0], self.runtime, self.shake.tables)
        try:
            for which in True, False:
                forced = feeds | choice(which)
                try:
                    answer = self.a(forced)
                except BadModel:  # this branch is not meant for such inputs
                    continue
                self._compare(
                    "ordinary", f"every If takes its {'then' if which else 'else'} branch", forced, answer
                )
        finally:
            self.a, self.b, self.shake = kept


def _turns(feeds: Feeds) -> int:
    elements = sum(array.size for array in feeds.values())
    return min(max(1, ENOUGH // max(elements, 1)), MOST_TURNS)


def _at(kind: str, bound: Mapping[str, int]) -> str:
    """'large', and where lengths are free, at which."""
    if not bound:
        return kind
    few = [f"{clean(name)}={size}" for name, size in list(bound.items())[:4]]
    return f"{kind} at {', '.join(few)}{', ...' if len(bound) > 4 else ''}"
