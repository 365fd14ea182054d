"""Outliers of the weights as a sparse product beside the dense one (SqueezeLLM's dense-and-sparse)."""

from __future__ import annotations

from dataclasses import replace

from npusim.graph import Contents, Graph, Node
from npusim.whatif.weights import products, weight_of

#: A sparse matrix as Intel's array reads it: fp16 values of what is not zero, and a bit for every weight.
SPARSE_BITS = 16.0
BITMAP_BITS = 1.0
OPS = ("MatMul", "Gemm")


def beside(whole: Graph, graph: Graph, share: float, pattern: str) -> Graph:
    """`graph` with, beside every product of a pattern, a product of the outliers and an addition of both results.

    `whole`: the graph before its weights became narrower; outliers keep the type they have there. Convolutions keep
    theirs inside."""
    chosen = {node.name for node in products(graph, pattern) if node.op_type in OPS}
    values, nodes = dict(graph.values), list[Node]()
    for node in graph.nodes:
        if node.name not in chosen:
            nodes.append(node)
            continue
        held, out = weight_of(node, graph), node.outputs[0]
        sparse, dense, rest = f"{held}/outliers", f"{out}/dense", f"{out}/outliers"
        bits = whole.values[held].dtype.npu_bytes * 8
        stored = (share * SPARSE_BITS + BITMAP_BITS) / bits
        contents = Contents(zeros=1.0 - share, stored=min(1.0, stored))
        values[sparse] = replace(whole.values[held], name=sparse, contents=contents)
        values |= {name: replace(values[out], name=name) for name in (dense, rest)}
        inputs = [sparse if name == held else name for name in node.inputs[:2]]
        nodes += [
            replace(node, outputs=(dense,)),
            replace(node, name=f"{node.name}/outliers", inputs=tuple(inputs), outputs=(rest,)),
            Node(f"{node.name}/sum", "Add", (dense, rest), (out,), repeats=node.repeats),
        ]
    return replace(graph, nodes=tuple(nodes), values=values)
