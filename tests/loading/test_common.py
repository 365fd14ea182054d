"""What is known of ONNX without the `onnx` package: attributes, element types, messages. Held against the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import defs, helper, numpy_helper

from npusim.loading.schemas import COMMON, LETTERS, ONNX_SPELLING, USUAL, USUAL_FROM
from npusim.loading.tensors import FIELDS, NUMPY, RAW, array_of, dtype_like, dtype_of, numpy_type

EXAMPLE = Path(__file__).parents[2] / "examples" / "mamba2_small.onnx"
ALL = [schema for schema in defs.get_all_schemas_with_history() if schema.domain == ""]


def test_an_attribute_called_common_has_that_type_in_every_version_of_every_op():
    wrong = {
        (schema.name, schema.since_version, name, attribute.type.name)
        for schema in ALL
        for name, attribute in schema.attributes.items()
        if name in COMMON and LETTERS.get(attribute.type.name) != COMMON[name]
    }
    assert wrong == {("Cast", 1, "to", "STRING")}  # of opset 5 and older


@pytest.mark.parametrize("kind", USUAL)
def test_usual_types_are_allowed_in_every_opset(kind: str):
    for opset in range(USUAL_FROM, defs.onnx_opset_version() + 1):
        schema = defs.get_schema(kind, opset)
        for place, labels in enumerate(USUAL[kind][: len(schema.inputs)]):
            allowed = {t.removeprefix("tensor(").removesuffix(")") for t in schema.inputs[place].types}
            assert {ONNX_SPELLING.get(label, label) for label in labels} <= allowed, (opset, place)


@pytest.mark.parametrize("number", NUMPY)
def test_a_tensor_holds_what_the_onnx_package_says(number: int):
    data = np.array([[0, 1, 1], [1, 0, 1]]).astype(NUMPY[number])
    tensors = [numpy_helper.from_array(data)]
    if number in FIELDS:
        tensors.append(helper.make_tensor("t", number, data.shape, data.ravel().tolist()))
        assert not tensors[-1].HasField("raw_data")
    for tensor in tensors:
        found = array_of(tensor)
        assert found.dtype == data.dtype == numpy_type(dtype_of(number)) == RAW[number]
        assert (found == numpy_helper.to_array(tensor)).all() and found.shape == data.shape
    assert dtype_like(data.dtype) is dtype_of(number)
    assert numpy_type(dtype_of(number)) == helper.tensor_dtype_to_np_dtype(number)


def test_a_run_of_the_example_needs_the_messages_alone_and_the_package_still_fits_them():
    code = f"""
import sys, npusim
graph = npusim.load({str(EXAMPLE)!r})
assert "onnx" not in sys.modules, "the package was imported"
from npusim.loading.structure import read_model
model = read_model({str(EXAMPLE)!r})
import onnx
from onnx import checker
assert type(model) is onnx.ModelProto
checker.check_model(model)
assert npusim.load(onnx.load({str(EXAMPLE)!r})).nodes == graph.nodes
"""
    subprocess.run([sys.executable, "-c", code], check=True)
