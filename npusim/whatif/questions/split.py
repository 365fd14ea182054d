"""A network on two machines with a link between them, and layers in chunks under a memory bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from npusim.arch.dma import dma_ns
from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.measures import US
from npusim.terminal.units import time
from npusim.whatif.base import Found, Runs, Simulate, option
from npusim.whatif.composed.alternatives import matching
from npusim.whatif.composed.chunks import chunks
from npusim.whatif.composed.curve import Curve
from npusim.whatif.composed.cuts import Cut, all_cuts, heads_us, narrow_cuts, tails_us
from npusim.whatif.composed.machines import Processor, other_machine
from npusim.whatif.composed.masked import Masked, masked

if TYPE_CHECKING:
    import onnx

MOST_CUTS = 200


class Split(Runs):
    """What if the head of the network ran here and the tail on a second machine, with a link between them?

    Head and tail are the plan of the whole with the other half left out. What crosses the cut is written to DDR, goes
    over the link (latency + bytes / bandwidth) and is read again. At the ends nothing is cut: all here or all there."""

    name: ClassVar[str] = "split"
    answer: ClassVar[str] = "best_us"
    needs: ClassVar[str] = ""
    came_from: ClassVar[str] = (
        "SAC-d (split computing in chunks of memory), MOTION2NX (a model shared between parties)"
    )
    parts: ClassVar[tuple[str, ...]] = ("head", "tail")

    at: str = option(
        "every", "the node behind which to cut, with * and ?; 'every': all cuts where little crosses"
    )
    on: str = option(
        "",
        "the second machine: an NPU, or JSON with gmac_per_s, gb_per_s, overhead_us; empty: the same",
    )
    bandwidth: float = option(1.25, "of the link, GB/s", gt=0, source="assumed: Ethernet of 10 Gbit/s")
    latency: float = option(
        20.0, "of one message over the link, us", ge=0, source="assumed: a local network's"
    )
    memory: str = option(
        "", "bytes a layer may have at once (512KB); layers that need more are shown in chunks"
    )

    def run(self, graph: Graph, hw: Hardware, simulate: Simulate) -> Found:
        """Every cut, the best one, and the ends. Raises BadArgument."""
        report = simulate(graph, hw)
        head = masked(graph, hw, simulate)
        there = other_machine(self.on, hw)
        tail = (
            None if isinstance(there, Processor) else head if there is hw else masked(graph, there, simulate)
        )
        cuts = self._cuts(head, graph)
        ends = np.array(
            [[cut.step > 0, cut.step < len(head.names)] for cut in cuts]
        ).T  # what runs here, and there
        first = heads_us(head, cuts) + report.host_us * ends[0]
        second = self._tails(head, tail, there, cuts) + (0.0 if tail is None else report.host_us) * ends[1]
        link = np.array([self._link_us(cut, head, tail) for cut in cuts])
        if np.isnan(second).all():
            raise BadArgument(
                f"what-if 'split': {there.name} fuses what a cut at '{self.at}' would part; cut elsewhere"
            )
        found = Curve(cuts, first, link, second, len(head.names))
        lines, numbers, tables = found.lines(), found.numbers(), {"cuts": found.rows()}
        if self.at == "every":
            lines.append(
                f"all on {hw.name} {time(numbers['all_here_us'])}; all on {there.name}, input sent, "
                f"{time(numbers['all_there_us'])}"
            )
        if self.memory:
            rows, said, more_us = chunks(head, self.memory)
            whole_us = float(heads_us(head, [Cut(len(head.names), "", (), 0.0)])[0]) + report.host_us
            tables["chunks"] = tuple(rows)
            numbers["chunked_us"] = whole_us + more_us
            lines += [
                *said,
                f"in chunks all takes {time(whole_us + more_us)} here in place of {time(whole_us)}",
            ]
        sentence = (
            f"{hw.name} and {there.name}, {self.bandwidth:g} GB/s and {self.latency:g} us between them: of "
            f"{len(tables['cuts'])} cuts the best is {found.where()}, {time(numbers['best_us'])}"
        )
        return Found(report, sentence, tuple(lines), numbers, tables)

    def _cuts(self, plan: Masked, graph: Graph) -> list[Cut]:
        cuts = all_cuts(plan, graph)
        if self.at == "every":
            return narrow_cuts(cuts, MOST_CUTS)
        wanted = set(matching(graph, self.at, "split"))
        found = [c for c in cuts[1:] if c.step and not wanted.isdisjoint(plan.names[c.step - 1])]
        if not found:
            raise BadArgument(
                f"what-if 'split': '{self.at}' runs in no step of its own; cut at a node beside it"
            )
        return found

    def _tails(
        self, head: Masked, tail: Masked | None, there: Hardware | Processor, cuts: list[Cut]
    ) -> np.ndarray:
        if isinstance(there, Processor):
            return there.tails_us(head, cuts)
        assert tail is not None
        return tails_us(head, tail, cuts)

    def _link_us(self, cut: Cut, head: Masked, tail: Masked | None) -> float:
        """Out of the scratchpad, over the link, into the other one; nothing where nothing runs behind the cut."""
        if cut.step == len(head.names):
            return 0.0
        over = self.latency + cut.nbytes / self.bandwidth * US
        if not cut.step:
            return over
        out = float(dma_ns(cut.nbytes, head.hw, "scratchpad", "ddr"))
        into = 0.0 if tail is None else float(dma_ns(cut.nbytes, tail.hw, "ddr", "scratchpad"))
        return over + (out + into) * US

    def rewritten_parts(self, model: onnx.ModelProto) -> dict[str, onnx.ModelProto]:
        """Both halves of the model. Raises BadArgument without one node to cut behind."""
        from npusim.whatif.composed.halves import halves

        if self.at == "every":
            raise BadArgument("what-if 'split': halves are saved of one cut; say at=NODE")
        return halves(model, self.at)
