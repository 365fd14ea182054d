"""When two nodes, or two stretches of a model, are the same thing twice: structure, shapes and small constants."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.files import bodies

Readers = dict[ir.Value, set[ir.Node]]

READ_ELEMENTS = 2**20  # constants are compared by content up to here
MASK_VALUES = 3  # a large constant of so few different values is a mask and part of the structure


def external_inputs(nodes: Iterable[ir.Node]) -> list[ir.Value]:
    """Values the nodes read (their bodies included) and do not make, each once, in order of first use."""
    nodes = list(nodes)
    found: dict[ir.Value, None] = {}
    made: set[ir.Value] = set()
    for node in nodes:
        inner = [n for body in bodies(node) for n in ir.traversal.RecursiveGraphIterator(body)]
        own = {v for body in bodies(node) for v in (*body.inputs, *body.initializers.values())}
        own |= {out for n in inner for out in n.outputs}
        own |= {v for n in inner for body in bodies(n) for v in (*body.inputs, *body.initializers.values())}
        for user in (node, *inner):
            for value in user.inputs:
                if value is not None and value not in own:
                    found.setdefault(value)
        for body in bodies(node):
            for value in body.outputs:
                if value not in own:
                    found.setdefault(value)
        made.update(node.outputs)
    return [value for value in found if value not in made]


def readers_of(nodes: Iterable[ir.Node]) -> Readers:
    """Which of the nodes read a value, in a body or themselves."""
    readers: Readers = defaultdict(set)
    for node in nodes:
        for value in external_inputs([node]):
            readers[value].add(node)
    return readers


def region_key(nodes: Sequence[ir.Node], readers: Readers, facts: Facts) -> Hashable:
    """Equal for stretches that hold the same nodes, wired alike, and are read by others in the same places.
    Weights count by type and shape only."""
    own = set(nodes)
    numbers: dict[ir.Value, Hashable] = {}
    parts: list[Hashable] = []
    for node in nodes:
        reads: list[Hashable] = []
        for value in (*node.inputs, *(v for v in external_inputs([node]) if v not in node.inputs)):
            if value is None:
                reads.append(None)
                continue
            if value not in numbers:
                numbers[value] = ("in", len(numbers), value_key(value, facts))
            reads.append(numbers[value])
        leaving = []
        for out in node.outputs:
            numbers[out] = len(numbers)
            leaves = out.is_graph_output() or bool(readers.get(out, set()) - own)
            leaving.append((leaves, facts.of(out).dtype, facts.of(out).shape))
        parts.append((_node_key(node), tuple(reads), tuple(leaving)))
    return tuple(parts)


def site_key(node: ir.Node, facts: Facts, depth: int = 2) -> Hashable:
    """Equal for nodes that look alike with everything up to `depth` steps before and behind them."""
    before: list[Hashable] = []
    for value in node.inputs:
        maker = None if value is None else value.producer()
        if value is not None and maker is not None and depth and facts.constant(value) is None:
            before.append((site_key(maker, facts, depth - 1), value_key(value, facts)))
        else:
            before.append(None if value is None else value_key(value, facts))
    behind = sorted(repr(_node_key(user)) for out in node.outputs for user, _ in out.uses()) if depth else ()
    return _node_key(node), tuple(before), tuple(behind)


def value_key(value: ir.Value, facts: Facts) -> Hashable:
    """Type, shape and, of a small constant or a mask, its content."""
    array = facts.constant(value)
    if array is not None:
        return _array_key(np.asarray(array))
    fact = facts.of(value)
    tensor = None if value.is_graph_input() else value.const_value
    if tensor is None or isinstance(tensor, ir.ExternalTensor) or tensor.size > READ_ELEMENTS:
        return fact.dtype, fact.shape, fact.constant
    return _array_key(tensor.numpy())


def _array_key(array: np.ndarray) -> Hashable:
    kind = array.dtype.str, array.shape
    if array.dtype == object or (array.dtype.kind not in "iub" and array.size > MASK_VALUES):
        sample = array.ravel()[:1024]
        if (
            array.dtype == object
            or len(np.unique(sample)) > MASK_VALUES
            or len(np.unique(array)) > MASK_VALUES
        ):
            return kind
    return *kind, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _node_key(node: ir.Node) -> Hashable:
    return (
        node.domain,
        node.op_type,
        node.overload,
        tuple((name, _attribute_key(attr)) for name, attr in sorted(node.attributes.items())),
    )


def _attribute_key(attr: ir.Attr) -> Hashable:
    if attr.is_ref():
        return "ref", attr.ref_attr_name
    if attr.type == ir.AttributeType.TENSOR:
        tensor = attr.value
        large = isinstance(tensor, ir.ExternalTensor) or tensor.size > READ_ELEMENTS
        shape = tuple(int(d) for d in tensor.shape)
        return (
            (tensor.dtype, shape)
            if large or tensor.dtype == ir.DataType.STRING
            else _array_key(tensor.numpy())
        )
    if attr.type == ir.AttributeType.GRAPH:
        body = attr.as_graph()
        return tuple(_node_key(n) for n in body), len(body.inputs), len(body.outputs)
    if attr.type in (ir.AttributeType.GRAPHS, ir.AttributeType.TYPE_PROTO, ir.AttributeType.SPARSE_TENSOR):
        return repr(attr)
    value = attr.value
    return tuple(value) if isinstance(value, list | tuple) else value
