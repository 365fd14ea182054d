"""Published figures of whole networks against what a simulation of their graph says."""

from __future__ import annotations

import re
from collections import Counter
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

#: `npu_gen` of the table (its first letters) and the generation of the hardware.
_GENERATIONS = {"NPU3720": "3720", "NPU37": "3720", "NPU4": "4000", "NPU5": "5010"}
_METRICS = ("throughput", "latency_sync", "latency", "inference_ms_per_image")
_UNITS = {"ms": 1e3, "us": 1.0}
_DOUBTFUL = ("ANOMALY", "SUSPECT", "conf=low")


def predict_network(graph_path: str | Path, hardware: Hardware, precision: str, metric: str) -> float:
    """Predicted microseconds an inference; `metric` is a word of the table ('throughput', 'latency_sync').

    The one place where a metric becomes a simulation.
    """
    from npusim.simulation import simulate

    mode = "throughput" if metric == "throughput" else "latency"
    return float(simulate(_graph(str(graph_path)), hardware, precision=precision, mode=mode).latency_us)


@lru_cache(maxsize=8)
def _graph(path: str) -> Graph:
    from npusim.onnx_io import load

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


def _row(row: dict[str, str], published_us: float, path: Path, hw: Hardware) -> NetworkRow:
    doubts = [word for word in _DOUBTFUL if word in row.get("notes", "")]
    return NetworkRow(
        product=row["hardware"],
        generation=hw.generation,
        hardware=hw.name,
        model=row["model"],
        precision=row["precision"],
        metric=row["metric"],
        published_us=published_us,
        predicted_us=predict_network(path, hw, row["precision"], row["metric"]),
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
