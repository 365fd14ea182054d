"""The tasks of a report, made when somebody looks at them: a page of a run shows none of ten thousand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from npusim.compiler.plan import Ask, DmaTask, DspTask, MacTask, Plan, engine_name
from npusim.measures import US
from npusim.pricing import Prices
from npusim.report.chain import waits_for
from npusim.report.record import TaskReport
from npusim.schedule import Timeline


class Tasks(Sequence[TaskReport]):
    """A tuple of tasks that comes to be when it is first read; equal to the tuple it becomes.

    `path_ns`: per task, as `npusim.report.chain` says."""

    __slots__ = ("_count", "_from", "_made")

    def __init__(self, plan: Plan, line: Timeline, prices: Prices, path_ns: list[float]) -> None:
        self._from: Any = (plan, line, prices, path_ns)
        self._count = len(plan.queue)
        self._made: tuple[TaskReport, ...] | None = None

    def _all(self) -> tuple[TaskReport, ...]:
        if self._made is None:
            self._made = _tasks(*self._from)
            self._from = None  # neither plan nor timeline is needed any more
        return self._made

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> TaskReport: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TaskReport, ...]: ...

    def __getitem__(self, index: int | slice) -> TaskReport | tuple[TaskReport, ...]:
        return self._all()[index]

    def __iter__(self) -> Iterator[TaskReport]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple | Tasks) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._all(),)


def _tasks(plan: Plan, line: Timeline, prices: Prices, path_ns: list[float]) -> tuple[TaskReport, ...]:
    waits_ns, choice = prices.step_ns.tolist(), prices.choice.tolist()
    names = [step.node.name for step in plan.steps]
    found = []
    for i, (start, end, ask) in enumerate(zip(line.start_ns, line.end_ns, plan.ask, strict=True)):
        moves = ask if isinstance(ask, DmaTask) else None
        found.append(
            TaskReport(
                node=names[plan.step[i]],
                name=plan.label[i],
                engine=engine_name(plan.queue[i]),
                start_us=start * US,
                duration_us=(end - start) * US,
                nbytes=moves.nbytes if moves else 0.0,
                source=moves.source if moves else "",
                destination=moves.destination if moves else "",
                tiles=_tiles(plan, ask, choice[i]),
                dsps=max(1, ask.parts // plan.tiles) if isinstance(ask, DspTask) else 1,
                pieces=plan.pieces[i],
                waits_for=waits_for(plan, i),
                path_us=path_ns[i] * US,
                step_us=waits_ns[i] * US,
            )
        )
    return tuple(found)


def _tiles(plan: Plan, ask: Ask, choice: int) -> int:
    """Tiles a task keeps busy; a transfer keeps none."""
    if isinstance(ask, DspTask):
        return min(plan.tiles, ask.parts)
    return plan.tiles if isinstance(ask, MacTask) and ask.splits[choice] != "none" else 1
