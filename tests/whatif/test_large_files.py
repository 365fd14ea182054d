"""Large networks pruned and split, run by onnxruntime with zeros for weights that are not there: shapes as promised."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import npusim
from npusim.whatif.parse import parse
from tests.shared import SHARED, needs_shared
from tests.whatif.networks import answers

pytest.importorskip("onnxruntime")
pytestmark = [needs_shared, pytest.mark.slow]


def read(name):
    return onnx.load(SHARED / "graphs" / f"{name}.onnx", load_external_data=False)


def filled(model):
    """The model with zeros for weights of a file that is not there."""
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            size = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
            del tensor.external_data[:]
            tensor.data_location = TensorProto.DEFAULT
            tensor.raw_data = bytes(int(np.prod(tensor.dims)) * size)
    return model


def zeros(graph):
    """Inputs of the graph's shapes."""
    return {
        name: np.zeros(
            graph.values[name].shape, helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(kind))
        )
        for name in graph.inputs
        for kind in [graph.values[name].dtype.name]
    }


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("large/resnet50_ts", "prune:channels=0.3"),
        ("large/bert_base_L128_ts", "prune:heads=0.25,ffn=0.5,layers=6-11"),
        ("large/xamba_mamba2_1layer_T4_dy", "prune:heads=0.25,channels=0.25"),
        ("llm/blocks/llama1b1_dec_1024", "prune:heads=0.25,ffn=0.5"),
    ],
)
def test_pruned(name, what):
    model, one = read(name), parse(what)
    graph, _ = one.apply(npusim.load(model), None)
    found = answers(filled(one.rewritten(model)), zeros(graph))
    assert {n: x.shape for n, x in found.items()} == {n: graph.values[n].shape for n in graph.outputs}


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("large/resnet50_ts", "*stages.1/layers.3/activation/Relu"),
        ("large/xamba_mamba2_1layer_T4_dy", ""),
        ("llm/blocks/llama1b1_dec_1024", ""),
    ],
)
def test_split(name, at):
    model = read(name)
    graph = npusim.load(model)
    both = parse(f"split:at={at or graph.nodes[len(graph.nodes) // 2].name}").rewritten_parts(model)
    head = answers(filled(both["head"]), zeros(graph))
    found = head | answers(filled(both["tail"]), zeros(graph) | head)
    assert {n: found[n].shape for n in graph.outputs} == {n: graph.values[n].shape for n in graph.outputs}
