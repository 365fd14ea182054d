"""Published figures of whole networks against what a simulation of their graph says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from npusim.arch.hardware import Hardware
from npusim.errors import NpusimError
from npusim.reference.errors import NetworkRow
from npusim.reference.folder import NETWORKS, PUBLISHED, Folder
from npusim.reference.rows import bad_table, read_table

if TYPE_CHECKING:
    from npusim.graph import Graph
    from npusim.report.record import Report

#: `npu_gen` of the table (its first letters) and the generation of the hardware.
_GENERATIONS = {"NPU3720": "3720", "NPU37": "3720", "NPU4": "4000", "NPU5": "5010"}
_METRICS = ("throughput", "latency_sync", "latency", "inference_ms_per_image")
_UNITS = {"ms": 1e3, "us": 1.0}
_DOUBTFUL = ("ANOMALY", "SUSPECT", "conf=low")


def report_of(
    graph_path: str | Path, hardware: Hardware, precision: str, metric: str, band: bool = True
) -> Report:
    """The simulation of a published figure; `metric` is a word of the table ('throughput', 'latency_sync').

    The one place where a metric becomes a simulation.
    """
    from npusim.simulation import MEASURED_COMPILER, simulate

    mode = "throughput" if metric == "throughput" else "latency"
    return simulate(
        _graph(str(graph_path)), hardware, MEASURED_COMPILER, precision=precision, mode=mode, band=band
    )


@lru_cache(maxsize=8)
def _graph(path: str) -> Graph:
    from npusim.model_files import load

    return load(path)


def networks(folder: Folder, hardware: list[Hardware], skipped: Counter[str]) -> list[NetworkRow]:
    """Rows of the published table whose model has a graph and whose NPU is one of `hardware`."""
    published, graphs = folder.find(PUBLISHED), folder.find(NETWORKS)
    if published is None or graphs is None:
        return []
    try:
        graph_of = {row["model"]: row["graph"] for row in read_table(graphs)}
        table = read_table(published)
        rows = [(row, _microseconds(row)) for row in table if row["model"] in graph_of]
        others = sum(row["model"] not in graph_of for row in table)
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        raise bad_table(published, error) from None
    if others:
        skipped[f"{published.name}: models without a graph in {graphs.name}"] += others
    found: list[NetworkRow] = []
    for row, published_us in rows:
        path = folder.path / ".." / "graphs" / graph_of[row["model"]]
        generation = _generation(row["npu_gen"])
        why = ""
        if not path.is_file():
            why = f"graph {graph_of[row['model']]} not found beside the folder"
        elif published_us is None:
            why = f"metric {row['metric']} in {row['unit']}"
        elif row["precision"] not in ("fp16", "int8"):
            why = f"precision {row['precision']}"
        if why:
            skipped[f"{published.name}: {why}"] += 1
            continue
        for hw in (each for each in hardware if each.generation == generation):
            try:
                found.append(_row(row, published_us or 0.0, path, hw))
            except NpusimError as error:
                skipped[
                    f"{published.name}: {row['model']} on {hw.name}: {type(error).__name__}: {error}"
                ] += 1
    return found


def left_out(folder: Folder, rows: Sequence[NetworkRow], hardware: list[Hardware]) -> list[tuple[str, float]]:
    """Mean error in percent of each network of the fitted product with the constants fitted to its other networks."""
    from npusim.compiler.compile import compile_graph
    from npusim.compiler.rules.profile import load_profile
    from npusim.reference.networks_fit import PRODUCT, NetworkPoint, leave_one_out
    from npusim.simulation import MEASURED_COMPILER

    own = [r for r in rows if PRODUCT in r.product and r.judged]
    hw = next((h for h in hardware if own and h.name == own[0].hardware), None)
    table = folder.find(NETWORKS)
    if hw is None or table is None or len({r.model for r in own}) < 2:
        return []
    graph_of = {row["model"]: folder.path / ".." / "graphs" / row["graph"] for row in read_table(table)}
    rules = load_profile(MEASURED_COMPILER)
    plans = {
        key: compile_graph(_graph(str(graph_of[key[0]])), hw, rules, key[1])
        for key in dict.fromkeys((r.model, r.precision) for r in own)
    }
    points = [
        NetworkPoint(r.model, plans[r.model, r.precision], r.published_us, r.metric != "throughput")
        for r in own
    ]
    return [(model, float(abs(off).mean()) * 100) for model, off in leave_one_out(hw, points).items()]


def _row(row: dict[str, str], published_us: float, path: Path, hw: Hardware) -> NetworkRow:
    report = report_of(path, hw, row["precision"], row["metric"])
    doubts = [word for word in _DOUBTFUL if word in row.get("notes", "")]
    return NetworkRow(
        product=row["hardware"],
        generation=hw.generation,
        hardware=hw.name,
        model=row["model"],
        precision=row["precision"],
        metric=row["metric"],
        published_us=published_us,
        predicted_us=report.latency_us,
        band_us=report.band_us,
        judged=not doubts,
        why=", ".join(doubts),
    )


def _generation(words: str) -> str:
    start = re.sub(r"\W", "", words.split("(")[0]).upper()
    return next((gen for begin, gen in _GENERATIONS.items() if start.startswith(begin)), "")


def _microseconds(row: dict[str, str]) -> float | None:
    """What the row says in microseconds an inference; None when it says something else."""
    if row["metric"] not in _METRICS:
        return None
    if row["unit"] == "FPS":
        return 1e6 / float(row["value"])
    return float(row["value"]) * _UNITS[row["unit"]] if row["unit"] in _UNITS else None
