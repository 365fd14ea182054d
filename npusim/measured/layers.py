"""Tasks -> layers: who worked for a layer, how long, and how much it moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from npusim.measured.profile import ProfileLayer, ProfileTask
from npusim.report.statistics import union_us

ENGINES = ("mac_array", "dsp", "dma")
#: The MAC array waits for the dispatch of a compute step: a prediction knows it, a profile has no word for it.
STEP = "step"
#: The vendor's words for an execution type -> our engine. SW and Shave are its two words for the DSPs.
EXEC_TYPES = {"DPU": "mac_array", "Shave": "dsp", "SHAVE": "dsp", "SW": "dsp", "DMA": "dma", "M2I": "dma"}
EDGES = ("Parameter", "Result")


def union(tasks: Iterable[ProfileTask]) -> float:
    """Time in which at least one of the tasks runs."""
    return union_us((t.start_us, t.start_us + t.duration_us) for t in tasks)


def engine_times(tasks: Iterable[ProfileTask]) -> dict[str, float]:
    """Per engine, the time at least one of its units works."""
    tasks = list(tasks)
    times = {e: union(t for t in tasks if t.engine == e) for e in ENGINES}
    waits = union(t for t in tasks if t.engine == STEP)
    return times | ({STEP: waits} if waits else {})


def layers_of(tasks: Iterable[ProfileTask], splits: Mapping[str, str] | None = None) -> list[ProfileLayer]:
    """One record a layer, in order of start; tasks without a layer are passed over."""
    groups: dict[str, list[ProfileTask]] = defaultdict(list)
    for task in tasks:
        if task.layer:
            groups[task.layer].append(task)
    found = [_layer(name, group, (splits or {}).get(name, "")) for name, group in groups.items()]
    start = {name: min(t.start_us for t in group) for name, group in groups.items()}
    return sorted(found, key=lambda layer: start[layer.name])


def _layer(name: str, tasks: list[ProfileTask], split: str) -> ProfileLayer:
    by = {e: [t for t in tasks if t.engine == e] for e in ENGINES}
    work = by["mac_array"] + by["dsp"]
    compute = work + [t for t in tasks if t.engine == STEP]
    busy = {e: union(own) for e, own in by.items() if own}
    sizes = [t.nbytes for t in by["dma"]]
    start = min(t.start_us for t in tasks)
    end = max(t.start_us + t.duration_us for t in compute or tasks)
    main = max((e for e in ("mac_array", "dsp") if by[e]), key=lambda e: busy[e], default="dma")
    return ProfileLayer(
        name=name,
        op_type=tasks[0].op_type,
        engine=main,
        span_us=max(end - start, 0.0),
        work_us=sum(t.duration_us for t in tasks),
        busy_us=busy,
        working_us=union(tasks),
        dma_sum_us=sum(t.duration_us for t in by["dma"]),
        nbytes=None if None in sizes else sum(s for s in sizes if s is not None),
        units=len({t.unit for t in work}),
        split=split,
        unpriced=bool(work) and all(t.duration_us == 0 for t in work),
    )


def total_bytes(tasks: Iterable[ProfileTask]) -> float | None:
    """Bytes all transfers move into or out of DDR; None when one of them does not say, or there are none."""
    sizes = [t.nbytes for t in tasks if t.engine == "dma"]
    return None if not sizes or None in sizes else sum(s for s in sizes if s is not None)
