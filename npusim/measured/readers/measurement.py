"""`ov-measure/1`: what `npusim crosscheck --save` keeps of a run through OpenVINO, and reads back.

    {"format": "ov-measure/1", "model": ..., "model_sha256": ..., "date": ..., "device": {...},
     "latency_us": {"median": ..., "p10": ..., "p90": ..., "runs": ..., "warm_up": ...},
     "layers": [{"name", "op_type", "status", "exec_type", "real_us", "cpu_us"}, ...]}

`device` holds OpenVINO's own words: requested, executed_on, name, driver, compiler, openvino, tiles, turbo,
precision; a property the device does not have is null.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from npusim.measured.profile import Profile
from npusim.measured.readers.benchmark import device_label
from npusim.measured.readers.counters import STATUSES, Row, profile_of_rows
from npusim.measured.readers.foreign import BadReport, mapping, sequence, text_of, time_us
from npusim.measured.readers.forms import form

FORMAT = "ov-measure/1"


@dataclass(frozen=True, slots=True)
class Latency:
    """Microseconds over `runs` inferences, one at a time, after `warm_up` others."""

    median: float
    p10: float
    p90: float
    runs: int
    warm_up: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run. `device`: see the head of this file. `layers`: from a second build, with counters."""

    model: str
    model_sha256: str
    date: str
    device: dict[str, Any]
    latency_us: Latency
    layers: tuple[Row, ...]


def to_json(measured: Measurement) -> str:
    """The measurement as JSON text, one layer a line."""
    head = asdict(measured)
    del head["layers"]
    lines = [json.dumps(row._asdict(), allow_nan=False) for row in measured.layers]
    parts = [
        f"{json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in ({"format": FORMAT} | head).items()
    ]
    return "{\n" + ",\n".join(parts) + ',\n"layers": [\n  ' + ",\n  ".join(lines) + "\n]\n}\n"


@form("ov-measure/1", key="format")
def read_measurement(document: dict[str, Any], path: str | Path) -> Profile:
    """The profile of a saved measurement. Raises BadReport."""
    if document.get("format") != FORMAT:
        raise BadReport(
            f"{path}: format is '{str(document.get('format'))[:40]}', this npusim reads {FORMAT}; measure anew"
        )
    device = mapping(document.get("device"), path, "device")
    latency = mapping(document.get("latency_us"), path, "latency_us")
    times = {key: time_us(latency.get(key), path, f"latency_us.{key}") for key in ("median", "p10", "p90")}
    rows = [
        _row(mapping(item, path, "a layer"), path)
        for item in sequence(document.get("layers"), path, "layers")
    ]
    executed = text_of(device.get("executed_on"), path, "device.executed_on")
    facts = {"latency_us": latency, "device": device, "synchronous": True, "requests": "1"}
    facts["model_sha256"] = str(document.get("model_sha256", ""))
    base = profile_of_rows([rows], path, "npusim measurement") if rows else Profile(str(path), "", "")
    tiles = device.get("tiles")
    return replace(
        base,
        form="npusim measurement",
        label=device_label(executed),
        device=str(device.get("name") or executed)[:80],
        device_named=True,
        latency_us=times["median"],
        tiles=tiles if isinstance(tiles, int) and 0 < tiles < 1000 else 0,
        facts=facts,
    )


def _row(item: dict[str, Any], path: str | Path) -> Row:
    name = text_of(item.get("name"), path, "name of a layer")
    where = f"layer '{name[:60]}'"
    op_type, status, exec_type = (
        text_of(item.get(key), path, f"{where}: {key}") for key in ("op_type", "status", "exec_type")
    )
    if status not in STATUSES:
        raise BadReport(f"{path}: {where}: status is '{status[:40]}'; known are {', '.join(STATUSES)}")
    real, cpu = (time_us(item.get(key), path, f"{where}: {key}") for key in ("real_us", "cpu_us"))
    return Row(name, op_type, status, exec_type, real, cpu)
