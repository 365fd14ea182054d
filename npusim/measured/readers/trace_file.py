"""Traces in Intel's form: `compileTimeScheduleTrace.json` of the compiler, `profiling.json` of a real NPU, ours.

One form, three origins, told apart by the file itself: workpoint status SIM is a simulation (ours names a bound
for every layer), any other status was measured. A frequency that changed during the inference sets INVALID.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from npusim.measured.layers import EXEC_TYPES, engine_times, layers_of, total_bytes
from npusim.measured.profile import MEASURED, PREDICTED, VENDOR, Profile, ProfileTask
from npusim.measured.readers.foreign import BadReport, mapping, sequence, text_of, time_us
from npusim.measured.readers.forms import form

_ITEM_BYTES = {"i1": 1 / 8, "i2": 0.25, "i4": 0.5, "i8": 1, "i16": 2, "i32": 4, "i64": 8}
_ITEM_BYTES |= {"f8": 1, "f16": 2, "bf16": 2, "f32": 4, "f64": 8}
_CLUSTER = re.compile(r"^Cluster \((\d+)\)")
_TENSOR = re.compile(r"^\[?((?:\d+x)*)([a-z]+\d+)")
#: A DMA task's name may carry the compiler's own copy words behind the layer's.
_SUFFIXES = ("/WithoutBiases",)


@form("traces", key="traceEvents")
def read_trace(document: dict[str, Any], path: str | Path) -> Profile:
    """The profile in a trace document. Raises BadReport; an INVALID workpoint is refused."""
    point = mapping(document.get("workpoint", {}), path, "workpoint")
    status = text_of(point.get("status", "UNKNOWN"), path, "workpoint.status").upper()
    if status == "INVALID":
        raise BadReport(
            f"{path}: workpoint status is INVALID: the NPU's frequency changed during the inference, "
            "so its times mean nothing; record the profile again"
        )
    if status not in ("SIM", "OK", "UNKNOWN"):
        raise BadReport(
            f"{path}: workpoint status is '{status[:40]}'; known are SIM, OK, INVALID and UNKNOWN"
        )
    events = [
        mapping(e, path, "an event") for e in sequence(document.get("traceEvents"), path, "traceEvents")
    ]
    places = _places(events, path)
    tasks, own = [], False
    for event in events:
        if event.get("ph") != "X":
            continue
        if event.get("cat") == "Layer":
            own = own or "Bound by" in mapping(event.get("args", {}), path, "args of a layer")
        elif str(event.get("cat")) in EXEC_TYPES and (task := _task(event, places, path)) is not None:
            tasks.append(task)
    if not tasks:
        raise BadReport(f"{path}: is a trace without a single DMA, DPU or Shave task")
    label = (PREDICTED if own else VENDOR) if status == "SIM" else MEASURED
    return _profile(tasks, label, status, point, path)


def _profile(
    tasks: list[ProfileTask], label: str, status: str, point: dict[str, Any], path: str | Path
) -> Profile:
    # A workpoint that names no frequency is no reason to lose the times.
    clock = point.get("freq", 0.0)
    clock = float(clock) if isinstance(clock, int | float) and 0 < clock < 1e5 else 0.0
    splits = _splits(Path(path))
    layers = layers_of(tasks, splits)
    loose: dict[str, float] = defaultdict(float)
    for task in tasks:
        if not task.layer:
            loose[task.op_type] += task.duration_us
    notes = []
    if status == "UNKNOWN":
        notes.append("the file does not say whether the NPU kept its frequency")
    if free := sorted({layer.op_type for layer in layers if layer.unpriced}):
        notes.append(f"compute given no time at all: {', '.join(free)}")
    if not any(t.engine == "dma" for t in tasks):
        notes.append("no transfers in this file (NPU 4000 records none); bytes and DMA time are not compared")
    words = {
        MEASURED: "profile of a real NPU",
        VENDOR: "schedule of Intel's compiler",
        PREDICTED: "npusim trace",
    }
    return Profile(
        path=str(path),
        form=words[label],
        label=label,
        device="NPU",
        device_named=True,
        latency_us=max(t.start_us + t.duration_us for t in tasks) - min(t.start_us for t in tasks),
        layers=tuple(layers),
        tasks=tuple(tasks),
        engines=engine_times(tasks),
        engines_are="time in which a unit of the engine works",
        tiles=len({t.unit for t in tasks if t.engine != "dma"}),
        mac_clock_mhz=clock,
        status=status,
        bytes_moved=total_bytes(tasks),
        loose_us=dict(loose),
        notes=tuple(notes),
    )


def _places(events: list[dict[str, Any]], path: str | Path) -> dict[Any, str]:
    """Name of the process of each pid: 'DMA', 'Cluster (0)', ..."""
    places = {}
    for event in events:
        if event.get("ph") == "M" and event.get("name") == "process_name":
            name = mapping(event.get("args", {}), path, "args of a process").get("name", "")
            places[str(event.get("pid"))] = text_of(name, path, "name of a process")
    return places


def _task(event: dict[str, Any], places: dict[Any, str], path: str | Path) -> ProfileTask | None:
    name = text_of(event.get("name"), path, "name of a task")
    if "/variant_" in name:
        return None  # a DPU task's own parts: the same time once more
    layer, marked, rest = name.partition("?t_")
    for suffix in _SUFFIXES:
        layer = layer.removesuffix(suffix)
    engine = EXEC_TYPES[event["cat"]]
    place = places.get(str(event.get("pid")), "")
    unit = f"{place}/{event.get('tid')}" if engine == "dma" or not _CLUSTER.match(place) else place
    return ProfileTask(
        layer=layer if marked else "",
        op_type=rest.split("/")[0] if marked else name.split("/")[0][:60],
        engine=engine,
        unit=unit,
        start_us=time_us(event.get("ts"), path, f"ts of '{name[:60]}'"),
        duration_us=time_us(event.get("dur"), path, f"dur of '{name[:60]}'"),
        nbytes=_ddr_bytes(event.get("args"), path) if engine == "dma" else None,
    )


def _ddr_bytes(args: Any, path: str | Path) -> float | None:
    """Bytes into or out of DDR (both, when from DDR to DDR); None when the file does not say.

    A gather names its whole table as input (`128 chunks of [46881792xui8]`) but moves only what it writes.
    """
    if args is None:
        return None
    plain = {key.rstrip(":"): value for key, value in mapping(args, path, "args of a transfer").items()}
    source, destination = plain.get("Source memory"), plain.get("Destination memory")
    into, out = str(plain.get("Input tensor shape", "")), str(plain.get("Output tensor shape", ""))
    read, written = _tensor_bytes(out if "chunks of" in into else into), _tensor_bytes(out)
    if source is None or destination is None or read is None or written is None:
        return None
    return (read if source == "DDR" else 0.0) + (written if destination == "DDR" else 0.0)


def _tensor_bytes(text: str) -> float | None:
    """Bytes of `[256x512xui8]`, also with a quantisation behind the type; None when it is none."""
    found = _TENSOR.match(text)
    if found is None or len(text) > 200:
        return None
    item = found[2] if found[2] in _ITEM_BYTES else re.sub(r"^[us](?=i)", "", found[2])
    if item not in _ITEM_BYTES:
        return None
    return math.prod(int(d) for d in found[1].split("x") if d) * _ITEM_BYTES[item]


def _splits(path: Path) -> dict[str, str]:
    """Layer -> the compiler's strategies over its tiles, from `strategy_out.json` beside a trace."""
    file = path.parent / "strategy_out.json"
    try:
        document = json.loads(file.read_bytes()) if file.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}  # an extra; the trace itself is whole
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for name, plan in document.items() if isinstance(document, dict) else ():
        if isinstance(plan, dict) and isinstance(plan.get("multiClusterStrategy"), str):
            found[name.partition("?t_")[0].removesuffix("/WithoutBiases")][plan["multiClusterStrategy"]] = (
                None
            )
    return {name: "+".join(words) for name, words in found.items()}
