"""The pictures of `docs/what_if/`: one curve a question, of exported networks on Lunar Lake.

    python docs/make_what_if_pictures.py GRAPHS [NAME...]

GRAPHS is the folder of exported networks of the reference material. Needs matplotlib (the extra `plot`)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

import npusim

HERE = Path(__file__).resolve().parent / "what_if"
NPU = "lunar_lake"
LENGTHS = "17,40\n60,30\n100,10\n128,12\n200,8\n250,2\n"


def asked(graph: npusim.Graph, *what: str) -> Any:
    return npusim.suppose(graph, list(what), NPU, band=False)


def prune(axes: Any, resnet: npusim.Graph, bert: npusim.Graph) -> None:
    """Latency against the share that is taken out."""
    shares = [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75]
    for graph, option, label in (
        (resnet, "channels", "ResNet-50, channels"),
        (bert, "ffn", "BERT-base, feed-forward units"),
        (bert, "heads", "BERT-base, heads"),
    ):
        whole = npusim.simulate(graph, NPU, band=False).latency_us
        taken = [asked(graph, f"prune:{option}={s}").latency_us / whole if s else 1.0 for s in shares]
        axes.plot(shares, taken, marker="o", label=label)
    axes.plot(shares, [1 - s for s in shares], color="#999999", linestyle=":", label="in proportion")
    axes.set(xlabel="share taken out", ylabel="latency over the whole's", ylim=(0, 1.05))


def skip(axes: Any, resnet: npusim.Graph) -> None:
    """Expected latency against the probability of a skip, for three who decide."""
    points = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    for who in ("host", "device", "free"):
        found = [
            asked(resnet, f"skip:node=*layers.[1-5]/layer/*,probability={p},decision={who}")
            .what_ifs[0]
            .numbers
            for p in points
        ]
        axes.plot(points, [n["expected_us"] / 1e3 for n in found], marker="o", label=f"decided by: {who}")
        axes.fill_between(
            points, [n["p10_us"] / 1e3 for n in found], [n["p90_us"] / 1e3 for n in found], alpha=0.15
        )
    axes.axhline(found[0]["whole_us"] / 1e3, color="#999999", linestyle=":", label="nothing is decided")
    axes.set(xlabel="probability that a block is skipped", ylabel="latency, ms", ylim=(0, None))


def split(axes: Any, resnet: npusim.Graph) -> None:
    """Head, link and tail of every cut."""
    rows = asked(resnet, "split:on=meteor_lake,bandwidth=1.25").what_ifs[0].tables["cuts"]
    places, below = range(len(rows)), [0.0] * len(rows)
    for part, label in (
        ("head_us", "head, Lunar Lake"),
        ("link_us", "link, 1.25 GB/s"),
        ("tail_us", "tail, Meteor Lake"),
    ):
        heights = [row[part] / 1e3 for row in rows]
        axes.bar(places, heights, bottom=below, label=label)
        below = [a + b for a, b in zip(below, heights, strict=True)]
    axes.set(xlabel="cut, from all there to all here", ylabel="latency of ResNet-50, ms")


def pad(axes: Any, bert: npusim.Graph) -> None:
    """Time and waste of every set of tiles."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lengths.txt"
        file.write_text(LENGTHS, "utf-8")
        sets = asked(bert, f"pad:lengths={file},tiles=32,64,128,192,256").what_ifs[0].tables["sets"]
    for count in range(1, 6):
        mine = [s for s in sets if len(s["tiles"].split(",")) == count]
        axes.scatter(
            [100 * s["waste"] for s in mine],
            [s["mean_us"] / 1e3 for s in mine],
            label=f"{count} tile{'s' * (count > 1)}",
        )
    best = min(sets, key=lambda s: s["mean_us"])
    axes.annotate(
        best["tiles"],
        (100 * best["waste"], best["mean_us"] / 1e3),
        textcoords="offset points",
        xytext=(0, -14),
    )
    axes.set(xlabel="places that are padding, %", ylabel="a request of BERT-base, ms", ylim=(0, None))


