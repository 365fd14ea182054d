"""Report -> columns of plain numbers, as the scripts of a page want them: short, and rounded as the JSON report is."""

from __future__ import annotations

import re
from collections import defaultdict
from heapq import nlargest
from typing import Any

from npusim.report.alike import alike
from npusim.report.record import Report
from npusim.report.words import MEMORIES, kind, port

COLOURS = 7  # op types with a colour of their own; the others share the last
LAYER = re.compile(r"^(.*?\d+)(?:[/._]|$)")


class Texts:
    """Every text once; columns hold its number. Number 0 is the empty text."""

    def __init__(self) -> None:
        self.all: dict[str, int] = {"": 0}

    def number(self, text: str) -> int:
        """The number of a text."""
        return self.all.setdefault(text, len(self.all))


def run_columns(report: Report, texts: Texts, key: str) -> dict[str, Any]:
    """One run: nodes, tasks and tracks, in columns. `key` is the id of its chart."""
    place = {node.name: i for i, node in enumerate(report.nodes)}
    groups = alike(report.nodes)
    group_of = {id(node): k for k, group in enumerate(groups) for node in group.nodes}
    tracks, track = _tracks(report)
    nodes = report.nodes
    tasks = report.tasks
    return {
        "id": key,
        "latency_us": us(report.latency_us - report.host_us),
        "tracks": tracks,
        "track": track,
        "peaks": report.peaks,
        "capacity_bytes": report.scratchpad_bytes,
        "groups": [texts.number(group.name) for group in groups],
        "nodes": {
            "name": [n.name for n in nodes],
            "op": [n.op_type for n in nodes],
            "engine": [n.engine for n in nodes],
            "bound": [n.bound_by for n in nodes],
            "source": [n.source for n in nodes],
            "lowering": [n.lowering for n in nodes],
            "split": [n.split for n in nodes],
            "critical": [us(n.critical_us) for n in nodes],
            "busy": [us(max(n.busy_us.values(), default=0.0)) for n in nodes],
            "start": [us(n.start_us) for n in nodes],
            "span": [us(n.duration_us) for n in nodes],
            "bytes": [number(n.bytes_moved) for n in nodes],
            "macs": [number(n.macs) for n in nodes],
            "elements": [number(n.dsp_elements) for n in nodes],
            "held": [number(n.scratchpad_bytes) for n in nodes],
            "tiles": [n.tiles for n in nodes],
            "pieces": [n.pieces for n in nodes],
            "repeats": [n.repeats for n in nodes],
            "reason": [texts.number(n.reason) for n in nodes],
            "fused": [", ".join(n.fused) for n in nodes],
            "origin": [f"{n.origin_op} {n.origin}".strip() for n in nodes],
            "layer": [texts.number(layer(n.name)) for n in nodes],
            "group": [group_of[id(n)] for n in nodes],
        },
        "tasks": {
            "node": [place.get(t.node, -1) for t in tasks],
            "label": [_label(t.name, t.node) for t in tasks],
            "engine": [t.engine for t in tasks],
            "start": [us(t.start_us) for t in tasks],
            "time": [us(t.duration_us) for t in tasks],
            "tiles": [t.tiles for t in tasks],
            "dsps": [t.dsps for t in tasks],
            "bytes": [number(t.nbytes) for t in tasks],
            "path": [us(t.path_us) for t in tasks],
            "from": [MEMORIES.get(t.source, "").replace("CMX", "scratchpad") for t in tasks],
            "to": [MEMORIES.get(t.destination, "").replace("CMX", "scratchpad") for t in tasks],
        },
    }


def colours(*reports: Report) -> dict[str, int]:
    """Op types that take most time -> the number of their colour."""
    spent: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        for node in report.nodes:
            spent[node.op_type] += node.critical_us + 1e-9 * sum(node.busy_us.values())
    return {op: k for k, op in enumerate(nlargest(COLOURS, spent, key=spent.__getitem__))}


def layer(name: str) -> str:
    """The layer a node is of: its path up to the first number, else up to its own name."""
    found = LAYER.match(name)
    if found and "/" in name[found.end(1) :]:
        return found.group(1)
    return name.rpartition("/")[0] or name


def us(value: float) -> float:
    """As the JSON report rounds times: to a nanosecond."""
    return number(value, 3)


def number(value: float, decimals: int = 3) -> float:
    """Whole numbers without a point."""
    rounded = round(float(value), decimals)
    return int(rounded) if rounded == int(rounded) else rounded


def _label(name: str, node: str) -> str:
    return name.removeprefix(node).strip("/") if name.startswith(node) else name


def _tracks(report: Report) -> tuple[list[str], dict[str, int]]:
    """Names of the tracks that tasks run on, top to bottom, and the place of each by its key."""
    found: set[tuple[int, int, int]] = set()
    for t in report.tasks:
        engine = kind(t.engine)
        if engine == "dma":
            found.add((0, port(t.engine), 0))
        for tile in range(t.tiles if engine != "dma" else 0):
            dsps = range(t.dsps) if engine == "dsp" else (-1,)
            found |= {(1, tile, dsp) for dsp in dsps}
    names, places = [], {}
    for k, (group, unit, dsp) in enumerate(sorted(found)):
        if group == 0:
            names.append(f"DMA {unit}")
            places[f"dma{unit}"] = k
        elif dsp < 0:
            names.append(f"tile {unit} MAC")
            places[f"mac{unit}"] = k
        else:
            names.append(f"tile {unit} DSP {dsp}")
            places[f"dsp{unit}.{dsp}"] = k
    return names, places
