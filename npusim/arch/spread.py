"""How far each number may be off: the factor its 80 % range reaches to either side.

A file says it beside a number: `spread: 1.2` (from value / 1.2 to value * 1.2) or `range: [2000, 7250]`; a block may
carry a `spread` for all numbers below it. What a file leaves open follows from the kind of source (`BY_KIND`).

Numbers that were fitted together are off together: the constants of a convolution describe one time, so a block moves
as one factor on that time, by the widest spread of its numbers. Counts (tiles, lanes, MACs a cycle) are what they
are.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from npusim.arch.hardware import Hardware
from npusim.work import MacOp

#: 80 % of a kind's numbers are within this factor, where the file does not say (`docs/fidelity.md` judges it).
BY_KIND = {"measured": 1.05, "published": 1.25, "fitted": 1.2, "assumed": 2.0}
#: Blocks of constants that describe one time.
BLOCKS = ("mac_array.convolution", "mac_array.stencil", "mac_array.eltwise", "mac_array.permute", "dma")
#: Numbers that are off on their own.
ALONE = (
    "mac_array.clock_mhz",
    "step.minimum_ns",
    "ddr.bandwidth_gb_per_s",
    "host.latency_ns",
    "host.float32_gb_per_s",
)
KERNEL_PARTS = ("launch_cycles", "cycles_per_element", "cycles_per_row")

_BLOCK_OF = {
    int(MacOp.CONVOLUTION): "mac_array.convolution",
    int(MacOp.ELTWISE): "mac_array.eltwise",
    int(MacOp.PERMUTE): "mac_array.permute",
    int(MacOp.PERMUTE_PARTS): "mac_array.permute",
    int(MacOp.PERMUTE_IMAGE): "mac_array.permute",
}


def block_of(op: int) -> str:
    """The block whose constants price a MAC-array op."""
    return _BLOCK_OF.get(op, "mac_array.stencil")


class Spread(NamedTuple):
    """A number or block, and the logarithms of the factors down to the low and up to the high end of its range."""

    name: str
    down: float
    up: float


def spreads(hw: Hardware, kernels: tuple[str, ...] = ()) -> list[Spread]:
    """Spreads of the numbers and blocks that price a plan; of the DSP kernels, those of `kernels`."""
    return [
        *(Spread(name, *_reach(hw, name)) for name in ALONE),
        *(
            Spread(block, *_widest(hw, [n for n in hw.numbers() if n.startswith(f"{block}.")]))
            for block in BLOCKS
        ),
        *(_kernel(hw, name) for name in kernels),
    ]


def _kernel(hw: Hardware, name: str) -> Spread:
    """A kernel's time: as its numbers say, and at least to the price Intel's compiler plans with, where it has one."""
    down, up = _widest(hw, [f"dsp.kernels.{name}.{part}" for part in KERNEL_PARTS])
    line = hw.dsp.kernels[name]
    ours, theirs = float(line.cycles_per_element), float(line.compiler_cycles_per_element or 0.0)
    if ours > 0 and theirs > 0:
        wider = 1.0 if line.scalar else float(hw.dsp.lines_vector_bits) / float(hw.dsp.vector_bits)
        apart = math.log(theirs / (ours * wider))
        down, up = max(down, -apart), max(up, apart)
    return Spread(f"dsp.kernels.{name}", down, up)


def range_of(hw: Hardware, name: str) -> tuple[float, float] | None:
    """The 80 % range of a number that is off on its own; None for all others."""
    if name not in ALONE:
        return None
    down, up = _reach(hw, name)
    value = float(hw.get(name))
    return value * math.exp(-down), value * math.exp(up)


def _widest(hw: Hardware, names: list[str]) -> tuple[float, float]:
    reaches = [_reach(hw, name) for name in names]
    return max(down for down, _ in reaches), max(up for _, up in reaches)


def _reach(hw: Hardware, name: str) -> tuple[float, float]:
    """Logarithms of value / low and high / value."""
    source = hw.sources[name]
    value: Any = float(hw.get(name))
    if source.range is not None:
        low, high = source.range
        if (
            value <= 0 or low <= 0
        ):  # a number that may be 0 has no factor: its range is of what stands in its place
            return 0.0, 0.0
        return math.log(max(value / low, 1.0)), math.log(max(high / value, 1.0))
    reach = math.log(source.spread or BY_KIND[source.kind])
    return reach, reach
