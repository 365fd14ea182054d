"""Study: the questions other systems ask, asked of three Intel NPUs.

    python docs/studies/what_if.py GRAPHS > docs/studies/what_if.out

GRAPHS is the folder of exported networks of the reference material. Each row: the system a question is from, the
what-if, the network, the latency before and after on three NPUs (compiler 2026, fp16), and what bounds it on Lunar
Lake. `published`: the system's own headline, on its own hardware, where this project has it from a source; it is there
to read beside, and nothing is tuned to it.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [p for p in sys.path if p != str(HERE)]

import tempfile  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from functools import cache  # noqa: E402
from itertools import pairwise  # noqa: E402

import numpy as np  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import npusim  # noqa: E402
from npusim.graph import Graph  # noqa: E402
from npusim.report.record import Report  # noqa: E402
from npusim.terminal.units import time  # noqa: E402

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
RESNET = "large/resnet50_ts"
BERT = "large/bert_base_L128_ts"
MAMBA2 = "large/mamba2_130m_tf5_dec_dy"
LLAMA = "llm/large/llama32_1b_dec_kv1024_fp16_dy"
UNKNOWN = "not known here"
ENGINES = {"mac_array": "MAC array", "dsp": "DSPs", "dma": "DMA", "step": "dispatch of steps"}
#: Lengths of requests, for padding: most are short.
LENGTHS = "17,40\n60,30\n100,10\n128,12\n200,8\n250,2\n"


@dataclass(frozen=True)
class Row:
    """One system's question. `number`: what of a what-if that composes runs is the answer; the latency otherwise.
    `why`: what the answer rests on."""

    system: str
    what: str
    network: str
    why: str
    number: str = ""
    against: str = ""
    published: str = UNKNOWN


ENGINES_OF = HERE.parents[1] / "examples" / "engines"
JETS = "jet classifier 16-64-32-32-5"
RANDOM = "one hidden layer 784-1000-10"
SKIPPED = "skip:node=*layers.[1-5]/layer/*,probability=0.4"
ROWS = (
    Row(
        "RAMAN",
        "sparsity:weights=0.5,activations=0.3",
        RESNET,
        "the array skips part of the zeros, weights are fewer bytes",
    ),
    Row(
        "SqueezeLLM",
        "precision:weights=int4,outliers=0.005",
        LLAMA,
        "a decode step reads every weight once: bytes are time",
    ),
    Row(
        "adapter-ALBERT",
        "keep:capacity_mb=20,gb_per_s=200",
        BERT,
        "20 of 217 MB of weights lie in a memory on the chip",
    ),
    Row(
        "NullaNet Tiny",
        "engine:{engines}/logic.yaml",
        JETS,
        "the example's engine; what is left is moving inputs",
    ),
    Row(
        "Stochastic Configuration Machines",
        "precision:weights=binary",
        RANDOM,
        "a step is never shorter than its least",
    ),
    Row(
        "spiking arrays",
        "engine:{engines}/spiking.py",
        RESNET,
        "the example's engine: 4 time steps, 15 % fire",
    ),
    Row("Bypass Back-propagation", "prune:heads=0.25,ffn=0.5", BERT, "many steps are at their least time"),
    Row(
        "Bypass Back-propagation",
        "prune:heads=0.25,channels=0.25",
        MAMBA2,
        "a decode step is its weights and steps",
    ),
    Row(
        "pattern pruning",
        "prune:channels=0.3",
        RESNET,
        "MACs and weights go with the square, activations do not",
    ),
    Row("LAUDNet", SKIPPED, RESNET, "12 decisions of the host, a launch each", "expected_us"),
    Row(
        "LAUDNet", f"{SKIPPED},decision=device", RESNET, "were the NPU to decide: a step each", "expected_us"
    ),
    Row(
        "early exits",
        "skip:after=*stages.1/layers.3/Add,probability=0.5",
        RESNET,
        "one decision of the host",
        "expected_us",
    ),
    Row(
        "SAC-d",
        "split:on=panther_lake,bandwidth=1.25",
        RESNET,
        "the input over the link takes longer than all here, but on Meteor Lake",
        "best_us",
    ),
    Row(
        "SAC-d",
        "split:on=panther_lake,bandwidth=1.25",
        RESNET,
        "the best cut with work on both sides: behind the pooling, 4 KB cross",
        "best_cut_us",
    ),
    Row(
        "MOTION2NX", "split:memory=512KB", RESNET, "chunks read their input again, a step each", "chunked_us"
    ),
    Row(
        "XY-Serve",
        "pad:lengths={lengths},tiles=64,128,256",
        BERT,
        "before: one shape of 256 for all",
        "mean_us",
        "pad:lengths={lengths},tiles=256",
    ),
)


class Study:
    """Graphs and runs, each once."""

    def __init__(self, folder: Path, lengths: str) -> None:
        self.folder, self.lengths = folder, lengths
        self.graph = cache(self._graph)
        self.before = cache(self._before)

    def _graph(self, network: str) -> Graph:
        if network in (JETS, RANDOM):
            return layers(*map(int, network.split()[-1].split("-")))
        return npusim.load(self.folder / f"{network}.onnx")

    def _before(self, network: str, npu: str) -> Report:
        return npusim.simulate(self.graph(network), npu, band=False)

    def asked(self, what: str, network: str, npu: str, number: str) -> tuple[float, Report]:
        """The answer to a what-if in microseconds, and its report."""
        report = npusim.suppose(
            self.graph(network), what.format(lengths=self.lengths, engines=ENGINES_OF), npu, band=False
        )
        return (report.what_ifs[0].numbers[number] if number else report.latency_us), report

    def row(self, row: Row) -> list[str]:
        """The lines of one row."""
        cells, bound = [], ""
        for npu in NPUS:
            before = self.before(row.network, npu).latency_us
            if row.against:
                before, _ = self.asked(row.against, row.network, npu, row.number)
            after, report = self.asked(row.what, row.network, npu, row.number)
            cells.append(f"{time(before)} -> {time(after)} ({before / after:.2f}x)")
            if npu == "lunar_lake":
                engine = max(report.engines, key=lambda e: report.engines[e])
                share = 100 * report.engines[engine] / report.latency_us
                bound = f"{ENGINES.get(engine, 'the further engine')} {share:.0f}%"
        what = row.what.format(lengths="FILE", engines="examples/engines")
        head = f"{row.system:34}{Path(row.network).name:34}{what}"
        return [
            head,
            f"{'':4}{cells[0]:36}{cells[1]:36}{cells[2]}",
            f"{'':4}bound {bound}; {row.why}; published: {row.published}",
        ]


def layers(*widths: int) -> Graph:
    """A classifier of fully connected layers with ReLU between them."""
    nodes, weights, x = [], [], "x"
    for k, (rows, columns) in enumerate(pairwise(widths)):
        weights.append(numpy_helper.from_array(np.zeros((rows, columns), np.float32), f"w{k}"))
        nodes.append(helper.make_node("MatMul", [x, f"w{k}"], [f"h{k}"], f"layer{k}"))
        x = f"h{k}"
        if k < len(widths) - 2:
            nodes.append(helper.make_node("Relu", [x], [f"r{k}"], f"relu{k}"))
            x = f"r{k}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
        for name, width in (("x", widths[0]), (x, widths[-1]))
    ]
    graph = helper.make_graph(nodes, "classifier", ends[:1], ends[1:], weights)
    return npusim.load(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))


def main(folder: str) -> None:
    print(
        "Questions of other systems, asked of meteor_lake, lunar_lake and panther_lake (compiler 2026, fp16)."
    )
    print("bound: the engine that is busy longest on lunar_lake, and its share of the latency.\n")
    with tempfile.TemporaryDirectory() as place:
        lengths = Path(place) / "lengths.txt"
        lengths.write_text(LENGTHS, "utf-8")
        study = Study(Path(folder), str(lengths))
        for row in ROWS:
            print("\n".join(study.row(row)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
