"""A piece that does not fit: what an op must hold in the scratchpad at once, since its axis cannot be cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.checking.record import Finding
from npusim.graph import Graph, Node

#: Asked of Intel's compiler 8.4: rows of 350,000 elements compile and 400,000 do not on NPU 4000, 300,000 and 400,000
#: on NPU 5010; 400,000 compile and 1,000,000 do not on NPU 3720. Rows side by side and CumSum along outer axes are cut.
SCANS = frozenset({"CumSum"})
MIB = 2.0**20


def does_not_fit(graph: Graph, hw: Hardware) -> Iterator[Finding]:
    """Scans of which one row and its sums do not fit into the scratchpad of a tile."""
    capacity = float(np.min(hw.numbers()["scratchpad.capacity_bytes"]))
    for node in graph.nodes:
        if node.op_type not in SCANS or node.domain:
            continue
        length = _scanned(node, graph)
        value = graph.values[node.inputs[0]]
        needed = 2 * length * value.dtype.npu_bytes
        if needed > capacity:
            why = (
                f"one row of {length} elements and its sums need {needed / MIB:.1f} MiB, "
                f"and the scratchpad holds {capacity / MIB:.1f} MiB"
            )
            remedy = (
                "cut the axis: Reshape it into blocks, CumSum each, and add the CumSum of the blocks' totals"
            )
            yield Finding(
                node.name, node.op_type, "memory", why, remedy, "asked with rows of 100,000 to 1,000,000"
            )


def _scanned(node: Node, graph: Graph) -> int:
    """Length of the scanned axis, 0 where it is not known."""
    axis = graph.values[node.inputs[1]].data if len(node.inputs) > 1 and node.inputs[1] else None
    shape = graph.values[node.inputs[0]].shape
    if axis is None or axis.size != 1 or not shape:
        return 0
    return shape[int(axis.item()) % len(shape)]
