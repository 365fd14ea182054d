"""The plan: tasks in program order, their engines, their edges, and what each asks of its engine.

A plan holds structure only. It was shaped by the graph and by structural numbers (tiles, scratchpad
bytes, compiler profile, precision); clocks, widths and bandwidths price it later, in `npusim.pricing`.
Tasks are columns (tuples of equal length), so that all of them are priced in one pass of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeVar

from npusim.graph import Graph, Node
from npusim.work import MacWork

Found = TypeVar("Found")

EXTRA, MAC_ARRAY, DSP, DMA0 = -1, 0, 1, 2  # queues; port p of the DMA is DMA0 + p
ENGINE_NAMES = {EXTRA: "extra", MAC_ARRAY: "mac_array", DSP: "dsp"}


@cache
def engine_name(queue: int) -> str:
    """'mac_array', 'dsp', or 'dma' and the port's number."""
    return ENGINE_NAMES.get(queue) or f"dma{queue - DMA0}"


class MacTask(NamedTuple):
    """`alternatives`: per tile works, one a way of splitting over the tiles, and how many run one after
    another; the cheapest is taken per priced point. `splits` names the ways ('rows', 'channels', ...)."""

    alternatives: tuple[tuple[MacWork, float], ...]
    splits: tuple[str, ...]


class DspTask(NamedTuple):
    """A kernel on `parts` DSPs at once, `launches` times; `elements` and `rows` of one DSP and launch."""

    kernel: str
    elements: float
    rows: float
    parts: int
    launches: int = 1


class DmaTask(NamedTuple):
    """`nbytes` in `transfers` descriptors on one port. `counted`: how many times its bytes its time is of, where a
    compiler's estimate counts others (npusim.compiler.weights.zeros)."""

    nbytes: float
    source: str
    destination: str
    elements: float = 0.0
    transfers: int = 1
    counted: float = 1.0


Ask = MacTask | DspTask | DmaTask


@dataclass(slots=True, repr=False, eq=False)
class Step:
    """One node of the fused graph as planned. `tasks`: its tasks (prefetched weights too).
    `prefetch`: those of its weights that begin before it. `kernels`: lines of its DSP kernels. `held_bytes`: what the
    scratchpads of all tiles hold while it runs."""

    node: Node
    lowering: str
    reason: str
    engine: str
    macs: float = 0.0
    nbytes: float = 0.0
    pieces: int = 1
    tasks: list[int] = field(default_factory=list)
    prefetch: list[int] = field(default_factory=list)
    kernels: tuple[str, ...] = ()
    held_bytes: float = 0.0


class Unpriced(NamedTuple):
    """A node let through without a cost, and its bytes."""

    node: Node
    nbytes: float


@dataclass(frozen=True, slots=True)
class Plan:
    """`queue[i]`, `ask[i]`, ... describe task i; edges point to tasks before it.

    `after[i]`: tasks whose end it waits for. `streams[i]`: tasks it follows piece by piece.
    `feeds[i]`: (task, share): tasks that bring what it needs later; when one ends, `share` of its own time
    is still to go at least (weights that arrive while the first pieces compute).
    `repeats[i]`: how many times in a row it runs (bodies of loops). `minimum_steps[i]`: how many compute
    steps it counts as for the hardware's minimum time per step (0 for transfers, and for kernels, whose launch is
    their step).
    """

    graph: Graph
    steps: tuple[Step, ...]
    label: tuple[str, ...]
    step: tuple[int, ...]
    queue: tuple[int, ...]
    ask: tuple[Ask, ...]
    pieces: tuple[int, ...]
    repeats: tuple[int, ...]
    minimum_steps: tuple[int, ...]
    after: tuple[tuple[int, ...], ...]
    streams: tuple[tuple[int, ...], ...]
    feeds: dict[int, tuple[tuple[int, float], ...]]
    tiles: int
    compiler: str
    precision: str
    unpriced: tuple[Unpriced, ...] = ()
    warnings: tuple[str, ...] = ()
    _followed: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, make: Callable[[Plan], Found]) -> Found:
        """What follows from the plan alone, worked out the first time it is asked for by this name."""
        if name not in self._followed:
            self._followed[name] = make(self)
        found: Found = self._followed[name]
        return found


class PlanBuilder:
    """Collects tasks in program order; `build` freezes them."""

    def __init__(self, ports: int) -> None:
        self.label: list[str] = []
        self.step: list[int] = []
        self.queue: list[int] = []
        self.ask: list[Ask] = []
        self.pieces: list[int] = []
        self.repeats: list[int] = []
        self.minimum_steps: list[int] = []
        self.after: list[tuple[int, ...]] = []
        self.streams: list[tuple[int, ...]] = []
        self.feeds: dict[int, tuple[tuple[int, float], ...]] = {}
        self.steps: list[Step] = []
        self._port_bytes = [0.0] * ports

    def add(
        self,
        label: str,
        queue: int,
        ask: Ask,
        pieces: int = 1,
        steps: int = 0,
        repeats: int = 1,
        after: tuple[int, ...] = (),
        streams: tuple[int, ...] = (),
    ) -> int:
        """Append one task to the step now being built; returns its index. `steps`: compute steps it counts as, if not
        one for each piece."""
        index = len(self.queue)
        self.label.append(label)
        self.step.append(len(self.steps))
        self.queue.append(queue)
        self.ask.append(ask)
        self.pieces.append(pieces)
        self.repeats.append(repeats)
        self.minimum_steps.append((steps or pieces) if queue == MAC_ARRAY else 0)
        self.after.append(after)
        self.streams.append(streams)
        return index

    def port(self, nbytes: float) -> int:
        """The DMA queue with the fewest bytes so far: a rule on structure, never on a price."""
        loads = self._port_bytes
        port = loads.index(min(loads)) if len(loads) != 2 else int(loads[1] < loads[0])
        loads[port] += nbytes
        return DMA0 + port

    def level(self) -> None:
        """The ports begin alike: all that follows waits for what one of them did."""
        self._port_bytes[:] = [max(self._port_bytes)] * self.ports

    @property
    def ports(self) -> int:
        return len(self._port_bytes)

    def build(
        self,
        graph: Graph,
        tiles: int,
        compiler: str,
        precision: str,
        unpriced: tuple[Unpriced, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> Plan:
        """The plan of all tasks added so far."""
        return Plan(
            graph=graph,
            steps=tuple(self.steps),
            label=tuple(self.label),
            step=tuple(self.step),
            queue=tuple(self.queue),
            ask=tuple(self.ask),
            pieces=tuple(self.pieces),
            repeats=tuple(self.repeats),
            minimum_steps=tuple(self.minimum_steps),
            after=tuple(self.after),
            streams=tuple(self.streams),
            feeds=self.feeds,
            tiles=tiles,
            compiler=compiler,
            precision=precision,
            unpriced=unpriced,
            warnings=warnings,
        )
