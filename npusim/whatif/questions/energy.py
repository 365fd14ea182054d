"""Energy in relative units, and of the what-ifs behind it the ratio to the model without them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from npusim.arch.hardware import Hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.pricing import price
from npusim.report.record import Report
from npusim.terminal.units import nbytes, scaled
from npusim.whatif.base import Found, Runs, Simulate, Value, option, refuse_runs
from npusim.whatif.power import VIRUS, Energy, energy_of

TOP_OPS = 10
#: Parts below this share of the reference's units decide nothing and bound no ratio.
LEAST_SHARE = 1e-3


class EnergyOf(Runs):
    """What would it take in energy, beside the same without the what-ifs that come behind?

    Units are VPUNN's: power-virus cycles of the MAC array for array and DSPs; bytes to and from DDR apart, as nobody
    has published what one costs. A ratio lies between those of its parts, whatever each weighs. Never joules, unless
    `idle_watts` and `loop_watts` say what was measured in a loop of the model as it is."""

    name: ClassVar[str] = "energy"
    counts_only: ClassVar[bool] = True
    came_from: ClassVar[str] = (
        "RAMAN, NullaNet Tiny and spiking arrays, which all claim energy; VPUNN's power factors"
    )

    idle_watts: float | None = option(None, "measured power of the NPU at rest, W", ge=0, le=1e4)
    loop_watts: float | None = option(None, "measured power in a loop of this model, W", gt=0, le=1e4)
    loop_us: float | None = option(
        None, "measured latency in that loop, us; the predicted one by default", gt=0, le=1e12
    )

    @model_validator(mode="after")
    def _both(self) -> EnergyOf:
        if (self.idle_watts is None) != (self.loop_watts is None):
            raise ValueError("idle_watts and loop_watts are of one measurement; give both or none")
        if self.idle_watts is not None and self.loop_watts is not None and self.loop_watts <= self.idle_watts:
            raise ValueError(
                f"the loop takes {self.loop_watts:g} W and rest {self.idle_watts:g} W; the loop must take more"
            )
        if self.loop_us is not None and self.loop_watts is None:
            raise ValueError("loop_us is of the measured loop; give idle_watts and loop_watts too")
        return self

    def run(self, graph: Graph, hw: Hardware, simulate: Simulate) -> Found:
        """The report under the what-ifs behind, with units, and their ratio to those of the graph as it is."""
        behind = simulate.what_ifs
        try:
            refuse_runs(behind)
        except BadArgument:
            raise BadArgument(
                "what-if 'energy' counts one run; what composes several comes in front of it"
            ) from None
        report = simulate(graph, hw)
        before = _of(graph, hw, simulate)
        base_us = report.latency_us
        if behind:
            from npusim.whatif.run import applied

            after = _of(*applied(graph, hw, behind, simulate.compiler, simulate.precision), simulate)
            base_us = simulate.alone(graph, hw).latency_us
        else:
            after = before
        activity = after.units / max(1e-9, report.latency_us * float(hw.mac_array.clock_mhz) * report.tiles)
        numbers = {
            "array_units": after.array,
            "dsp_units": after.dsp,
            "ddr_bytes": after.nbytes,
            "share_of_virus": activity / VIRUS.get(hw.generation, VIRUS["4000"]),
        }
        lines = [
            f"array {scaled(after.array)}units, DSPs {scaled(after.dsp)}units, {nbytes(after.nbytes)} of DDR; a unit "
            f"is a cycle of one array at the power of Intel's power virus"
        ]
        sentence = f"{scaled(after.units)}units, {100 * numbers['share_of_virus']:.0f}% of the power virus on average"
        ratios = _ratios(before, after, report.latency_us / base_us if base_us else 1.0)
        if behind:
            low, high = min(ratios.values()), max(ratios.values())
            numbers |= {f"{part}_ratio": ratio for part, ratio in ratios.items()}
            numbers |= {"ratio_low": low, "ratio_high": high}
            sentence += f"; {low:.2f} to {high:.2f} of what it takes without"
            lines.append("of without: " + ", ".join(f"{part} {ratio:.2f}" for part, ratio in ratios.items()))
        if self.loop_watts is not None and self.idle_watts is not None:
            lines.append(self._joules(numbers, ratios, report, base_us))
        rows = sorted(after.by_op.items(), key=lambda item: -item[1])[:TOP_OPS]
        table: tuple[dict[str, Value], ...] = tuple({"op_type": op, "units": units} for op, units in rows)
        return Found(report, sentence, tuple(lines), numbers, {"by_op": table})

    def _joules(
        self, numbers: dict[str, float], ratios: dict[str, float], report: Report, base_us: float
    ) -> str:
        """The measured energy of the loop, scaled by the ratios; its spread is theirs and that of the latency."""
        assert self.loop_watts is not None and self.idle_watts is not None
        base_low = base_high = self.loop_us or base_us
        if self.loop_us is None and report.band_us and report.latency_us:
            base_low, base_high = (base_us * end / report.latency_us for end in report.band_us)
        above = self.loop_watts - self.idle_watts
        low, high = above * base_low * min(ratios.values()), above * base_high * max(ratios.values())
        numbers |= {"microjoules_low": low, "microjoules_high": high}
        where = "measured" if self.loop_us else "predicted"
        return f"{low / 1e3:.3g} to {high / 1e3:.3g} mJ above rest an inference: {above:g} W measured, latency {where}"


def _of(graph: Graph, hw: Hardware, simulate: Simulate) -> Energy:
    profile = load_profile(simulate.compiler)
    hw = profile.priced(hw)
    plan = compile_graph(graph, hw, profile, simulate.precision)
    return energy_of(plan, hw, price(plan, hw))


def _ratios(before: Energy, after: Energy, time_ratio: float) -> dict[str, float]:
    """After over before of each part that weighs anything, and of the time, which what leaks goes with."""
    parts = {
        "array": (before.array, after.array),
        "DSPs": (before.dsp, after.dsp),
        "DDR": (before.nbytes, after.nbytes),
    }
    found = {"time": time_ratio}
    for part, (was, now) in parts.items():
        if was > LEAST_SHARE * before.units or (part == "DDR" and was):
            found[part] = now / was
    return found
