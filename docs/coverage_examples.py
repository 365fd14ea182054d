"""One model an op and opset version, from the examples that the laws of the tests use, and what npusim says of it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from npusim import hardware, load, simulate
from npusim.errors import NpusimError
from tests.fuzzing.seeds import model_of
from tests.ops.cases import CASES

NOT_ASKED = "not asked"
VERSIONS = Path(__file__).resolve().parents[1] / "tests" / "backend" / "versions.csv"
HELD = {(op, int(v)) for op, v in (line.split(",") for line in VERSIONS.read_text("utf-8").splitlines()[1:])}

#: Attributes of older versions whose name is not that of the input that came in their place.
RENAMED = {"constant_value": "value", "K": "k"}


def verdict_of(op: str, version: int) -> str:
    """'priced', or 'not asked' where no example has a form that this version allows. What ONNX's own tests hold
    counts first; then the example of the op, if it is a whole model."""
    if (op, version) in HELD:
        return "priced"
    if ("", op) not in CASES:
        return NOT_ASKED
    model = onnx.ModelProto.FromString(model_of("", op))
    try:
        _as_of(model, defs.get_schema(op, max_inclusive_version=version))
        model.opset_import[0].version = version
        onnx.checker.check_model(model)
    except (defs.SchemaError, onnx.checker.ValidationError, LookupError, ValueError, TypeError):
        return NOT_ASKED
    return asked(model)


def asked(model: Any) -> str:
    """What npusim says of a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model.SerializeToString())
        try:
            simulate(load(path), hardware("lunar_lake"))
        except NpusimError:
            return NOT_ASKED  # the examples are of costs, and may lack what a whole model must have
    return "priced"


def _as_of(model: Any, schema: Any) -> None:
    """The example's node in the form of an older version: constants that were attributes then become attributes, and
    attributes that it does not know go."""
    graph, node = model.graph, model.graph.node[0]
    newest = defs.get_schema(node.op_type)
    constants = {t.name: t for t in graph.initializer}
    for attribute in [a for a in node.attribute if a.name not in schema.attributes]:
        node.attribute.remove(attribute)
    keep = []
    for position, name in enumerate(node.input):
        formal = newest.inputs[min(position, len(newest.inputs) - 1)].name
        attribute = RENAMED.get(formal, formal)
        if name in constants and attribute in schema.attributes and position >= schema.min_input:
            value = numpy_helper.to_array(constants[name])
            kind = schema.attributes[attribute].type
            given = (
                np.ravel(value).tolist() if "S" in str(kind).rsplit(".", 1)[-1] else np.ravel(value)[0].item()
            )
            node.attribute.append(helper.make_attribute(attribute, given))
            graph.initializer.remove(constants[name])
            continue
        keep.append(name)
    del node.input[:]
    node.input.extend(keep)
