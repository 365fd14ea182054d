"""Turn a folder of schedules by Intel's NPU compiler into the two tables that judge our placement.

    python tests/data/make_vendor_tables.py TRACES [--models FOLDER] [--skip NET,NET]

TRACES/<net>/<platform>_<tiles>/ holds compileTimeScheduleTrace.json and strategy_out.json, as the compiler
leaves them when asked for `enable-schedule-trace=true write-strategy-to-json=true`. With --models, <net>.onnx
is read too (needs openvino), and layers of the graph that got no task of their own are listed as `fused`.
The traces are the compiler's simulation of its own schedule, never hardware.
"""

import argparse
import csv
import json
import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

Row = dict[str, Any]
SOURCE = "Intel NPU compiler 2026.4.1 (8.4), offline, simulated - not hardware"
ITEM_BYTES = {"i1": 1 / 8, "i4": 0.5, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "f16": 2, "f32": 4, "f64": 8}
# Parts of a task's name that say which copy of the work it is, not what kind of work.
COPY_WORDS = re.compile(
    r"^((slice|cluster|tile|variant|part)_\d+|part\d_call|main|fused_\w+|\[.*\]|output_?\s?tile.*|_?\d+)$"
)
SPLITS = {
    "SplitOverHeight": "SOH",
    "SplitOverHeightOverlapped": "SOHO",
    "SplitOverKernel": "SOK",
    "SplitOverWidth": "SOW",
    "SplitOverBatch": "SOB",
    "SplitOverGroup": "SOG",
}


def tensor_bytes(text: str) -> float:
    """Bytes of `[256x512xui8]` (or `f16`, `si32` ...); an unknown item type is an error, never zero."""
    *dims, item = text.strip("[]").split("x")
    return math.prod(int(d) for d in dims) * ITEM_BYTES[re.sub(r"^[us](?=i)", "", item.split(":")[0])]


def ddr_bytes(task: Row) -> float:
    """Bytes a DMA task moves into or out of DDR (both, when it copies DDR to DDR).

    A gather names its whole table as input (`128 chunks of [46881792xui8]`) but moves only what it writes.
    """
    args = task["args"]
    into, out = args["Input tensor shape"], args["Output tensor shape"]
    read = tensor_bytes(out if "chunks of" in into else into) if args["Source memory:"] == "DDR" else 0
    return read + (tensor_bytes(out) if args["Destination memory:"] == "DDR" else 0)


def union_us(tasks: list[Row]) -> float:
    """Time in us in which at least one of the tasks runs."""
    total, reach = 0.0, -math.inf
    for start, end in sorted((t["ts"], t["ts"] + t["dur"]) for t in tasks):
        total += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    return total


def read_tasks(folder: Path) -> tuple[Row, list[Row]]:
    """The whole trace, and its DMA, DPU and Shave tasks (a DPU task's own variants left out)."""
    trace = json.loads((folder / "compileTimeScheduleTrace.json").read_text())
    events = [e for e in trace["traceEvents"] if e["ph"] == "X" and e["cat"] in ("DMA", "DPU", "Shave")]
    return trace, [e for e in events if "/variant_" not in e["name"]]


def lowering_words(names: list[str]) -> str:
    """The words of task names that tell the lowering (`as_convolution` ...), each once, in the order met."""
    words: dict[str, None] = {}
    for name in names:
        for word in name.partition("?t_")[2].split("/")[1:]:
            if not COPY_WORDS.match(word):
                words[re.sub(r"_?\[.*?\]", "", word).strip()] = None
    return "/".join(words)


def plan_of(strategy: Row, layer: str) -> tuple[str, str, int]:
    """Compiler ops, their splits over tiles, and the largest number of temporal pieces of one layer."""
    kinds: dict[str, int] = defaultdict(int)
    splits: dict[str, None] = {}
    pieces = 1
    for name, plan in strategy.items():
        if name.partition("?t_")[0] == layer and isinstance(plan, dict):
            kinds[plan["layerType"].removeprefix("VPU.")] += 1
            splits[SPLITS.get(plan["multiClusterStrategy"], str(plan["multiClusterStrategy"]))] = None
            if isinstance(plan.get("tilingStrategy"), dict):
                pieces = max(pieces, math.prod(int(v) for v in plan["tilingStrategy"].values()))
    return "+".join(f"{k}*{n}" if n > 1 else k for k, n in kinds.items()), "+".join(splits), pieces


def layer_row(layer: str, ov_type: str, tasks: list[Row], strategy: Row) -> Row:
    """Where one layer ran, as what, and how long (union of its compute tasks, or of its DMA if none)."""
    by = {c: [t for t in tasks if t["cat"] == c] for c in ("DPU", "Shave", "DMA")}
    compute = by["DPU"] + by["Shave"] or by["DMA"]
    kinds, split, pieces = plan_of(strategy, layer)
    args = max(compute, key=lambda t: t["dur"])["args"]
    return {
        "layer": layer,
        "ov_type": ov_type,
        "engine": "+".join(e for e, c in (("mac_array", "DPU"), ("dsp", "Shave")) if by[c]) or "dma",
        "detail": " ".join(filter(None, (kinds, lowering_words([t["name"] for t in compute])))),
        "busy_us": round(union_us(compute), 3),
        "split": split,
        "pieces": pieces if strategy else "",
        "tasks": "+".join(f"{len(v)}{k}" for k, v in by.items() if v),
        "dma_kb": round(sum(map(ddr_bytes, by["DMA"])) / 1e3, 1),
        "in_shapes": args.get("Input tensors", "").strip("[]").replace(", ", " "),
        "out_shape": args.get("Output tensors", "").strip("[]").replace(", ", " "),
    }


