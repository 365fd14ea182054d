"""How long one DMA port needs for a transfer: latency and data partly side by side, then a page's cost.

    start = latency + ramp * bytes / (bytes + 1024)       the ramp: latency that short transfers do not see
    ns    = (start^p + (bytes / rate)^p)^(1/p) + page     p = overlap_exponent; page only beyond 4 KiB

Latency, ramp, page and rate are each of the direction. A transfer that touches DDR never runs faster than its
share of the DDR bandwidth. A transfer that permutes its elements moves `dma.permute_elements_per_cycle`.
Everything broadcasts: a column of transfers is one call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.work import Number

#: Codes of the memories, for columns of transfers.
MEMORIES = {"ddr": 0, "scratchpad": 1}
#: The same with where weights may come from on a machine that has a `weight_store`.
SOURCES = {**MEMORIES, "store": 2}

_RAMP_BYTES = 1024.0
_PAGE_BYTES = 4096.0  # the page of the address translation


def dma_ns(
    nbytes: Number,
    hw: Hardware,
    source: Any = "ddr",
    destination: Any = "scratchpad",
    elements: Number = 0,
    sharing_ports: Number = 1,
    busy_ports: Number = 1,
) -> Number:
    """Nanoseconds of a transfer on one port.

    Args:
        nbytes: bytes moved.
        hw: the machine; numbers may be arrays.
        source, destination: "ddr" or "scratchpad", or their codes in SOURCES, scalar or array; as a source also
            "store", the `weight_store` of the machine.
        elements: elements of a permuting transfer (0: it permutes nothing).
        sharing_ports: ports that use the DDR at the same time: each gets no more than its share.
        busy_ports: with 2 or more, the port runs at `both_ports_rate_ratio` of its rate. Only Intel's net
            for NPU 4000 has such a ratio; measured transfers know nothing of it, so plans are priced with 1.

    Raises:
        BadArgument: a memory that is none, or that the machine has not.
    """
    from_code, to_code = _codes(source), _codes(destination)
    if np.any(from_code == SOURCES["store"]):
        return _from_store(nbytes, hw, from_code, to_code, elements, sharing_ports, busy_ports)
    code = from_code * 2 + to_code  # 0: ddr->ddr, 1: ddr->scratchpad, 2: scratchpad->ddr, 3: within
    size, permuted = np.asarray(nbytes, dtype=float), np.asarray(elements)
    rate = hw.dma.bytes_per_cycle * (hw.dsp.clock_mhz * 1e-3)
    share = hw.ddr.bandwidth_gb_per_s / np.maximum(sharing_ports, 1)  # 1 GB/s is 1 byte per ns
    if not (code.ndim == 2 and code.shape[1] == 1 and (np.ndim(rate) or np.ndim(share))):
        return _of_code(code, size, hw, permuted, share, busy_ports)
    # A column of transfers at many points: those of a direction share its rates, so each direction goes alone.
    size, permuted = (np.broadcast_to(v, np.broadcast_shapes(v.shape, code.shape)) for v in (size, permuted))
    parts = []
    for kind in sorted(set(code.ravel().tolist())):
        rows = np.flatnonzero(code[:, 0] == kind)
        time = _of_code(np.int64(kind), size[rows], hw, permuted[rows], share, busy_ports)
        if len(rows) == len(code):
            return time
        parts.append((rows, np.asarray(time)))
    times = np.empty((len(code), *np.broadcast_shapes(*(time.shape[1:] for _, time in parts))))
    for rows, time in parts:
        times[rows] = time
    return times


def _of_code(code: Any, size: Any, hw: Hardware, elements: Any, share: Any, busy_ports: Number) -> Number:
    """Nanoseconds of transfers in the direction `code` (source * 2 + destination), one or one a transfer; `share` is
    what each port has of the DDR's bandwidth."""
    dma = hw.dma

    def of_direction(name: str, reference: Any) -> Any:
        blocks = (dma.ddr_to_ddr, dma.scratchpad_to_ddr, dma.scratchpad_to_scratchpad)
        inside, out, within = (getattr(block, name) for block in blocks)
        return np.where(code == 0, inside, np.where(code == 1, reference, np.where(code == 2, out, within)))

    clock_ghz = hw.dsp.clock_mhz * 1e-3
    rate = of_direction("rate_ratio", 1.0) * (dma.bytes_per_cycle * clock_ghz)
    both = of_direction("both_ports_rate_ratio", dma.both_ports_rate_ratio)
    rate = rate * np.where(np.asarray(busy_ports) > 1, both, 1.0)
    rate = np.where(code < 3, np.minimum(rate, share), rate)  # it touches the DDR
    moving = size / rate
    if elements.any():
        moving = np.maximum(moving, elements / (dma.permute_elements_per_cycle * clock_ghz))
    start = of_direction("latency_ratio", 1.0) * dma.latency_ns
    start = start + of_direction("ramp_ns", dma.ramp_ns) * (size / (size + _RAMP_BYTES))
    page = of_direction("page_ns", dma.page_ns) * (size > _PAGE_BYTES)
    power = dma.overlap_exponent
    return (start**power + moving**power) ** (1.0 / power) + page


def _from_store(
    nbytes: Number, hw: Hardware, from_code: Any, to_code: Any, elements: Number, ports: Number, busy: Number
) -> Number:
    """The same where some transfers come from the store: a port at its own rate or at its share of the store's, behind
    the store's latency."""
    store = hw.weight_store
    if store is None:
        raise BadArgument(
            f"memory codes are 0 (ddr) and 1 (scratchpad); '{hw.name}' has no weight_store (2) to take weights from"
        )
    kept = from_code == SOURCES["store"]
    others = dma_ns(nbytes, hw, np.where(kept, 0, from_code), to_code, elements, ports, busy)
    rate = np.minimum(
        hw.dma.bytes_per_cycle * hw.dsp.clock_mhz * 1e-3, store.bandwidth_gb_per_s / np.maximum(ports, 1)
    )
    power = hw.dma.overlap_exponent
    moved = np.asarray(nbytes, dtype=float) / rate
    return np.where(kept, (store.latency_ns**power + moved**power) ** (1.0 / power), others)


def _codes(memory: Any) -> Any:
    if isinstance(memory, str):
        if memory not in SOURCES:
            raise BadArgument(f"no memory named '{memory}'; there are {' and '.join(MEMORIES)}")
        return np.int64(SOURCES[memory])
    codes = np.asarray(memory)
    if codes.dtype.kind not in "iu" or ((codes < 0) | (codes >= len(SOURCES))).any():
        raise BadArgument(f"memory codes are 0 (ddr), 1 (scratchpad), got {memory!r}")
    return codes
