"""Sum, Max and Min of several operands -> ops of two, from the first operand on, as OpenVINO's front end makes them.

In Intel's schedules a Sum of four is three `Add`, a Max or a Min of three two `Maximum` or `Minimum`, and every one of
them is laid out, cut and kept like any op of two. Where two operands do not fit, it cuts all of them together in strips
(`VF:FULL_PREFETCHING` of three of 3.1 MB on NPU 3720), which is not planned here: what is between crosses DDR."""

from __future__ import annotations

import numpy as np

from npusim.compiler.fuse.writer import Writer
from npusim.graph import Node

PAIRWISE = {"Sum": "Add", "Max": "Max", "Min": "Min"}


def stands_for_pairs(node: Node) -> bool:
    """Whether it is written out here: a Max or a Min of two operands is an op of two already; of one nothing runs."""
    return len([name for name in node.inputs if name]) >= (2 if node.op_type == "Sum" else 3)


def of_two(w: Writer, node: Node) -> bool:
    """The node as ops of two. Operands of other shapes meet as they come: what is made of the first two has the shape
    to which both broadcast."""
    if not stands_for_pairs(node):
        return False
    names = tuple(name for name in node.inputs if name)
    kind, dtype = PAIRWISE[node.op_type], w.values[node.outputs[0]].dtype
    made = names[0]
    for place, name in enumerate(names[1:-1], 1):
        shape = np.broadcast_shapes(w.shape(made), w.shape(name))
        made = w.op(f"{kind} {place}", kind, (made, name), tuple(shape), dtype)
    w.last(kind, (made, names[-1]), node.outputs[0])
    return True
