"""The MAC array's clock: not a constant of a product. What sets it, and between what it has been seen."""

from __future__ import annotations

from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.errors import BadHardware

MAC, DSP, STEP = "mac_array.clock_mhz", "dsp.clock_mhz", "step.minimum_ns"
#: Least and greatest clock that parts of a generation reported, MHz: `DEVICE_GOPS` of a 155H in a container and of a
#: 270K Plus; the 155H under Windows says 1400, Intel's white paper of the 165H 1300. None of NPU 4000 or 5010.
SEEN = {"3720": (1050, 1600)}
LEAST_MHZ, MOST_MHZ = 100.0, 5000.0


def at_clock(hw: Hardware, mhz: float) -> Hardware:
    """`hw` with its MAC array at `mhz`. The clock of DSP, DMA and scratchpad keeps its ratio to it (VPUNN: 971 MHz at
    1700 and, in Intel's compiler, 1057 at 1850), and a compute step keeps its cycles.

    Raises BadHardware for a clock no NPU runs at."""
    if not LEAST_MHZ <= mhz <= MOST_MHZ:
        raise BadHardware(
            f"--clock {mhz:g}: a clock is {LEAST_MHZ:g} to {MOST_MHZ:g} MHz; write for example --clock 1400"
        )
    ratio = mhz / float(hw.mac_array.clock_mhz)
    dsp, step = float(hw.dsp.clock_mhz) * ratio, float(hw.step.minimum_ns) / ratio
    kept = hw.replace({DSP: dsp}, hw.sources[DSP]._replace(range=None))
    scaled = hw.sources[STEP]
    ends = scaled.range and (scaled.range[0] / ratio, scaled.range[1] / ratio)
    kept = kept.replace({STEP: step}, scaled._replace(range=ends))
    return kept.replace({MAC: mhz}, Source("assumed", "given by the caller", spread=1.0))


def seen(generation: str) -> str:
    """'seen 1050 to 1600 on 3720': what clocks are known of, for the page."""
    known, (low, high) = next(iter(SEEN.items()))
    low, high = SEEN.get(generation, (low, high))
    return f"seen {low} to {high} on {generation if generation in SEEN else known}"
