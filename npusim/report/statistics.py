"""The task statistics of Intel's traces: unions, overlaps and sums of time per engine, in microseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Interval = tuple[float, float]


def union_us(intervals: Iterable[Interval]) -> float:
    """Length of the union of (start, end) intervals: time in which at least one of them runs."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total


def task_statistics(slices: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Statistics of trace slices, each with `cat` (DMA, DPU, Shave; others are passed over), `ts` and `dur`.

    'SW' is Intel's word for the DSPs here. 'total duration' runs from 0 to the end of the last task. Variants
    of a DPU task (`.../variant_0` in Intel's files) say the same time again and are passed over.
    """
    dma, dpu, sw = (_intervals(slices := list(slices), cat) for cat in ("DMA", "DPU", "Shave"))
    everything = dma + dpu + sw
    total = max((end for _, end in everything), default=0.0)
    busy = union_us(everything)
    dma_us, dpu_us, sw_us = union_us(dma), union_us(dpu), union_us(sw)
    statistics = {
        "total duration": total,
        "DMA duration": dma_us,
        "DPU duration": dpu_us,
        "SW duration": sw_us,
        "DMA-DPU overlap": dma_us + dpu_us - union_us(dma + dpu),
        "DMA-SW overlap": dma_us + sw_us - union_us(dma + sw),
        "SW-DPU overlap": sw_us + dpu_us - union_us(sw + dpu),
        "all tasks union": busy,
        "total idle": total - busy,
        "SW duration without DPU overlap": union_us(sw + dpu) - dpu_us,
        "DMA duration without overlaps": busy - union_us(dpu + sw),
        "Sum of DMA task durations": sum(end - start for start, end in dma),
        "Sum of DPU task durations": sum(end - start for start, end in dpu),
        "Sum of SW task durations": sum(end - start for start, end in sw),
    }
    # Differences of equal sums may come out as -1e-13.
    return {key: abs(round(value, 3)) for key, value in statistics.items()}


def _intervals(slices: Iterable[Mapping[str, Any]], cat: str) -> list[Interval]:
    return [
        (slice_["ts"], slice_["ts"] + slice_["dur"])
        for slice_ in slices
        if slice_["cat"] == cat and "/variant_" not in slice_["name"]
    ]
