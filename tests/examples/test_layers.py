"""The generated 130M layers: what they hold, and that they are the exported ones."""

import sys
from collections import Counter
from pathlib import Path

import pytest

import npusim
from tests.shared import SHARED, needs_shared

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples"))
import make_mamba1
import make_mamba2


def loaded(proto, folder):
    path = folder / "layer.onnx"
    path.write_bytes(proto.SerializeToString())
    return npusim.load(path)


def ops(graph):
    return Counter(node.op_type for node in graph.nodes)


@pytest.fixture(scope="module")
def mamba2(tmp_path_factory):
    return loaded(make_mamba2.make(s=make_mamba2.M130), tmp_path_factory.mktemp("mamba2"))


def test_the_large_cumsum_runs_over_the_whole_chunk_of_every_head(mamba2):
    shapes = [mamba2.values[n.inputs[0]].shape for n in mamba2.nodes if n.op_type == "CumSum"]
    assert shapes == [(1, 24, 1, 256), (1, 24, 1, 256, 256), (1, 24, 2, 2)]


@pytest.mark.parametrize("tokens", [1, 2, 16])
def test_a_token_more_is_nine_nodes_more_in_mamba_1(tokens, tmp_path):
    one, more = (loaded(make_mamba1.make(t), tmp_path) for t in (tokens + 1, tokens + 2))
    grown = ops(more) - ops(one)
    assert grown == Counter(Gather=4, Unsqueeze=2, Mul=1, Add=1, MatMul=1)
    assert not {"CumSum", "ReduceSum"} & set(ops(one))


# What one exporter writes otherwise: Div for Reciprocal, three Slices for a Split, no threshold of Softplus.
TORCHSCRIPT = Counter(Div=3, Slice=3, Unsqueeze=1), Counter(Reciprocal=3, Split=1, Greater=1, Where=1)
CASES = [
    ("xamba_mamba2_1layer_T4_dy", 2, (Counter(), Counter())),
    ("xamba_mamba2_1layer_T4_ts", 2, TORCHSCRIPT),
    ("xamba_mamba_1layer_T4_ts", 1, (Counter(Div=2), Counter(Reciprocal=2))),
]


@needs_shared
@pytest.mark.parametrize(("name", "family", "differences"), CASES, ids=[c[0] for c in CASES])
def test_a_generated_layer_is_the_exported_one(name, family, differences, mamba2, tmp_path):
    exported = npusim.load(SHARED / "graphs" / "large" / f"{name}.onnx")
    own = mamba2 if family == 2 else loaded(make_mamba1.make(4), tmp_path)
    assert (ops(exported) - ops(own), ops(own) - ops(exported)) == differences
    for machine in npusim.hardware("meteor_lake"), npusim.hardware("lunar_lake"):
        for compiler in ("2024.12", "2024.12-dsp", "2026"):
            there = npusim.simulate(exported, machine, compiler).latency_us
            assert npusim.simulate(own, machine, compiler).latency_us == pytest.approx(there, rel=0.05)
