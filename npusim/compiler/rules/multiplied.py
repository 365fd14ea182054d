"""Conditions on a multiplication of activations, or a sum: whether it is a scale, rows of the array, or a kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from npusim.graph import Graph, Node, Value
from npusim.ops.binary import is_row, maps, of_one_channel
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.ops.structure import MOST_IMAGE_AXES, broadcast_runs

ROWS_AND_CHANNELS = 3  # axes, with a batch
PIXELS_A_ROW = 4  # rows of a product side by side
CONVOLUTIONS, PRODUCTS = frozenset(["Conv", "FusedConv"]), frozenset(["MatMul", "Gemm", "FusedMatMul"])


def operands(node: Node, graph: Graph) -> list[Value]:
    """What a node reads, without inputs left out."""
    return [graph.values[n] for n in node.inputs if n]


def producers_on_mac_array(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """All activations it reads are made by the MAC array and have no axis beside rows and channels (so they lie
    channel-last already; Intel's schedules: rows by 2,048 to 16,384, not scores of heads nor chunks of Mamba-2)."""
    if len(graph.values[node.outputs[0]].shape) > ROWS_AND_CHANNELS:
        return False
    reads = [n for n in node.inputs if n and not graph.values[n].constant]
    return bool(reads) and all(n in on_mac_array for n in reads)


def scalar_only_if_constant(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """An operand that is a single number is a constant, or [1] (Intel's compiler makes a scale of it, not of
    [1,1,1])."""
    return all(v.constant or v.shape == (1,) for v in operands(node, graph) if v.elements == 1)


def scale_of_full_rank(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A factor smaller than the result is a constant, has the rank of the result, or is [1]: [1,1,2048] scales
    [1,1024,2048] on every generation, [2048] on NPU 5010 only. In an image it is a number a channel, of any rank."""
    out = graph.values[node.outputs[0]]
    small = [v for v in operands(node, graph) if v.elements < out.elements and not v.constant]
    return scalar_only_if_constant(node, graph, on_mac_array) and all(
        v.shape == (1,)
        or (maps(v, out) and len(v.shape) == len(out.shape))
        or (v.shape[-3:-2] == (v.elements,) if len(out.shape) == 4 else len(v.shape) == len(out.shape))
        for v in small
    )


def innermost_kept(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """Every operand has the full innermost axis, so that it can be broadcast in whole runs."""
    out = graph.values[node.outputs[0]].shape
    return all(bool(v.shape) and v.shape[-1] == out[-1] for v in operands(node, graph)) if out else False


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the axes of one in front: [1,64,13,13] and [64,13,13] lie alike."""
    first = next((k for k, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]


def channel_last_or_filled(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `producers_on_mac_array`, or one of two activations is spread along an axis between two that both have, of an
    image's axes (4 x 8 x 128 x 64 by 4 x 1 x 128 x 64 is a kernel in Intel's schedules)."""
    image = sum(n > 1 for n in graph.values[node.outputs[0]].shape) <= MOST_IMAGE_AXES
    filled = image and spread_along(node, graph) == [False, True, False]
    return filled or _in_sixteens(node, graph, _row) or _rows_of_the_array(node, graph, on_mac_array)


def _rows_of_the_array(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `producers_on_mac_array`, but two products of no whole sixteens of columns are multiplied by a kernel: of 72,
    200, 376, 664 or 1,000 in Intel's schedules of NPU 5010 (16 to 512 rows), of 320, 544 and 3,440 by the array. Rows
    of no fours are filled up: up to 8,192 elements of them are a row again (5, 7 and 13 rows of 72 to 200; not 213 of
    376). Lines that convolutions make have their channels elsewhere (the gates of CAM++, 32 of 100 places)."""
    if not producers_on_mac_array(node, graph, on_mac_array):
        return False
    out = graph.values[node.outputs[0]]
    columns = out.shape[-1] if out.shape else 0
    if columns % CHANNEL_BLOCK == 0 or (
        out.elements // columns % PIXELS_A_ROW and out.elements <= MAX_CHANNELS
    ):
        return True
    makers = {name: maker for maker in graph.nodes for name in maker.outputs}
    return not all(_made_by_product(n, makers) for n in node.inputs if n and not graph.values[n].constant)


def _made_by_product(name: str, makers: Mapping[str, Node]) -> bool:
    """Whether what makes a tensor, looked at through element-wise ops, is a product of rows."""
    while (maker := makers.get(name)) is not None and maker.op_type not in CONVOLUTIONS:
        if maker.op_type in PRODUCTS:
            return True
        name = maker.inputs[0] if maker.inputs else ""
    return False


def channel_last_filled_or_folded(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `channel_last_or_filled`, or two images of one channel, multiplied as one row (npusim.ops.binary.one_row)."""
    return _in_sixteens(node, graph, _folded) or channel_last_or_filled(node, graph, on_mac_array)


def scale_of_one_axis(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `scale_of_full_rank`, but for images of one channel, which pay as a scale of 8,192 elements more than twice as
    many do as a kernel, and images of the graph by a number a pixel, of which a kernel pays nine times as much for
    twice 8,192 (inside a network both are as Intel's compiler has them)."""
    return scale_of_full_rank(node, graph, on_mac_array) and not _pays_more(node, graph)


def scale_of_no_row(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `scalar_only_if_constant`, but two activations of one row in whole sixteens are multiplied as they are
    (`_multiply_nhwc` on NPU 5010: 384 channels of a GRU's cell, all 252 products of an SRU's 32 steps)."""
    return scale_of_no_row_as_released(node, graph, on_mac_array) and not _pays_more(node, graph)


def scale_of_no_row_as_released(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `scale_of_no_row`; two images of one channel are one row as well."""
    rows = _in_sixteens(node, graph, _row) or _in_sixteens(node, graph, _folded)
    return scalar_only_if_constant(node, graph, on_mac_array) and not rows


def _in_sixteens(node: Node, graph: Graph, kind: Callable[[Node, Graph], bool]) -> bool:
    out = graph.values[node.outputs[0]]
    return kind(node, graph) and out.elements <= MAX_CHANNELS and out.elements % CHANNEL_BLOCK == 0


def _row(node: Node, graph: Graph) -> bool:
    return equal_pair(node, graph) and is_row(graph.values[node.outputs[0]].shape)


def _folded(node: Node, graph: Graph) -> bool:
    """Whether two activations of one shape are images of one channel, of more than one row."""
    shape = graph.values[node.outputs[0]].shape
    return equal_pair(node, graph) and of_one_channel(shape) and min(shape[2:]) > 1


def _pays_more(node: Node, graph: Graph) -> bool:
    """Whether a scale would break a law of sizes (`scale_of_one_axis`)."""
    return _folded(node, graph) or _maps_input(node, graph)


def _maps_input(node: Node, graph: Graph) -> bool:
    """Whether an image of the graph is multiplied by one number a pixel."""
    out = graph.values[node.outputs[0]]
    images = [n for n in node.inputs if n and graph.values[n].shape == out.shape]
    return any(maps(v, out) for v in operands(node, graph)) and not set(graph.inputs).isdisjoint(images)


def equal_pair(node: Node, graph: Graph) -> bool:
    """Whether it reads two activations of its result's shape."""
    out, sides = graph.values[node.outputs[0]], operands(node, graph)
    return len(sides) == 2 and all(v.shape == out.shape and not v.constant for v in sides)


def spread_along(node: Node, graph: Graph) -> list[bool] | None:
    """Of one whole activation and one smaller: whether the smaller is spread along each axis longer than 1, neighbours
    alike as one; None of other operands."""
    out = graph.values[node.outputs[0]].shape
    small = [v for v in operands(node, graph) if v.shape != out]
    if len(small) != 1 or any(v.constant for v in operands(node, graph)) or len(node.inputs) != 2:
        return None
    return [not has for (has,) in broadcast_runs((small[0].shape,), out)]
