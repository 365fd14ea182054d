"""What a reader must doubt: kernels whose sources disagree, and headlines that rest on one number that may be wrong."""

from __future__ import annotations

from collections import defaultdict

from npusim.arch.hardware import Hardware
from npusim.arch.sources import COMPILER
from npusim.compiler.plan import Plan
from npusim.measures import kernels_of
from npusim.schedule import Timeline

APART = 2.0  # sources that differ by this factor are named
HEADLINE_SHARE = 0.25  # of the latency on one assumed number


def sources_differ(kernels: tuple[str, ...], hw: Hardware) -> str:
    """A sentence a kernel of a step whose line is far from the price that Intel's compiler plans with; '' if none."""
    found = []
    for name in dict.fromkeys(kernels):
        line = hw.dsp.kernels.get(name)
        if line is None:
            continue
        if other := _other(name, hw):
            found.append(
                f"sources differ: '{name}' takes {line.cycles_per_element:.3g} DSP cycles an element here, {other}"
            )
    return "; ".join(found)


def rests_on_assumptions(plan: Plan, hw: Hardware, line: Timeline) -> list[str]:
    """A warning for each kernel without a figure for this NPU, or with two that disagree, that the DSPs spend more
    than a quarter of the latency on."""
    spent: dict[str, float] = defaultdict(float)
    for i, name in kernels_of(plan):
        spent[name] += line.time_ns[i]
    latency = float(line.latency_ns)
    warnings = []
    for name, time in spent.items():
        source = hw.sources.get(f"dsp.kernels.{name}.cycles_per_element")
        if source is None or source.kind == COMPILER or time <= HEADLINE_SHARE * latency:
            continue
        kernel = hw.dsp.kernels[name]
        known, other = kernel.compiler_cycles_per_element, _other(name, hw)
        spent_on = (
            f"{time / 1e3:.0f} us of kernel '{name}' beside a latency of {latency / 1e3:.0f} us rest on one"
        )
        here = f"{kernel.cycles_per_element:.3g} DSP cycles an element ({source.where})"
        if source.kind == "assumed" and (known is None or _apart(name, hw)):
            second = "" if known is None else f"; the price Intel's compiler plans with is {known:.3g}"
            warnings.append(f"{spent_on} assumed number, {here}{second}")
        elif source.kind != "assumed" and other:
            warnings.append(f"{spent_on} of two sources that differ, {here}; {other}")
    return warnings


def _other(name: str, hw: Hardware) -> str:
    """What another source says of a kernel, where that is a factor of `APART` away; else ''."""
    if _apart(name, hw):
        known = hw.dsp.kernels[name].compiler_cycles_per_element
        return f"{known:.3g} by the price Intel's compiler plans with"
    other = _far_end(name, hw)
    return "" if other is None else f"{other:.3g} by another source for this or a neighbouring NPU"


def _far_end(name: str, hw: Hardware) -> float | None:
    """The end of a line's range that is a factor of `APART` away: what its other source says."""
    source = hw.sources.get(f"dsp.kernels.{name}.cycles_per_element")
    value = float(hw.dsp.kernels[name].cycles_per_element)
    if source is None or source.range is None or value <= 0:
        return None
    ends = [end for end in source.range if end > 0 and max(end / value, value / end) >= APART]
    return max(ends, key=lambda end: abs(end / value - 1), default=None)


def _apart(name: str, hw: Hardware) -> bool:
    line = hw.dsp.kernels[name]
    known = line.compiler_cycles_per_element
    if known is None or not known or not line.cycles_per_element:
        return False
    ratio = line.cycles_per_element * hw.dsp.lines_vector_bits / hw.dsp.vector_bits / known
    return bool(ratio >= APART or ratio <= 1 / APART)