def sparsity(axes: Any, resnet: npusim.Graph, llama: npusim.Graph) -> None:
    """Latency against the share of zeros."""
    shares = [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    for graph, pattern, label in (
        (resnet, "unstructured", "ResNet-50, unstructured"),
        (resnet, "channel", "ResNet-50, whole channels"),
        (llama, "unstructured", "Llama 1B decode step, unstructured"),
    ):
        whole = npusim.simulate(graph, NPU, band=False).latency_us
        axes.plot(
            shares,
            [asked(graph, f"sparsity:weights={s},pattern={pattern}").latency_us / whole for s in shares],
            marker="o",
            label=label,
        )
    half = asked(resnet, "sparsity:pattern=2:4").latency_us
    axes.plot(
        [0.5], [half / npusim.simulate(resnet, NPU, band=False).latency_us], "k*", label="ResNet-50, 2:4"
    )
    axes.plot(shares, [1 - s for s in shares], color="#999999", linestyle=":", label="in proportion")
    axes.set(
        xlabel="share of the weights that is zero", ylabel="latency over the dense one's", ylim=(0, 1.05)
    )


def precision(axes: Any, resnet: npusim.Graph, llama: npusim.Graph) -> None:
    """Latency over that in fp16 for types of weights, alone and with 8-bit activations."""
    types = ["fp16", "int8", "int4", "int3", "int2", "binary"]
    for graph, more, label in (
        (resnet, "", "ResNet-50, activations fp16"),
        (resnet, ",activations=int8", "ResNet-50, activations int8"),
        (llama, "", "Llama 1B decode step, activations fp16"),
        (llama, ",activations=int8", "Llama 1B decode step, activations int8"),
    ):
        whole = npusim.simulate(graph, NPU, band=False).latency_us
        mine = types[1:] if more else types
        axes.plot(
            mine,
            [asked(graph, f"precision:weights={t}{more}").latency_us / whole for t in mine],
            marker="o",
            label=label,
        )
    axes.set(xlabel="type of the weights", ylabel="latency over that in fp16", ylim=(0, 1.25))


def keep(axes: Any, llama: npusim.Graph) -> None:
    """Latency of a decode step against the capacity of the store, ports as they are and four times as wide."""
    sizes = [0, 50, 150, 300, 600, 1000, 1600, 2600]
    for colour, name in enumerate(("meteor_lake", "lunar_lake", "panther_lake")):
        for factor, style in ((1, "-"), (4, "--")):
            hw = npusim.hardware(name)
            hw = hw.replace({"dma.bytes_per_cycle": factor * hw.dma.bytes_per_cycle})
            taken = [
                npusim.suppose(llama, f"keep:capacity_mb={s},gb_per_s=1000", hw, band=False).latency_us
                for s in sizes
            ]
            axes.plot(
                [s / 1e3 for s in sizes],
                [us / taken[0] for us in taken],
                style,
                color=f"C{colour}",
                marker="o",
                label=name + (", ports four times as wide" if factor > 1 else ""),
            )
    axes.set(
        xlabel="capacity, GB, of a store of 1,000 GB/s",
        ylabel="latency of a decode step\nover that without",
        ylim=(0, 1.05),
    )


def engine(axes: Any, resnet: npusim.Graph) -> None:
    """The spiking array against its firing rate."""
    file = HERE.parents[1] / "examples" / "engines" / "spiking.py"
    rates = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3]
    for steps in (1, 4, 8):
        found = [
            asked(resnet, f"engine:{file},parameters=timesteps:{steps},firing_rate:{r}").latency_us
            for r in rates
        ]
        axes.plot(
            rates, [us / 1e3 for us in found], marker="o", label=f"{steps} time step{'s' * (steps > 1)}"
        )
    axes.axhline(
        npusim.simulate(resnet, NPU, band=False).latency_us / 1e3,
        color="#999999",
        linestyle=":",
        label="without it, fp16",
    )
    axes.set(xlabel="share of neurons that fire in a step", ylabel="latency of ResNet-50, ms", ylim=(0, None))


def energy(axes: Any, resnet: npusim.Graph, bert: npusim.Graph) -> None:
    """Ratios of the parts of what-ifs, and the range that holds the energy's."""
    variants = ["precision:activations=int8", "sparsity:weights=0.5", "sparsity:weights=0.9,activations=0.5"]
    variants += ["precision:weights=int4", "keep:capacity_mb=40,gb_per_s=200"]
    marks = {"time": "o", "array": "s", "DSPs": "^", "DDR": "D"}
    rows = [
        (label, graph, text)
        for label, graph in (("ResNet-50", resnet), ("BERT-base", bert))
        for text in variants
    ]
    for row, (_, graph, text) in enumerate(rows):
        numbers = asked(graph, "energy", text).what_ifs[0].numbers
        axes.plot([numbers["ratio_low"], numbers["ratio_high"]], [-row, -row], color="#bbbbbb", linewidth=5)
        for part, mark in marks.items():
            if (ratio := numbers.get(f"{part}_ratio")) is not None:
                axes.plot(
                    [ratio], [-row], mark, color="#333333", label=part if row == 0 or part == "DSPs" else ""
                )
    axes.set_yticks(
        [-row for row in range(len(rows))], [f"{label}: {text}" for label, _, text in rows], fontsize=6
    )
    axes.set(xlabel="over the same without", xlim=(0, 1.1))


def main(folder: str, *names: str) -> None:
    large = Path(folder) / "large"
    resnet, bert = npusim.load(large / "resnet50_ts.onnx"), npusim.load(large / "bert_base_L128_ts.onnx")
    llama = npusim.load(Path(folder) / "llm" / "large" / "llama32_1b_dec_kv1024_fp16_dy.onnx")
    pictures: list[tuple[Any, tuple[npusim.Graph, ...]]] = [
        (prune, (resnet, bert)),
        (skip, (resnet,)),
        (split, (resnet,)),
        (pad, (bert,)),
        (sparsity, (resnet, llama)),
        (precision, (resnet, llama)),
        (keep, (llama,)),
        (engine, (resnet,)),
        (energy, (resnet, bert)),
    ]
    for draw, graphs in pictures:
        if names and draw.__name__ not in names:
            continue
        figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        draw(axes, *graphs)
        named = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))  # each name once
        axes.legend(named.values(), named.keys(), frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(HERE / f"{draw.__name__}.png", dpi=110, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
