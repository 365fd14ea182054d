"""Relative energy of a plan's tasks, in VPUNN's unit: one cycle of the MAC array at the power of Intel's power virus.

VPUNN (`power.h`, `energy_interface.h`, `energy_impl.cpp`) gives no watts: ideal cycles, zeros left out, times a factor
of the op and type; a DSP half of a twentieth of the array's most, for as long as it works. Transfers have no factor
there: their bytes are counted apart."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import DspTask, MacTask, Plan
from npusim.measures import ddr_bytes
from npusim.pricing import Prices
from npusim.work import MacOp, MacWork

#: VPUNN power.h:131-200 (2.7 and 4.0: 8 bits; 16 bits 1.3 of it) and 211-334 (5.0, whose common factor of 0.88 cancels
#: in ratios and is left out): factors by op.
_OLDER = {
    MacOp.CONVOLUTION: 1.0,
    MacOp.DEPTHWISE: 21.0,
    MacOp.AVERAGE_POOL: 21.0,
    MacOp.MAX_POOL: 11.0,
    MacOp.ELTWISE: 5.0,
}
_NPU5_8BIT = {
    MacOp.CONVOLUTION: 0.61,
    MacOp.DEPTHWISE: 9.63,
    MacOp.AVERAGE_POOL: 3.57,
    MacOp.MAX_POOL: 3.23,
    MacOp.ELTWISE: 29.44,
}
_NPU5_16BIT = {
    MacOp.CONVOLUTION: 1.0,
    MacOp.DEPTHWISE: 13.82,
    MacOp.AVERAGE_POOL: 3.88,
    MacOp.MAX_POOL: 2.91,
    MacOp.ELTWISE: 29.12,
}
FP16_OVER_INT8 = 1.3
VIRUS = {"3720": 1.3, "4000": 1.3, "5010": 1.0}  # most the array draws, the same unit (power.h: virus limit)
DSP_ACTIVITY, DSP_SHARE = 0.5, 0.05  # energy_impl.cpp:15-25
_LEAST_CHANNELS = 16  # fewer input channels count as so many (vpu_performance_model.h:109-150)


@dataclass
class Energy:
    """`array` and `dsp` in power-virus cycles of the MAC array, `nbytes` to and from DDR; `by_op`: array and DSP by op
    type."""

    array: float = 0.0
    dsp: float = 0.0
    nbytes: float = 0.0
    by_op: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def units(self) -> float:
        """Array and DSPs together."""
        return self.array + self.dsp


def energy_of(plan: Plan, hw: Hardware, prices: Prices) -> Energy:
    """What the tasks of a plan take; engines of the user's are not counted."""
    found = Energy()
    for i, ask in enumerate(plan.ask):
        repeats = plan.repeats[i]
        op_type = plan.steps[plan.step[i]].node.op_type
        if isinstance(ask, MacTask):
            choice = int(prices.choice[i])
            work, count = ask.alternatives[choice]
            tiles = 1 if ask.splits[choice] == "none" else plan.tiles
            units = ideal_cycles(work, hw) * factor(work, hw.generation) * count * tiles * repeats
            found.array += units
        elif isinstance(ask, DspTask):
            if plan.queue[i] < 0:
                continue
            cycles = float(prices.time_ns[i]) * 1e-3 * float(hw.mac_array.clock_mhz)
            most = VIRUS.get(hw.generation, VIRUS["4000"])
            units = DSP_ACTIVITY * DSP_SHARE * most * cycles * ask.parts
            found.dsp += units
        else:
            found.nbytes += ddr_bytes(ask, repeats)
            continue
        found.by_op[op_type] += units
    return found


def ideal_cycles(work: MacWork, hw: Hardware) -> float:
    """Cycles of one tile's array at its peak for a work, multiplications on zeros left out."""
    peak = float(hw.mac_array.macs_per_cycle) / (
        float(hw.mac_array.fp16_ratio) if float(work.input_bytes) > 1 else 1.0
    )
    pixels = float(work.groups) * float(work.out_h) * float(work.out_w) * float(work.out_c)
    taps = float(work.kernel_h) * float(work.kernel_w)
    if work.op != MacOp.CONVOLUTION:
        return float(np.ceil(pixels * taps / peak))
    zeros = max(float(work.weight_zeros), float(work.input_zeros))
    terms = max(float(work.in_c), _LEAST_CHANNELS)
    return float(np.ceil(pixels * taps * terms * (1.0 - zeros) * float(work.mac_slots) / peak))


def factor(work: MacWork, generation: str) -> float:
    """Power of an op over that of the virus, of its op and its type. A pass that only turns data counts as a maximum
    pooling, which VPUNN has in its place."""
    op = MacOp(int(work.op))
    op = MacOp.MAX_POOL if op >= MacOp.PERMUTE_IMAGE else op  # passes that only write in another order
    wide = float(work.input_bytes) > 1
    if int(generation) >= 5000:
        return (_NPU5_16BIT if wide else _NPU5_8BIT)[op]
    return _OLDER[op] * (FP16_OVER_INT8 if wide else 1.0)
