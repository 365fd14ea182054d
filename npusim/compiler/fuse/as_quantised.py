"""The question "what if it were int8?": a float graph as static quantisation would leave it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from npusim.compiler.fuse.quantised import MOVES, QUANTISE, moved_operands, on_mac_array
from npusim.compiler.fuse.rewriter import Rewriter
from npusim.compiler.fuse.shared_heads import SHARED
from npusim.graph import DType, Graph, Node

PRODUCTS = ("MatMul", "Gemm", "FusedMatMul")
FEW_ROWS = (
    16  # a product of up to so many rows has less to multiply than to read: a block of the grid's pixels
)
#: Metadata of a node of which it is asked that it reads 8 bits: the label of their type.
READS = "npusim.reads"


def as_asked(graph: Graph) -> Graph:
    """Nodes of which it is asked that they read 8 bits (`READS` in their metadata) as static quantisation would leave
    them, each type in turn."""
    asked = {node.metadata[READS] for node in graph.nodes if READS in node.metadata}
    for dtype in (DType.FLOAT8E4M3FN, DType.INT8):
        if dtype.label in asked:
            graph = narrowed(Rewriter(graph), dtype, dtype.label)
    return graph


def as_int8(r: Rewriter) -> Graph:
    """A float graph as static quantisation would leave it."""
    return narrowed(r, DType.INT8)


def narrowed(r: Rewriter, dtype: DType, asked: str = "") -> Graph:
    """MAC-array tensors and weights in `dtype`, a QuantizeLinear where fp16 data (an input, a DSP kernel's result)
    meets the MAC array. `asked`: of those nodes only whose metadata ask for it. Of their own accord products of few
    rows keep their activations and have their weights in `dtype`, and an Add follows where one of its inputs does."""

    def chosen(node: Node) -> bool:
        return on_mac_array(r, node) and (not asked or node.metadata.get(READS) == asked)

    group: dict[str, str] = {}

    def find(name: str) -> str:
        while group.get(name, name) != name:
            name = group[name]
        return name

    def takes(node: Node) -> bool:
        if not chosen(node) or asked:
            return chosen(node)
        if node.op_type in ("Add", "Sub"):
            return not narrow.isdisjoint(find(n) for n in node.inputs)
        return not _few_rows(r, node)

    for node in r.nodes:
        if node is not None and node.op_type in MOVES:
            data = moved_operands(node)
            root = find(data[0])
            for name in (*data, *node.outputs):
                group[find(name)] = root
    floats = {n for n, v in r.values.items() if v.dtype.is_float and not v.constant}
    stays = {find(n) for n in (*r.graph.inputs, *r.graph.outputs)}
    narrow: set[str] = set()  # roots of what narrow nodes make
    taking: set[int] = set()
    for index, node in enumerate(r.nodes):
        if node is None or node.op_type in MOVES:
            continue
        if takes(node):
            taking.add(index)
            narrow |= {find(n) for n in node.outputs}
        else:
            stays |= {find(n) for n in (*node.inputs, *node.outputs) if n}
    eight = {n for n in floats if find(n) not in stays}
    made: dict[str, str] = {}
    for index, node in enumerate(r.nodes):
        if node is None or not chosen(node):
            continue
        inputs = list(node.inputs)
        for k, name in enumerate(inputs):
            if not name or name in eight or not r.value(name).dtype.is_float:
                continue
            if r.constant(name):
                if k == 1:
                    r.values[name] = replace(r.value(name), dtype=dtype)
            elif index not in taking:
                continue
            elif name in made:
                inputs[k] = made[name]
            else:
                q = f"{name}/quantized"
                made[name] = inputs[k] = q
                r.values[q] = replace(r.value(name), name=q, dtype=dtype)
                quantize = Node(f"{name}/quantize", QUANTISE, (name,), (q,), repeats=node.repeats)
                r.insert(index, quantize)
        r.nodes[index] = replace(node, inputs=tuple(inputs))
    for name in eight:
        r.values[name] = replace(r.value(name), dtype=dtype)
    return r.result()


def _few_rows(r: Rewriter, node: Node) -> bool:
    """A product that waits for its operands' bytes, not for the MAC array (one token of a language model), or one whose
    weights are packed: only its weights are stored in fewer bits, as tools for such models leave them."""
    if node.op_type not in PRODUCTS:
        return False
    second, out = r.value(node.inputs[1]), r.value(node.outputs[0])
    if second.constant and second.dtype.bits < 8:
        return True
    rows = prod(out.shape[:-1]) if second.constant else prod(out.shape[-2:-1]) * node.attribute(SHARED, 1)
    return bool(rows <= FEW_ROWS)
