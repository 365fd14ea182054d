"""Write docs/fidelity.md and its plots from the JSON of `npusim validate` (`make fidelity`).

    python docs/make_fidelity.py [REFERENCE]

REFERENCE is a folder of whole tables; by default `../shared/reference` beside the project where there is one,
else the small tables that travel with npusim.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from fidelity_texts import COVERAGE, COVERAGE_NOTES, HEAD, KNOWN, REASONS, TABLES

from npusim.arch.presets import load_hardware
from npusim.reference.dma_fit import DIRECTIONS, read_dma_rows
from npusim.reference.folder import GENERATIONS, Folder, shipped

DOCS = Path(__file__).resolve().parent
WHOLE = DOCS.parent / ".." / "shared" / "reference"
COLOURS = {"net": "#1f77b4", "profiled": "#2ca02c", "ground truth": "#d62728", "layer model": "#9467bd"}


def document(reference: str | None) -> dict[str, Any]:
    """The JSON of `npusim validate`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fidelity.json"
        extra = ["--reference", reference] if reference else []
        subprocess.run(
            [sys.executable, "-m", "npusim", "validate", "--json", str(path), *extra],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return json.loads(path.read_text("utf-8"))


def page(found: dict[str, Any], folder: Path, whole: bool) -> str:
    """The Markdown of everything."""
    comparisons = found["comparisons"]
    barred = [c for c in comparisons if c["verdict"]]
    where = (
        "Rows: the whole reference tables (Intel's VPUNN, commit 8a2ae92; published figures as their table names them)."
        if whole
        else "Rows: the small tables that travel with npusim (samples of Intel's VPUNN, commit 8a2ae92)."
    )
    parts = [HEAD.format(reference=where, met=sum(c["verdict"] == "met" for c in barred), barred=len(barred))]
    parts.append(missed(barred))
    for generation, name in GENERATIONS.items():
        parts.append(table(generation, name, [c for c in comparisons if c["generation"] == generation]))
    parts.append(coverage(found))
    parts.append(contradictions(folder))
    parts.append(networks(found, folder))
    plots = [f"![{title}](fidelity/{stem}.png)\n" for stem, title in PLOTS.items()]
    parts.append(
        "## Predicted against reference\n\nOne point a row, at most 150 rows a group; the line is equality.\n\n"
        + "\n".join(plots)
    )
    parts.append(KNOWN.format(sources="\n".join(map(sources, GENERATIONS.values()))))
    parts.append(TABLES)
    if found["skipped"]:
        parts.append("## Rows left out\n\n" + "\n".join(f"- {why}" for why in found["skipped"]) + "\n")
    if found["missing"]:
        parts.append("Files not found: " + ", ".join(found["missing"]) + "\n")
    return "\n".join(parts)


def missed(barred: list[dict[str, Any]]) -> str:
    """The bars that are missed, and why."""
    lines = ["## Bars that are missed\n"]
    for c in (c for c in barred if c["verdict"] == "missed"):
        why = REASONS.get((c["generation"], c["engine"], c["what"], c["against"]), "not explained yet")
        lines.append(
            f"- NPU {c['generation']}, {c['engine']}, {c['what']}, {c['against']}: "
            f"{c['judged']['mape']:.1f} % against {c['bar']:g} % ({c['judged']['rows']} rows; "
            f"{c['all']['mape']:.1f} % over all {c['all']['rows']}): {why}."
        )
    return "\n".join(lines if len(lines) > 1 else [*lines, "None."]) + "\n"


def table(generation: str, name: str, comparisons: list[dict[str, Any]]) -> str:
    """One NPU's comparisons as a Markdown table."""
    lines = [
        f"## NPU {generation} ({name})\n",
        "| engine | rows of | against | rows | MAPE | median | p90 | bias | roofline | unseen | bar |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for c in comparisons:
        s = c["all"]
        numbers = " | ".join(f"{s[key]:.1f}" for key in ("mape", "median", "p90"))
        bar = f"{c['bar']:g} {c['verdict']}" if c["verdict"] else ""
        lines.append(
            f"| {c['engine']} | {c['what']} | {c['against']} | {s['rows']} | {numbers} | {s['bias']:+.1f} "
            f"| {c['roofline']['mape']:.0f} | {c['judged']['mape']:.1f} | {bar} |"
        )
    return "\n".join(lines) + "\n"


def coverage(found: dict[str, Any]) -> str:
    """How many rows no constant was fitted to are inside the band."""
    lines = [COVERAGE]
    pooled: dict[str, list[float]] = {}
    whole = ("all", "one input, large", "one input, small", "other kernels")
    for c in found["comparisons"]:
        one_port = c["engine"] == "DMA" and not c["what"].endswith("both ports")
        if c["covered"] is None or c["against"] == "formula" or not (c["what"] in whole or one_port):
            continue
        rows = c["judged"]["rows"]
        name = c["engine"] if c["what"] == "all" else f"{c['engine']}, {c['what']}"
        lines.append(f"| {c['generation']} | {name} | {c['against']} | {rows} | {c['covered']:.0%} |")
        total = pooled.setdefault(c["generation"], [0.0, 0.0])
        total[0] += rows * c["covered"]
        total[1] += rows
    for generation, (inside, rows) in pooled.items():
        lines.append(f"| {generation} | all single ops | | {rows:.0f} | **{inside / rows:.0%}** |")
    judged = [r for r in found["networks"] if r["judged"] and r["covered"] is not None]
    for generation in dict.fromkeys(r["generation"] for r in judged):
        own = [r["covered"] for r in judged if r["generation"] == generation]
        lines.append(f"| {generation} | published networks | | {len(own)} | **{sum(own) / len(own):.0%}** |")
    lines.append(COVERAGE_NOTES)
    return "\n".join(lines) + "\n"


def contradictions(folder: Path) -> str:
    """How far Intel's DMA nets are from its own measured transfers, at the sizes of the latter."""
    lines = [
        "## Nets against ground truth: what no constant can mend\n",
        "Mean difference of Intel's DMA net from the measured transfers at their sizes (net interpolated). At these",
        "sizes, the errors of one prediction against both cannot add up to much less.\n",
        "| NPU | direction | sizes | net against ground truth | sum of the two bars |",
        "|---|---|---|---|---|",
    ]
    tables = Folder(folder)
    truth_path = tables.find("dma_ground_truth")
    for generation in GENERATIONS:
        net_path = tables.find(f"dma_npu{generation}")
        if net_path is None or truth_path is None:
            continue
        net, truth = read_dma_rows(net_path, generation), read_dma_rows(truth_path, generation)
        for direction in DIRECTIONS:
            curve, points = net.towards(*direction), truth.towards(*direction)
            curve = curve.select(curve.ports == 1)
            points = points.select(points.nbytes >= (curve.nbytes.min() if len(curve.ns) else np.inf))
            if len(points.ns):
                order = np.argsort(curve.nbytes)
                at = np.interp(np.log(points.nbytes), np.log(curve.nbytes[order]), curve.ns[order])
                apart = float(np.mean(np.abs(at / points.ns - 1)) * 100)
                bars = "16" if generation == "4000" else "14"
                if (generation, *direction) == ("4000", "ddr", "scratchpad"):
                    bars = "21"
                lines.append(
                    f"| {generation} | {' to '.join(direction)} | {len(points.ns)} | {apart:.1f} | {bars} |"
                )
    return "\n".join(lines) + "\n"


def networks(found: dict[str, Any], folder: Path) -> str:
    """Published networks, row by row and by product."""
    if not found["networks"]:
        return "## Published networks\n\nNo published figures or graphs in this reference folder.\n"
    lines = [
        "## Published networks\n",
        "| product | network | precision | metric | published ms | predicted ms | error | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found["networks"]:
        judged = "" if row["judged"] else f"not judged: {row['why']}"
        lines.append(
            f"| {row['product']} | {row['model']} | {row['precision']} | {row['metric']} "
            f"| {row['published_us'] / 1e3:.2f} | {row['predicted_us'] / 1e3:.2f} | {row['error']:+.1f} | {judged} |"
        )
    lines += ["", "| product | rows | mean | worst | bars |", "|---|---|---|---|---|"]
    for p in found["products"]:
        bar = f"{p['bar']:g} and {p['worst_bar']:g} {p['verdict']}" if p["verdict"] else "reported"
        lines.append(f"| {p['product']} | {p['rows']} | {p['mape']:.1f} | {p['worst']:.1f} | {bar} |")
    return "\n".join(lines) + "\n" + fitted_to_networks(found, folder)


def fitted_to_networks(found: dict[str, Any], folder: Path) -> str:
    """The constants that were fitted to whole networks, what they make of the total, and how the prediction does on
    a network they were not fitted to."""
    from npusim.compiler.compile import compile_graph
    from npusim.compiler.rules.profile import load_profile
    from npusim.onnx_io import load
    from npusim.reference.folder import NETWORKS
    from npusim.reference.networks_fit import CONSTANTS, NetworkPoint, errors, leave_one_out
    from npusim.reference.rows import read_table
    from npusim.simulation import DEFAULT_COMPILER

    hw, table = load_hardware("meteor_lake"), Folder(folder).find(NETWORKS)
    rows = [r for r in found["networks"] if "155H" in r["product"] and r["judged"]]
    if table is None or not rows:
        return ""
    graph_of = {r["model"]: folder / ".." / "graphs" / r["graph"] for r in read_table(table)}
    profile = load_profile(DEFAULT_COMPILER)
    plans = {
        key: compile_graph(load(graph_of[key[0]]), hw, profile, key[1])
        for key in {(r["model"], r["precision"]) for r in rows}
    }
    points = [
        NetworkPoint(
            r["model"], plans[r["model"], r["precision"]], r["published_us"], r["metric"] != "throughput"
        )
        for r in rows
    ]
    lines = [
        "\nConstants fitted to the 155H rows (two, both of Meteor Lake; other NPUs carry them over, assumed):\n"
    ]
    lines += [f"- `{name}` = {hw.get(name):,.0f}: {hw.sources[name].where}" for name in CONSTANTS]
    without = hw.replace({name: 0.0 for name in CONSTANTS})
    lines += ["\n| network | mean error | fitted to the other two | both constants 0 |", "|---|---|---|---|"]
    apart = leave_one_out(hw, points)
    for model in apart:
        own = [p for p in points if p.model == model]
        bare = np.abs(errors(own, without)).mean() * 100
        lines.append(
            f"| {model} | {np.abs(errors(own, hw)).mean() * 100:.1f} "
            f"| {np.abs(apart[model]).mean() * 100:.1f} | {bare:.1f} |"
        )
    lines.append(
        "\nMobileNet alone shows the step time: fitted without it, nothing else asks for one. That is why it is "
        "printed apart, and why its confidence on other generations is low."
    )
    return "\n".join(lines) + "\n"


def sources(name: str) -> str:
    """One row of the table of sources."""
    kinds = Counter(source.kind for source in load_hardware(name).sources.values())
    return (
        f"| {name} | "
        + " | ".join(str(kinds[k]) for k in ("published", "measured", "fitted", "assumed"))
        + " |"
    )


PLOTS = {
    "mac_array": "MAC array",
    "dma": "DMA, one port",
    "dsp": "DSP, profiled kernels",
    "layers": "Whole layers",
}
ENGINES = {"mac_array": "MAC array", "dma": "DMA", "dsp": "DSP", "layers": "Layers"}


def plot(found: dict[str, Any], stem: str, path: Path) -> None:
    """Predicted against reference, one panel an NPU, log-log."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(11, 3.7), dpi=72, sharex=True, sharey=True)
    for panel, (generation, name) in zip(panels, GENERATIONS.items(), strict=True):
        named = set()
        for c in found["comparisons"]:
            engine = c["engine"] == ENGINES[stem] and c["generation"] == generation
            parts = c["what"] != "all" or stem == "layers"
            details = c["what"] in ("depthwise", "pooling", "eltwise", "first layers") or c[
                "what"
            ].startswith(("on ", "wider"))
            if not engine or not parts or details or "both ports" in c["what"] or c["against"] == "formula":
                continue
            if stem == "dsp" and "one input" not in c["what"]:
                continue
            kind = c["against"].removesuffix(" table")
            points = np.array(c["points"])
            label = kind if kind not in named else None
            named.add(kind)
            panel.loglog(*points.T, ".", markersize=2.5, alpha=0.7, color=COLOURS[kind], label=label)
        low, high = panel.get_xlim()
        panel.plot([low, high], [low, high], color="black", linewidth=0.7)
        panel.set_title(f"NPU {generation} ({name})", fontsize=10)
        panel.grid(True, which="major", linewidth=0.3)
        panel.legend(fontsize=8, loc="upper left")
        unit = next((c["unit"] for c in found["comparisons"] if c["engine"] == ENGINES[stem]), "")
        panel.set_xlabel(f"reference, {unit}", fontsize=9)
    panels[0].set_ylabel("predicted", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    reference = sys.argv[1] if len(sys.argv) > 1 else str(WHOLE) if WHOLE.is_dir() else None
    found = document(reference)
    (DOCS / "fidelity").mkdir(exist_ok=True)
    for stem in PLOTS:
        plot(found, stem, DOCS / "fidelity" / f"{stem}.png")
    text = page(found, Path(reference) if reference else shipped(), reference is not None)
    (DOCS / "fidelity.md").write_text(text, encoding="utf-8")
    print(f"docs/fidelity.md: {len(found['comparisons'])} comparisons")


if __name__ == "__main__":
    main()
