"""Compile graphs with Intel's compiler and keep one short row a graph: what the `vendor_*.csv` tables are made of.

The compiler is a command `COMMAND MODEL PLATFORM OUT_FOLDER NPU_TILES=n` that leaves compileTimeScheduleTrace.json and
strategy_out.json in OUT_FOLDER (`--compiler`, or NPUSIM_VENDOR_COMPILER). Its rows are simulated, never measured.
"""

import csv
import json
import os
import re
import shlex
import subprocess
import tempfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import onnx

from tests.data.make_vendor_tables import SOURCE, SPLITS, ddr_bytes, layer_rows, read_tasks, union_us

VARIABLE = "NPUSIM_VENDOR_COMPILER"
TILES = {"3720": 2, "4000": 4, "5010": 3}
PATIENCE_S = 900
COLUMNS = (
    "total_us", "mac_us", "dsp_us", "dma_us", "ddr_mb", "copy_mb",
    "dma_tasks", "mac_tasks", "dsp_tasks", "unpriced", "strategy",
)  # fmt: skip
#: The compiler cannot write its strategy where a tensor has six axes, and then gives up; without it, it compiles.
WITHOUT_STRATEGY = "NPU_COMPILATION_MODE_PARAMS=enable-schedule-trace=true dump-task-stats=true"
#: Parts of a layer's name that count copies of one kind of work.
NUMBER = re.compile(r"(?<=_)\d+\b")
CLUSTER = re.compile(r"/cluster_\d+")
TURNS = re.compile(r"reorder|permute|expand_input|to_maxpool")
STRATEGIES = 8


class CompilerFailed(Exception):
    """The compiler gave no schedule."""


def half(name: str) -> str:
    """`fit` (looked at while fitting) or `judge`, by a hash of the name: nobody chooses."""
    return "judge" if zlib.crc32(name.encode()) & 1 else "fit"


def command(given: str | None) -> list[str]:
    """The words of the command; SystemExit when there is none."""
    text = given or os.environ.get(VARIABLE, "")
    if not text:
        raise SystemExit(
            f"name Intel's compiler with --compiler or {VARIABLE}: COMMAND MODEL PLATFORM FOLDER"
        )
    return shlex.split(text)


