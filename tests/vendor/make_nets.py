"""Compile networks and layers of language models with Intel's compiler: vendor_nets_*.csv and vendor_blocks_*.csv.

    python -m tests.vendor.make_nets [--compiler COMMAND] [--only real,nets,blocks] [--npus 3720,4000,5010]

The graphs are those of tests/vendor/nets (`half_of` there says which half), and the ones beside the project
(../shared/cases/real; their weights are missing and filled with random ones), which were published before and
therefore for fitting.
Rows that are there are kept, new ones appended as they come.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.shared import SHARED
from tests.vendor.builder import WEIGHT_SCALE
from tests.vendor.compiled import TILES, append, command, compiled_row, rows
from tests.vendor.nets import NETS, build, half_of
from tests.vendor.nets.language import blocks

DATA = Path(__file__).resolve().parents[1] / "data"
#: Kinds of the networks beside the project, by the start of their names.
REAL = {
    "whisper": "transformer", "vit": "transformer", "bert": "transformer", "sd15": "transformer", "yolov8n": "CNN",
    "resnet50": "CNN", "mamba": "SSM", "wav2vec2": "CNN", "bilstm": "recurrent", "dlrm": "recommendation",
}  # fmt: skip
#: Layers that are graphs/llm/blocks/llama1b1_* node by node; the compiler's figures for them were published.
PUBLISHED = ("llama1b_pre_128", "llama1b_pre_1024", "llama1b_dec_1024")


def filled(path: Path) -> onnx.ModelProto:
    """A graph beside the project, random values in place of the weights that are not there."""
    model = onnx.load(path, load_external_data=False)
    random = np.random.default_rng(0)
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            values = random.normal(0, WEIGHT_SCALE, tuple(tensor.dims))
            kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
            tensor.CopyFrom(numpy_helper.from_array(values.astype(kind), tensor.name))
    return model


def listed() -> Iterator[tuple[str, str, str, str, Callable[[], onnx.ModelProto]]]:
    """(table, name, kind, half, its graph) of all of them; published ones first."""
    for path in sorted((SHARED / "cases" / "real").glob("*.onnx")):
        kind = next(kind for start, kind in REAL.items() if path.stem.startswith(start))
        yield "real", path.stem, kind, "fit", lambda path=path: filled(path)
    for name, (kind, _) in NETS.items():
        yield "nets", name, kind, half_of(name), lambda name=name: build(name)
    for name in blocks():
        side = "fit" if name in PUBLISHED else half_of(name)
        yield "blocks", name, "transformer", side, lambda name=name: build(name)


def main() -> None:
    """Compile what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", help="COMMAND MODEL PLATFORM OUT_FOLDER NPU_TILES=n")
    parser.add_argument("--only", default="real,nets,blocks")
    parser.add_argument("--npus", default=",".join(TILES))
    options = parser.parse_args()
    words = command(options.compiler)
    table = lambda what, side: DATA / f"vendor_{'blocks' if what == 'blocks' else 'nets'}_{side}.csv"
    there = {
        (r["graph"], r["npu"])
        for what in ("nets", "blocks")
        for side in ("fit", "judge")
        for r in rows(table(what, side))
    }
    for what, name, kind, side, graph in listed():
        model = None
        for npu in options.npus.split(","):
            if what in options.only.split(",") and (name, npu) not in there:
                model = model or graph()
                head = {"graph": name, "kind": kind, "npu": npu, "tiles": TILES[npu]}
                row = head | compiled_row(model, npu, words, layers=True)
                append(table(what, side), row, "tests/vendor/make_nets.py")
                print(name, npu, side, row["total_us"], row["unpriced"], flush=True)


if __name__ == "__main__":
    main()
