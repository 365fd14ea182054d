"""How long one DMA port needs for a transfer: latency + ramp + bytes / rate, each of the direction.

The ramp is latency that only transfers well beyond 1 KiB see: ramp * bytes / (bytes + 1024).

A transfer that touches DDR never runs faster than its share of the DDR bandwidth. A transfer that permutes
its elements moves `dma.permute_elements_per_cycle`. Everything broadcasts: a column of transfers is one call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.arch.blocks import Direction
from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.work import Number

#: Codes of the memories, for columns of transfers.
MEMORIES = {"ddr": 0, "scratchpad": 1}

_RAMP_BYTES = 1024.0
_REFERENCE = Direction(
    latency_ratio=1.0, ramp_ratio=1.0, rate_ratio=1.0
)  # DDR -> scratchpad is what the others relate to


def dma_ns(
    nbytes: Number,
    hw: Hardware,
    source: Any = "ddr",
    destination: Any = "scratchpad",
    run_bytes: Number | None = None,
    elements: Number = 0,
    sharing_ports: Number = 1,
) -> Number:
    """Nanoseconds of a transfer on one port.

    Args:
        nbytes: bytes moved.
        hw: the machine; numbers may be arrays.
        source, destination: "ddr" or "scratchpad", or their codes in MEMORIES (0 or 1), scalar or array.
        run_bytes: contiguous bytes of a strided transfer; None or 0 is one contiguous run. No public figure
            prices a run, so it changes nothing but is kept with the work it belongs to.
        elements: elements of a permuting transfer (0: it permutes nothing).
        sharing_ports: ports that use the DDR at the same time.

    Raises:
        BadArgument: a memory that is none.
    """
    from_code, to_code = _codes(source), _codes(destination)
    dma = hw.dma
    # Shape of the direction's constants: codes broadcast with the hardware's arrays.
    size = np.asarray(nbytes, dtype=float)
    latency = _by_direction(from_code, to_code, dma, "latency_ratio") * dma.latency_ns
    ramp = _by_direction(from_code, to_code, dma, "ramp_ratio") * dma.ramp_ns
    clock_ghz = hw.dsp.clock_mhz * 1e-3
    rate = _by_direction(from_code, to_code, dma, "rate_ratio") * (dma.bytes_per_cycle * clock_ghz)
    touches_ddr = (from_code == MEMORIES["ddr"]) | (to_code == MEMORIES["ddr"])
    share = hw.ddr.bandwidth_gb_per_s / np.maximum(sharing_ports, 1)  # 1 GB/s is 1 byte per ns
    rate = np.where(touches_ddr, np.minimum(rate, share), rate)
    permute = np.asarray(elements) / (dma.permute_elements_per_cycle * clock_ghz)
    return latency + ramp * (size / (size + _RAMP_BYTES)) + np.maximum(size / rate, permute)


def _by_direction(source: Any, destination: Any, dma: Any, name: str) -> Any:
    ratio = [
        getattr(block, name)
        for block in (dma.ddr_to_ddr, _REFERENCE, dma.scratchpad_to_ddr, dma.scratchpad_to_scratchpad)
    ]
    code = source * 2 + destination  # 0: ddr->ddr, 1: ddr->scratchpad, 2: scratchpad->ddr, 3: within
    return np.where(
        code == 0, ratio[0], np.where(code == 1, ratio[1], np.where(code == 2, ratio[2], ratio[3]))
    )


def _codes(memory: Any) -> Any:
    if isinstance(memory, str):
        if memory not in MEMORIES:
            raise BadArgument(f"no memory named '{memory}'; there are {' and '.join(MEMORIES)}")
        return np.int64(MEMORIES[memory])
    codes = np.asarray(memory)
    if codes.dtype.kind not in "iu" or ((codes != 0) & (codes != 1)).any():
        raise BadArgument(f"memory codes are 0 (ddr) and 1 (scratchpad), got {memory!r}")
    return codes
