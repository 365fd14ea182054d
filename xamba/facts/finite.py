"""Is a value finite for certain? Asked before a product with zeros, since 0 * inf is NaN."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts

#: Output within fixed bounds for every input that is not NaN (Softmax also of infinities is not listed: NaN).
BOUNDED = {"Sigmoid", "Tanh", "HardSigmoid", "Erf", "Softsign"}
#: Output elements are elements of the operands (or zeros).
MOVES = {
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Expand", "Slice", "Gather", "Concat", "Split", "Tile",
    "Identity", "Trilu", "Flatten", "Where", "Relu", "Abs", "Neg", "Min", "Max",
}  # fmt: skip
DATA_INPUTS = {"Where": (1, 2), "Concat": None, "Min": None, "Max": None}


def certainly_finite(value: ir.Value, facts: Facts, depth: int = 64) -> bool:
    """True when no input of the model can make this value inf or NaN.

    Followed are constants, integers turned into floats, bounded activations of finite values and
    ops that only move elements. Graph inputs are not certain, nor is a sum or a product (overflow).
    """
    fact = facts.of(value)
    if fact.dtype is not None and not fact.dtype.is_floating_point():
        return True
    if fact.value is not None and fact.value.dtype != object:
        return bool(np.isfinite(fact.value.astype(np.float64)).all())
    if fact.constant and value.const_value is not None and not value.is_graph_input():
        return _finite_tensor(value.const_value)
    node = value.producer()
    if node is None or depth == 0:
        return False
    if node.op_type == "Cast" and node.inputs[0] is not None:
        source = facts.of(node.inputs[0]).dtype
        wide = fact.dtype in (ir.DataType.FLOAT, ir.DataType.DOUBLE)
        return wide and source is not None and not source.is_floating_point()
    if node.op_type not in BOUNDED | MOVES:
        return False
    places = DATA_INPUTS.get(node.op_type, (0,))
    inputs = node.inputs if places is None else [node.inputs[i] for i in places]
    return all(x is not None and certainly_finite(x, facts, depth - 1) for x in inputs)


def _finite_tensor(tensor: ir.TensorProtocol) -> bool:
    try:
        return bool(np.isfinite(np.asarray(tensor.numpy()).astype(np.float64)).all())
    except OSError:  # the weights are not there
        return False
