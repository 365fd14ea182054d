"""The pictures of `docs/what_if/`: one curve a question, of exported networks on Lunar Lake.

    python docs/make_what_if_pictures.py GRAPHS

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


def main(folder: str) -> None:
    large = Path(folder) / "large"
    resnet, bert = npusim.load(large / "resnet50_ts.onnx"), npusim.load(large / "bert_base_L128_ts.onnx")
    for draw, graphs in ((prune, (resnet, bert)), (skip, (resnet,)), (split, (resnet,)), (pad, (bert,))):
        figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        draw(axes, *graphs)
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(HERE / f"{draw.__name__}.png", dpi=110, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
