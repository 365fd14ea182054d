"""Ops that stand for many -> the plain ops they stand for, as a front end hands them to the compiler.

RotaryEmbedding, (Skip)SimplifiedLayerNormalization here; Attention and GroupQueryAttention in `attention`; reductions
in `reductions`; Einsum, Sum, Max and Min of several operands in `einsums` and `several_operands`. What a compiler makes
of the plain ops is then the same whichever way a model was exported. An op with an attribute or a result that has no
plain form here stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npusim.compiler.fuse.attention import attention, group_query
from npusim.compiler.fuse.einsums import in_pairs, stands_for_several
from npusim.compiler.fuse.instance_norms import instance_norm
from npusim.compiler.fuse.reductions import log_sum, log_sum_exp, mean_of_planes, minimum, sum_square
from npusim.compiler.fuse.several_operands import PAIRWISE, of_two, stands_for_pairs
from npusim.compiler.fuse.writer import Writer
from npusim.graph import Graph, Node

MICROSOFT = "com.microsoft"
Rule = Callable[[Writer, Node], bool]  # writes the node out; False where it cannot


def write_out(graph: Graph) -> Graph:
    """The graph without such ops; the same one where it has none."""
    if not any((n.domain, n.op_type) in RULES and _written(n) for n in graph.nodes):
        return graph
    w = Writer(graph)
    for node in graph.nodes:
        rule = RULES.get((node.domain, node.op_type))
        w.begin(node)
        if rule is None or not rule(w, node):
            w.nodes.append(node)
    return replace(graph, nodes=tuple(w.nodes), values=w.values)


def _written(node: Node) -> bool:
    """Of the many Gemm, Einsum and Max of networks only those with a transposed left side, or that are several ops."""
    if node.op_type in PAIRWISE:
        return stands_for_pairs(node)
    if node.op_type == "Einsum":
        return stands_for_several(node)
    return node.op_type != "Gemm" or bool(node.attribute("transA", 0))


def _norm(w: Writer, node: Node) -> bool:
    """SimplifiedLayerNormalization is RMSNormalization under an older name."""
    last = len(w.shape(node.inputs[0])) - 1
    if any(node.outputs[1:]) or int(node.attribute("axis", -1)) not in (-1, last):
        return False
    w.last("RMSNormalization", node.inputs[:2], node.outputs[0], axis=-1)
    return True


def _skip_norm(w: Writer, node: Node) -> bool:
    """The sum of two (and a bias), which is a result too, then the norm."""
    if any(node.outputs[1:3]):
        return False
    whole = node.outputs[3] if len(node.outputs) > 3 else ""
    x, skip, scale, *bias = node.inputs
    like = w.values[x]
    if bias and bias[0]:
        x = w.op("bias", "Add", (x, bias[0]), like.shape, like.dtype)
    total = w.op("sum", "Add", (x, skip), like.shape, like.dtype, name=whole)
    w.last("RMSNormalization", (total, scale), node.outputs[0], axis=-1)
    return True


def _rotary(w: Writer, node: Node) -> bool:
    """x cos + turned x sin, by rows of the tables; x is [B, H, L, D], or [B, L, H D]."""
    x, *given = node.inputs
    cos, sin, positions = (*given, "")[:3] if node.domain != MICROSOFT else (given[1], given[2], given[0])
    shape, tables = w.shape(x), w.shape(cos)
    half = tables[-1]
    heads = int(node.attribute("num_heads", 0))
    flat = len(shape) == 3
    width = (shape[-1] // heads if heads else 2 * half) if flat else shape[-1]
    if node.attribute("interleaved", 0) or width != 2 * half or shape[-1] % width or len(shape) not in (3, 4):
        return False
    length = shape[1] if flat else shape[2]
    if positions:
        cos, sin = (w.rows(table, positions, length) for table in (cos, sin))
    lead = (1, length, 1) if flat else (1, 1, length)
    both = [w.halves(table, (*lead, half)) for table in (cos, sin)]
    if flat:
        x = w.view("heads", x, (shape[0], length, shape[-1] // width, width))
    w.rotary(x, both[0], both[1], "" if flat else node.outputs[0])
    if flat:
        w.last("Reshape", (w.nodes[-1].outputs[0],), node.outputs[0])
    return True


def _gemm(w: Writer, node: Node) -> bool:
    """A left side that lies transposed is turned in front of the product, by a pass where its rows are whole sixteens
    (others by the DMA, which is not planned)."""
    left, *others = node.inputs
    shape = w.shape(left)
    if not node.attribute("transA", 0) or w.values[left].constant or len(shape) != 2 or shape[1] % 16:
        return False
    turned = w.turned("turned", left, (1, 0))
    w.last("Gemm", (turned, *others), node.outputs[0], **(dict(node.attributes) | {"transA": 0}))
    return True


RULES: dict[tuple[str, str], Rule] = {
    ("", "Attention"): attention,
    (MICROSOFT, "GroupQueryAttention"): group_query,
    ("", "SimplifiedLayerNormalization"): _norm,
    (MICROSOFT, "SimplifiedLayerNormalization"): _norm,
    (MICROSOFT, "SkipSimplifiedLayerNormalization"): _skip_norm,
    ("", "RotaryEmbedding"): _rotary,
    ("", "Gemm"): _gemm,
    ("", "InstanceNormalization"): instance_norm,
    ("", "Einsum"): in_pairs,
    ("", "ReduceLogSumExp"): log_sum_exp,
    ("", "ReduceSumSquare"): sum_square,
    ("", "ReduceLogSum"): log_sum,
    ("", "ReduceMin"): minimum,
    ("", "ReduceMean"): mean_of_planes,
    (MICROSOFT, "RotaryEmbedding"): _rotary,
    **{("", kind): of_two for kind in PAIRWISE},
}
