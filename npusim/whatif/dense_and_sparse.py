"""Outliers of the weights as a sparse product beside the dense one (SqueezeLLM's dense-and-sparse)."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np

from npusim.graph import Contents, DType, Graph, Node, Value
from npusim.whatif.weights import products, weight_of

#: A sparse matrix as Intel's array reads it: fp16 values of what is not zero, and a bit for every weight.
SPARSE_BITS = 16.0
BITMAP_BITS = 1.0
OPS = ("MatMul", "Gemm")
#: A place among the inputs of a product, where a list of places stands in place of the bitmap.
PLACE = DType.UINT16
OUTLIERS = "npusim.outliers"  # of the node that begins a product of listed outliers


def beside(whole: Graph, graph: Graph, share: float, pattern: str, listed: bool = False) -> Graph:
    """`graph` with, beside every product of a pattern, a product of the outliers and an addition of both results.

    `whole`: the graph before its weights became narrower; outliers keep the type they have there. Convolutions keep
    theirs inside. `listed`: each output has a list of its outliers, value and place, and the DSPs fetch what they are
    multiplied by; else values and a bitmap for the MAC array."""
    chosen = {node.name for node in products(graph, pattern) if node.op_type in OPS}
    values, nodes = dict(graph.values), list[Node]()
    for node in graph.nodes:
        if node.name not in chosen:
            nodes.append(node)
            continue
        held, out = weight_of(node, graph), node.outputs[0]
        dense, rest = f"{out}/dense", f"{out}/outliers"
        values |= {name: replace(values[out], name=name) for name in (dense, rest)}
        if listed and len(whole.values[held].shape) == 2:
            sparse = _listed(whole, values, node, held, rest, share)
        else:
            sparse = [_bitmapped(whole, values, node, held, rest, share)]
        nodes += [
            replace(node, outputs=(dense,)),
            *sparse,
            Node(f"{node.name}/sum", "Add", (dense, rest), (out,), repeats=node.repeats),
        ]
    return replace(graph, nodes=tuple(nodes), values=values)


def _bitmapped(whole: Graph, values: dict[str, Value], node: Node, held: str, out: str, share: float) -> Node:
    """The same product by a matrix that is mostly zeros."""
    name = f"{held}/outliers"
    bits = whole.values[held].dtype.npu_bytes * 8
    stored = (share * SPARSE_BITS + BITMAP_BITS) / bits
    values[name] = replace(
        whole.values[held], name=name, contents=Contents(zeros=1.0 - share, stored=min(1.0, stored))
    )
    inputs = tuple(name if one == held else one for one in node.inputs[:2])
    return replace(node, name=f"{node.name}/outliers", inputs=inputs, outputs=(out,))


def _listed(
    whole: Graph, values: dict[str, Value], node: Node, held: str, out: str, share: float
) -> list[Node]:
    """What is multiplied is fetched by its place, multiplied, and summed over the outliers of an output. All outputs
    have as many, rounded up (ELLPACK), so that no row needs a pointer."""
    outputs = values[out].shape[-1]
    each = ceil(share * whole.values[held].elements / outputs)
    data = values[node.inputs[0]]
    spread = (*data.shape[:-1], outputs * each)
    places, numbers = f"{held}/places", f"{held}/outliers"
    values[places] = Value(places, (*(1 for _ in data.shape[:-1]), outputs * each), PLACE, True)
    values[numbers] = Value(numbers, (outputs * each,), DType.FLOAT16, True)
    fetched, weighted, apart = (f"{out}/{what}" for what in ("fetched", "weighted", "apart"))
    values |= {name: replace(data, name=name, shape=spread, data=None) for name in (fetched, weighted)}
    values[apart] = replace(data, name=apart, shape=(*data.shape[:-1], outputs, each), data=None)
    sizes, axes = f"{out}/sizes", f"{out}/axes"
    values[sizes] = Value(sizes, (len(spread) + 1,), DType.INT64, True, np.array(values[apart].shape))
    values[axes] = Value(axes, (1,), DType.INT64, True, np.array([-1]))
    steps: tuple[tuple[str, tuple[str, ...], str, dict[str, int]], ...] = (
        ("GatherElements", (data.name, places), fetched, {"axis": -1}),
        ("Mul", (fetched, numbers), weighted, {}),
        ("Reshape", (weighted, sizes), apart, {}),
        ("ReduceSum", (apart, axes), out, {"keepdims": 0}),
    )
    first = {OUTLIERS: "listed"}
    return [
        Node(
            f"{node.name}/outliers/{kind}", kind, inputs, (made,), attributes,
            repeats=node.repeats, metadata=first if kind == "GatherElements" else {},
        )
        for kind, inputs, made, attributes in steps
    ]  # fmt: skip


def lists(graph: Graph) -> list[str]:
    """Names of the values and places of listed outliers."""
    places = [node.inputs[1] for node in graph.nodes if OUTLIERS in node.metadata]
    return [*places, *(f"{name.removesuffix('/places')}/outliers" for name in places)]
