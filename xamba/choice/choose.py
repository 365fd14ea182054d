"""The door: a model in, the rewrites that pay on the targets out, with a line for every place that was weighed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import onnx_ir as ir

from xamba.choice.measured import known_dims, known_inputs, region_error
from xamba.choice.moves import Move, candidates, copy_of
from xamba.choice.pricing import Pricer, Prices
from xamba.choice.regions import WHOLE_BELOW, Region, as_whole, extract, regions
from xamba.choice.replay import replay
from xamba.choice.search import SAME, Declined, Found, Search, Step
from xamba.choice.signs import Row, known
from xamba.choice.targets import Target, warnings_of
from xamba.choice.witness import Witness
from xamba.errors import BadModel, CannotPrice, InvalidModel, NotEquivalent
from xamba.facts.facts import Facts
from xamba.files import as_it_is, check, check_output, load, save
from xamba.functions import put_in_place
from xamba.passes.base import Kept, XambaPass
from xamba.proof.equivalence import Verdict, verify
from xamba.proof.samples import check_names

Tick = Callable[..., None]  # (words, done, total)


@dataclass(frozen=True)
class Site:
    """One place, or several alike. `count`: places in the whole model. `before`, `after`: of its region, us, one a
    target. `error`: measured on the region, relative to the largest magnitude. `witness`: Intel's compiler's words."""

    pass_name: str
    op_type: str
    node: str
    count: int
    by: str
    before: Prices
    after: Prices
    error: float | None
    taken: bool
    why: str
    witness: str


@dataclass
class Choice:
    """What was chosen. `before`, `after`: predicted latency of the whole model in us, one a target."""

    targets: tuple[Target, ...]
    before: Prices
    after: Prices
    sites: list[Site]
    kept: list[Kept]
    model: ir.Model = field(repr=False)
    priced: int = 0
    notes: list[str] = field(default_factory=list)
    proved: list[tuple[ir.Model, ir.Model]] = field(
        default_factory=list, repr=False
    )  # stretches before and after
    alike: bool = True  # the other stretches became what the first became
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def modified(self) -> bool:
        return any(site.taken for site in self.sites)


@dataclass
class Chooser:
    """Options of a choice. `max_error`: of an approximation, on its region (0: exact rewrites only). `trust`: take
    what pays by npusim's price although Intel's compiler says the opposite. `offered`: the passes to choose from."""

    targets: tuple[Target, ...]
    offered: Sequence[XambaPass] | None = None
    max_error: float = 0.0
    trust: bool = False
    dims: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    tick: Tick = lambda words, done=0, total=0: None
    witness: Sequence[str] | None = None  # command that runs Intel's compiler
    settings: Mapping[str, Any] = field(default_factory=dict)  # what inputs hold; may decide a branch
    _asked: Witness | None = None

    def choose(self, model: ir.Model) -> Choice:
        """Choose for a model in memory, which is not changed. Raises `CannotPrice`, `InvalidModel`, `BadArgument`
        (`settings` name an input that the model has not)."""
        check_names(model, self.settings)
        model = copy_of(model)
        offered = list(candidates(self.max_error <= 0) if self.offered is None else self.offered)
        pricer = Pricer(self.targets, self.dims, settings=self.settings)
        choice = Choice(self.targets, (), (), [], [], model)
        choice.notes += warnings_of(self.targets)
        choice.notes += put_in_place(model, lambda node: any(one.reports(node) for one in offered))
        choice.before = choice.after = pricer(model)
        if self.witness:
            self._asked = Witness(self.witness, self.targets, self.dims, self.seed, self.settings)
        facts = Facts(model)
        found = regions(model, facts)
        for number, region in enumerate(found, 1):
            self.tick(
                f"region {number} of {len(found)}, {pricer.count} models priced", number - 1, len(found)
            )
            self._region(choice, region, extract(model, facts, region), pricer, offered)
        choice.priced = pricer.count
        problem = check(choice.model) if choice.modified else None
        if problem is not None:
            raise InvalidModel(f"onnx.checker refuses the model after the chosen passes: {problem}")
        return choice

    def _region(
        self, choice: Choice, region: Region, part: ir.Model, pricer: Pricer, offered: Sequence[XambaPass]
    ) -> None:
        try:
            found = Search(pricer, offered, self._objection).run(part)
        except CannotPrice as error:
            choice.notes.append(f"a part of {len(region.parts[0])} nodes was left as it is: {error}")
            return
        done: list[int] = []
        why = ""
        if found.steps:
            made = replay(choice.model, region, found.steps)
            done = [len(lines) for lines in made.rewritten]
            why = self._against(choice, made.model, pricer)
            if why:  # where the region is the whole model, what was found is a model already
                own = as_whole(found.steps[-1].model, choice.model)
                if own is not None and not self._against(choice, own, pricer):
                    made, why = replace(made, model=own), ""
                    done = [len(step.move.nodes) for step in found.steps]
            if not why:
                choice.model, choice.after = made.model, pricer(made.model)
                choice.proved.append((part, found.steps[-1].model))
                choice.alike = choice.alike and made.alike
        errors = self._errors(part, found)
        state = part
        for step, count, wrong in zip(found.steps, done, errors, strict=True):
            choice.sites.append(self._site(step, state, count, wrong, not why, why))
            state = step.model
        for declined in found.declined:
            count = len(declined.move.nodes) * region.count
            choice.sites.append(self._site(declined, state, count, None, False, declined.why))
        choice.kept += found.kept * region.count

    def _against(self, choice: Choice, model: ir.Model, pricer: Pricer) -> str:
        """What speaks against a whole model in which a region has its rewrites; '' if nothing does."""
        try:
            after = pricer(model)
        except CannotPrice as error:
            return f"possible in its region, but not in the whole model: {error}"
        flaw = check(model)
        if flaw is not None:
            return f"valid in its region, but not in the whole model: {flaw}"
        both = zip(self.targets, choice.after, after, strict=True)
        worse = [target.name for target, old, new in both if new > old * SAME]
        return f"pays in its region, but not in the whole model on {', '.join(worse)}" if worse else ""

    def _site(
        self, line: Step | Declined, state: ir.Model, count: int, error: float | None, taken: bool, why: str
    ) -> Site:
        move = line.move
        said = ""
        if self._asked is not None and isinstance(line, Step):
            said = self._asked.words(state, line.model)
        elif self._asked is None:
            said = "; ".join(str(row) for row in self._rows(move, state))
        return Site(
            move.one.name,
            move.op_type,
            move.nodes[0],
            count,
            move.by,
            line.before,
            line.after,
            error,
            taken,
            why,
            said,
        )

    def _rows(self, move: Move, model: ir.Model) -> list[Row]:
        return known(move.one, move.nodes, model, [t.generation for t in self.targets])

    def _objection(self, moves: Sequence[Move], models: Sequence[ir.Model]) -> str:
        """Why moves that pay by price are not taken: the second witness, or their error."""
        if not self.trust:
            against = self._second_witness(moves, models)
            if against:
                return f"Intel's compiler says it loses: {against}"
        if any(not move.one.exact for move in moves):
            error = self._error(models[0], models[-1])
            if error is None or error > self.max_error:
                measured = "cannot be measured" if error is None else f"is {error:.2g}"
                return f"its error {measured}, {self.max_error:.2g} is allowed"
        return ""

    def _second_witness(self, moves: Sequence[Move], models: Sequence[ir.Model]) -> str:
        """What Intel's compiler has against moves: itself where it is at hand, else its committed table."""
        if self._asked is not None:
            return self._asked.against(models[0], models[-1])
        rows = (row for move, model in zip(moves, models, strict=False) for row in self._rows(move, model))
        return next((str(row) for row in rows if row.loses), "")

    def _errors(self, part: ir.Model, found: Found) -> list[float | None]:
        """Measured error of every step against the region as it was before the step."""
        states = [part, *(step.model for step in found.steps)]
        return [self._error(a, b) for a, b in pairwise(states)]

    def _error(self, before: ir.Model, after: ir.Model) -> float | None:
        return region_error(before, after, self.seed, self.dims, self.settings)


