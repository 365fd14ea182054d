"""Steps that lay a tensor out anew: a pass of the MAC array, or transfers."""

from __future__ import annotations

from collections.abc import Mapping

from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.work import MoveWork, Work


def permuted(node: Node, works: tuple[Work, ...], why: str, sharing: str) -> Placed:
    """A step of the MAC array that turns what `node` reads."""
    reads, writes = node.inputs, node.outputs
    return Placed(node, "mac_permute", works, "mac_array", why, reads, writes, 0.0, 0.0, sharing=sharing)


def transferred(node: Node, work: MoveWork, why: str) -> Placed:
    """A step of the DMA that makes what `node` writes."""
    return Placed(node, "dma", (work,), "dma", why, node.inputs, node.outputs, 0.0, 0.0)


def whole(node: Node, values: Mapping[str, Value], why: str) -> Placed:
    """A step of the DMA that makes all of a node's result."""
    return transferred(node, MoveWork(values[node.outputs[0]].npu_bytes), why)