def layer_rows(folder: Path, ops: list[tuple[str, str]]) -> list[Row]:
    """One row per layer of one compiled network; ops (name, type) adds the layers without tasks.

    Left out: converting the network's own inputs and outputs; loading a kernel's code (`prefetch_...`).
    """
    file = folder / "strategy_out.json"
    strategy = json.loads(file.read_text()) if file.exists() else {}
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for task in read_tasks(folder)[1]:
        layer, mark, rest = task["name"].partition("?t_")
        ov_type = rest.split("/")[0]
        if mark and ov_type not in ("Parameter", "Result") and "/prefetch_" not in rest:
            groups[layer, ov_type].append(task)
    rows = [layer_row(layer, ov_type, tasks, strategy) for (layer, ov_type), tasks in groups.items()]
    seen = {layer for layer, _ in groups}
    return rows + [{"layer": n, "ov_type": t, "engine": "fused"} for n, t in ops if n not in seen]


def network_row(folder: Path) -> Row:
    """Totals of one compiled network; `free_kernels` are layer types whose DSP kernel costs nothing."""
    trace, tasks = read_tasks(folder)
    if trace["workpoint"]["status"] != "SIM":
        raise SystemExit(
            f"{folder}: status is {trace['workpoint']['status']}, but this table is of SIM traces only"
        )
    by = {c: [t for t in tasks if t["cat"] == c] for c in ("DMA", "DPU", "Shave")}
    free = {t["name"].partition("?t_")[2].split("/")[0] for t in by["Shave"] if t["dur"] == 0}
    return {
        "total_us": round(trace["taskStatistics"]["total duration"], 2),
        "dma_us": round(union_us(by["DMA"]), 2),
        "dpu_us": round(union_us(by["DPU"]), 2),
        "shave_us": round(union_us(by["Shave"]), 2),
        "dma_mb": round(sum(map(ddr_bytes, by["DMA"])) / 1e6, 4),
        "tasks": len(tasks),
        "dma_tasks": len(by["DMA"]),
        "fetch_tasks": sum(t["name"].startswith("fetch_dma") for t in tasks),
        "free_kernels": "+".join(sorted(free)),
    }


def graph_ops(model: Path) -> list[tuple[str, str]]:
    """(name, OpenVINO type) of every op fed by the values of a network input, not only by its shape."""
    import openvino

    live: set[str] = set()
    found = []
    for op in openvino.Core().read_model(model).get_ordered_ops():
        name, kind = op.get_friendly_name(), op.get_type_name()
        fed = any(v.get_node().get_friendly_name() in live for v in op.input_values())
        if kind == "Parameter" or (fed and kind != "ShapeOf"):
            live.add(name)
            if kind not in ("Parameter", "Result"):
                found.append((name, kind))
    return found


def keep_distinct(rows: list[Row], limit: int) -> list[Row]:
    """Short nets whole; of longer ones two rows of each kind of layer and one fused row of each type."""
    if len(rows) <= limit:
        return rows
    seen: dict[tuple[Any, ...], int] = defaultdict(int)
    kept = []
    for row in rows:
        fused = row["engine"] == "fused"
        columns = ("ov_type",) if fused else ("ov_type", "engine", "detail", "split", "out_shape")
        key = tuple(row.get(c) for c in columns)
        seen[key] += 1
        if seen[key] <= (1 if fused else 2):
            kept.append(row)
    return kept


def write(path: Path, rows: list[Row]) -> None:
    """A comment with the source, then plain CSV."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="") as file:
        file.write(
            f"# {SOURCE}\n# Made by make_vendor_tables.py; README.md beside this file explains the columns.\n"
        )
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Read every trace below the folder and write both tables."""
    parser = argparse.ArgumentParser(description=SOURCE)
    parser.add_argument("traces", type=Path, help="folder of <net>/<platform>_<tiles>/")
    parser.add_argument("--models", type=Path, help="folder of <net>.onnx, to list fused layers")
    parser.add_argument("--skip", default="", help="nets left out of the placement table")
    parser.add_argument("--limit", type=int, default=40, help="longer nets keep two rows of a kind")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    placement, networks = [], []
    ops: dict[str, list[tuple[str, str]]] = {}
    for trace in sorted(options.traces.rglob("compileTimeScheduleTrace.json")):
        folder = trace.parent
        net = folder.parent.relative_to(options.traces).as_posix()
        platform, _, tiles = folder.name.partition("_")
        head = {"net": net, "platform": platform, "tiles": tiles}
        if net not in ops:
            model = options.models / f"{net}.onnx" if options.models else None
            ops[net] = graph_ops(model) if model and model.exists() else []
        networks.append(head | network_row(folder))
        if net not in options.skip.split(","):
            placement += [head | row for row in keep_distinct(layer_rows(folder, ops[net]), options.limit)]
    write(options.out / "vendor_placement.csv", placement)
    write(options.out / "vendor_networks.csv", networks)
    print(f"{len(placement)} layers of {len(networks)} compiled networks")


if __name__ == "__main__":
    main()
