"""Laws that every pass keeps, over the examples and near misses each pass carries itself.

A pass is met here from the moment its file exists.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto

from tests.xamba.build import check, copy
from xamba import verify
from xamba.files import check as complaint
from xamba.passes.base import XambaPass
from xamba.passes.registry import passes

PASSES = passes()
EXAMPLES = [
    pytest.param(p, text, id=f"{name}{i}") for name, p in PASSES.items() for i, text in enumerate(p.examples)
]
MISSES = [
    pytest.param(p, text, words, id=f"{name}{i}")
    for name, p in PASSES.items()
    for i, (text, words) in enumerate(p.near_misses)
]
DTYPES = ("float32", "float16")


def parsed(text: str, dtype: str = "float32") -> ir.Model:
    """The model of an example; in float16 every float of it is turned into one."""
    proto = onnx.parser.parse_model(text)
    if dtype == "float16":
        _to_half(proto.graph)
    onnx.checker.check_model(proto, full_check=True)
    model = ir.from_proto(proto)
    for index, node in enumerate(model.graph):
        node.name = node.name or f"node_{index}_{node.op_type}"
    return model


def _to_half(graph: onnx.GraphProto) -> None:
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    for tensor in graph.initializer:
        _tensor_to_half(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _tensor_to_half(attribute.t)
            if attribute.HasField("g"):
                _to_half(attribute.g)
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16


def _tensor_to_half(tensor: onnx.TensorProto) -> None:
    if tensor.data_type == TensorProto.FLOAT:
        array = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))


def free_dimensions(model: ir.Model) -> list[str]:
    dims = [d for v in model.graph.inputs for d in v.shape or () if isinstance(d, ir.SymbolicDim)]
    return sorted({d.value for d in dims if d.value})


@pytest.mark.parametrize("one", PASSES.values(), ids=PASSES)
def test_a_pass_carries_its_own_facts(one):
    assert one.name == one.name.lower() and isinstance(one.exact, bool)
    assert one.exact or not one.default, "a pass that changes the answer has to be asked for"
    assert (one.__doc__ or "").splitlines()[0].endswith(".") and not (one.__doc__ or "").startswith(
        f"{one.__name__}("
    )
    assert one.examples and one.near_misses


@pytest.mark.parametrize("one, text", EXAMPLES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_pass_keeps_the_answer_at_every_batch(one: type[XambaPass], text: str, dtype: str):
    before = parsed(text, dtype)
    after = copy(before)
    result = one().run(after)
    assert result.modified and result.rewritten, [str(line) for line in result.kept]
    assert complaint(after) is None
    check(after)
    names = free_dimensions(before)
    for lengths in product((1, 3), repeat=min(len(names), 2)) if names else [()]:
        verdict = verify(before, after, dims=dict(zip(names, lengths, strict=False)))
        assert verdict.ok, (lengths, verdict)


@pytest.mark.parametrize("one, text", EXAMPLES)
def test_a_second_run_changes_nothing(one, text):
    model = parsed(text)
    one().run(model)
    bytes_before = ir.to_proto(model).SerializeToString(deterministic=True)
    assert not one().run(model).modified
    assert ir.to_proto(model).SerializeToString(deterministic=True) == bytes_before


@pytest.mark.parametrize("one, text", EXAMPLES)
def test_nothing_is_rewritten_that_only_leaves_out(one, text):
    model = parsed(text)
    bytes_before = ir.to_proto(model).SerializeToString(deterministic=True)
    assert not one(only=("no such node",)).run(model).modified
    assert ir.to_proto(model).SerializeToString(deterministic=True) == bytes_before


@pytest.mark.parametrize("one, text", EXAMPLES)
def test_only_may_name_the_node_that_is_rewritten(one, text):
    name = one().run(parsed(text)).rewritten[0].node
    assert [line.node for line in one(only=(name,)).run(parsed(text)).rewritten] == [name]


@pytest.mark.parametrize("one, text", EXAMPLES)
def test_outputs_keep_their_names_types_and_shapes(one, text):
    model = parsed(text)
    before = [(v.name, v.dtype, str(v.shape)) for v in model.graph.outputs]
    one().run(model)
    assert [(v.name, v.dtype, str(v.shape)) for v in model.graph.outputs] == before


@pytest.mark.parametrize("one, text, words", MISSES)
def test_a_near_miss_is_untouched_and_says_why(one, text, words):
    model = parsed(text)
    before = ir.to_proto(model).SerializeToString(deterministic=True)
    result = one().run(model)
    assert not result.modified
    assert any(words in line.reason for line in result.kept), [str(line) for line in result.kept]
    assert ir.to_proto(model).SerializeToString(deterministic=True) == before


UNDOING = [param for param in EXAMPLES if param.values[0].undo is not XambaPass.undo]


@pytest.mark.parametrize("one, text", UNDOING)
def test_undo_brings_the_answer_and_the_ops_back(one, text):
    before = parsed(text)
    after = copy(before)
    one().run(after)
    assert one().undo(after)
    check(after)
    assert verify(before, after).ok
    assert sorted(n.op_type for n in after.graph) == sorted(n.op_type for n in before.graph)