def compile_graph(model: onnx.ModelProto, platform: str, words: list[str], out: Path) -> None:
    """Leave the compiler's schedule of a graph in `out`; CompilerFailed when there is none."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "model.onnx"
        onnx.save(model, file)
        call = [*words, str(file), platform, str(out), f"NPU_TILES={TILES[platform]}"]
        try:
            _run(call, out)
        except CompilerFailed:
            _run([*call, WITHOUT_STRATEGY], out)


def _run(call: list[str], out: Path) -> None:
    try:
        done = subprocess.run(call, capture_output=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise CompilerFailed(f"not ended within {PATIENCE_S} s") from None
    if done.returncode or not (out / "compileTimeScheduleTrace.json").exists():
        said = (done.stdout + done.stderr).decode("utf8", "replace").strip().splitlines()
        raise CompilerFailed(
            next((line for line in reversed(said) if line.strip()), f"exit {done.returncode}")
        )


def row_of(folder: Path) -> dict[str, Any]:
    """Totals of one schedule: busy unions in us, MB to and from DDR, tasks, kernels without a price, cuts.

    A copy from DDR to DDR counts once in `ddr_mb` (as in the tables this one continues), `copy_mb` says how much of
    it is such copies.
    """
    trace, tasks = read_tasks(folder)
    by = {c: [t for t in tasks if t["cat"] == c] for c in ("DMA", "DPU", "Shave")}
    free = {t["name"].partition("?t_")[2].split("/")[0] for t in by["Shave"] if t["dur"] == 0}
    copied = sum(ddr_bytes(t) / 2 for t in by["DMA"] if _ends(t) == {"DDR"})
    return {
        "total_us": round(trace["taskStatistics"]["total duration"], 2),
        "mac_us": round(union_us(by["DPU"]), 2),
        "dsp_us": round(union_us(by["Shave"]), 2),
        "dma_us": round(union_us(by["DMA"]), 2),
        "ddr_mb": round((sum(map(ddr_bytes, by["DMA"])) - copied) / 1e6, 4),
        "copy_mb": round(copied / 1e6, 4),
        "dma_tasks": len(by["DMA"]),
        "mac_tasks": len(by["DPU"]),
        "dsp_tasks": len(by["Shave"]),
        "unpriced": " ".join(sorted((free | _free_on_the_array(by["DPU"])) - {"Parameter", "Result", ""})),
        "strategy": strategies(folder / "strategy_out.json"),
    }


def _free_on_the_array(tasks: list[dict[str, Any]]) -> set[str]:
    """Layers whose work on the MAC array was given no time at all (passes that turn or pad are no such work):
    `ConvolutionBackpropData:mac`."""
    longest: dict[str, float] = defaultdict(float)
    for task in tasks:
        name = CLUSTER.sub("", task["name"].partition("?t_")[2])
        longest[name] = max(longest[name], task["dur"])
    free = (name for name, took in longest.items() if not took and not TURNS.search(name))
    return {f"{name.split('/')[0]}:mac" for name in free}


def _ends(task: dict[str, Any]) -> set[str]:
    return {task["args"][f"{side} memory:"] for side in ("Source", "Destination")}


def strategies(file: Path) -> str:
    """How often each kind of layer was made, its split over tiles and its pieces; VF where it was fused vertically."""
    if not file.exists():
        return ""
    found: Counter[str] = Counter()
    for name, plan in json.loads(file.read_text()).items():
        if not isinstance(plan, dict) or "layerType" not in plan:
            continue
        cuts = plan.get("tilingStrategy")
        pieces = [f"{a}{n}" for a, n in cuts.items() if int(n) > 1] if isinstance(cuts, dict) else []
        split = SPLITS.get(plan["multiClusterStrategy"], plan["multiClusterStrategy"])
        fused = f"VF:{plan.get('VFScenario', '')}" if plan.get("verticalFusion") == "True" else ""
        label = NUMBER.sub("N", name.partition("?t_")[2])
        words = (f"{label}:", plan["layerType"].removeprefix("VPU."), split, ",".join(pieces), fused)
        found[" ".join(w for w in words if w)] += 1
    shown = [f"{n} x {text}" if n > 1 else text for text, n in found.most_common(STRATEGIES)]
    return " | ".join(shown + (["..."] if len(found) > STRATEGIES else []))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table; none when it is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def append(path: Path, row: dict[str, Any], made_by: str) -> None:
    """Add one row to a table, with its head if it is new."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            file.write(f"# {SOURCE}\n# Made by {made_by}; README.md beside this file explains the columns.\n")
            writer.writeheader()
        writer.writerow(row)


def compiled_row(
    model: onnx.ModelProto, platform: str, words: list[str], layers: bool = False
) -> dict[str, Any]:
    """The row of a graph; without figures, and the compiler's last words as `unpriced`, where it fails.

    With `layers`, one more column: the engine of each layer that got a task (`engines`).
    """
    columns = (*COLUMNS, *(("layers",) if layers else ()))
    with tempfile.TemporaryDirectory() as out:
        try:
            compile_graph(model, platform, words, Path(out))
        except CompilerFailed as error:
            return dict.fromkeys(columns, "") | {"unpriced": f"failed: {str(error)[:80]}"}
        return row_of(Path(out)) | ({"layers": engines(Path(out))} if layers else {})


def engines(folder: Path) -> str:
    """`mac_array: MatMul_3 Add_4; dsp: Softmax_5; mac_array+dsp: ...` - what did the compute of which layer."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in layer_rows(folder, []):
        found[row["layer"].removesuffix("/WithoutBiases").replace(" ", "_")] |= set(row["engine"].split("+"))
    groups: dict[str, list[str]] = defaultdict(list)
    for layer, own in found.items():
        groups["+".join(sorted(own - {"dma"} or {"dma"}))].append(layer)
    return "; ".join(f"{engine}: {' '.join(layers)}" for engine, layers in sorted(groups.items()))


def engines_of(row: dict[str, str]) -> dict[str, set[str]]:
    """What `engines` wrote: layer -> its engines."""
    found = {}
    for group in filter(None, row["layers"].split("; ")):
        engine, _, layers = group.partition(": ")
        found |= {layer: set(engine.split("+")) for layer in layers.split()}
    return found
