"""About how long one run of a model takes, and how much memory comparing two takes, from the graphs alone.

Nothing is measured, so that the same draws are run on any machine.
"""

from __future__ import annotations

from math import prod

import onnx_ir as ir

from xamba.facts.facts import facts_of
from xamba.proof.tolerance import SUMS, sum_length

NS_PER_ELEMENT = 1.0  # a float32 written and read again, one core
NS_PER_MAC = 0.3  # a weight read once for one token, between memory and arithmetic
#: Bytes held for one of weights: the data, a copy and a repacked copy of each of the two models.
COPIES = 4
FREE = 4  # in the place of a dimension that is not known


def run_ns(model: ir.Model) -> float:
    """Nanoseconds of one run, to a factor of a few; trips of a loop count once."""
    facts, total = facts_of(model), 0.0
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        elements = 0
        for out in node.outputs:
            shape = facts.of(out).shape
            elements += prod(d if isinstance(d, int) else FREE for d in shape) if shape is not None else FREE
        macs = elements * sum_length(node, facts) if node.op_type in SUMS else 0
        total += elements * NS_PER_ELEMENT + macs * NS_PER_MAC
    return total


def memory_bytes(first: ir.Model, second: ir.Model) -> int:
    """Bytes that the weights of both take while they are compared; those of one name and shape are held once."""
    held: dict[object, int] = {}
    for model in (first, second):
        for value in model.graph.initializers.values():
            tensor = value.const_value
            if tensor is not None:
                wide = tensor.dtype in (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
                held[value.name, tuple(tensor.shape)] = tensor.nbytes * (2 if wide else 1)
    return COPIES * sum(held.values())