def optimize_for(
    source: str | Path, target: str | Path, chooser: Chooser, *, check_answer: bool = True, **proof: Any
) -> Choice:
    """Choose for file `source`, verify, and write file `target`; nothing is written when the answer differs.

    proof: options of `xamba.verify`.

    Raises `BadModel`, `BadOutput`, `CannotPrice`, `NotEquivalent`.
    """
    check_output(source, target)
    original = load(source)
    try:
        choice = chooser.choose(original)
        if choice.modified and check_answer:
            prove(choice, original, chooser, proof)
    except (BadModel, InvalidModel) as error:
        raise as_it_is(source) or error from None
    save(choice.model if choice.modified else None, source, target)
    return choice


def prove(choice: Choice, original: ir.Model, chooser: Chooser, proof: Mapping[str, Any]) -> None:
    """Compare answers: of the whole model, or of one of every kind of stretch where equal ones became equal ones.

    Raises `NotEquivalent`, `BadModel` (it cannot be run).
    """
    once = choice.alike and len(list(original.graph)) >= WHOLE_BELOW
    pairs = choice.proved if once else [(original, choice.model)]
    for number, (before, after) in enumerate(pairs, 1):
        chooser.tick("comparing answers", number - 1, len(pairs))
        dims = known_dims(before, chooser.dims)
        try:
            settings = known_inputs(before, chooser.settings)
            mine = {"seed": chooser.seed, "dims": dims, "settings": settings}
            verdict = verify(before, after, **{**proof, **mine})
        except BadModel as error:
            raise BadModel(f"{error}; --no-verify writes without asking") from None
        choice.verdicts.append(verdict)
        bad = next((output for output in verdict.outputs if not output.ok), None)
        if bad is not None:
            raise NotEquivalent(
                f"output '{bad.name}': {bad.reason}; nothing is written (seed {chooser.seed})"
            )
    if once:
        choice.notes.append(
            "one of every kind of stretch was compared; equal ones were rewritten to equal ones"
        )
