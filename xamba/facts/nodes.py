"""Small questions about a node: its attributes, its name for a person, and the walk over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import onnx_ir as ir


def attribute(node: ir.Node, name: str, default: Any) -> Any:
    """Value of an attribute, or the default."""
    return node.attributes[name].value if name in node.attributes else default


def node_label(node: ir.Node) -> str:
    """The name a person finds the node by."""
    return node.name or (node.outputs[0].name if node.outputs else None) or node.op_type


def is_onnx(node: ir.Node) -> bool:
    """Whether the node is of the standard domain."""
    return node.domain in ("", "ai.onnx")


def all_nodes(model: ir.Model, reverse: bool = False) -> Iterator[ir.Node]:
    """Every node of the graph and of the bodies of If, Loop and Scan; functions are not entered."""
    return iter(list(ir.traversal.RecursiveGraphIterator(model.graph, reverse=reverse)))
