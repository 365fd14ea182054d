"""Conditions a compiler profile may put on a lowering (`only_if`), by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from math import prod

import numpy as np

from npusim.compiler.rules.permutes import (
    permutes_by_dma,
    permutes_unfilled_4,
    permutes_unfilled_6,
    permutes_unfilled_8,
)
from npusim.graph import Graph, Node, Value
from npusim.ops.binary import is_row, maps, of_one_channel
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.ops.reduction import UNEXPANDED
from npusim.ops.structure import MOST_IMAGE_AXES, broadcast_runs

MOST_PIXEL_CHANNELS = 256  # of a DepthToSpace that is a convolution on NPU 4000 and 5010
ROWS_AND_CHANNELS = 3  # axes, with a batch
PIXELS_A_ROW = 4  # rows of a product side by side
MOST_AT_ONCE = 32  # channels of a transposed convolution that makes as many as it reads, and stays one
CONVOLUTIONS, PRODUCTS = frozenset(["Conv", "FusedConv"]), frozenset(["MatMul", "Gemm", "FusedMatMul"])
Condition = Callable[[Node, Graph, Set[str]], bool]


def _operands(node: Node, graph: Graph) -> list[Value]:
    return [graph.values[n] for n in node.inputs if n]


def producers_on_mac_array(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """All activations it reads are made by the MAC array and have no axis beside rows and channels (so they lie
    channel-last already; Intel's schedules: rows by 2,048 to 16,384, not scores of heads nor chunks of Mamba-2)."""
    if len(graph.values[node.outputs[0]].shape) > ROWS_AND_CHANNELS:
        return False
    reads = [n for n in node.inputs if n and not graph.values[n].constant]
    return bool(reads) and all(n in on_mac_array for n in reads)


def no_scalar(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """No operand is a single number."""
    return all(v.elements != 1 for v in _operands(node, graph))


def channel_constant(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """No operand is a single number, and a constant smaller than the result lies along axis 1: Intel's compiler adds a
    constant of another axis as a tensor, written out to the size of the result. One number for all pixels of an image
    of several channels is one a channel (`Sub/t_Add` with weights of 48 x 16 x 1 x 1 on the MAC array: SPAN's
    sigmoid(x) - 0.5, and Add and Sub of 0.5 behind a sigmoid of 48 channels, NPU 3720 and 5010)."""
    out = graph.values[node.outputs[0]]
    small = [v for v in _operands(node, graph) if v.constant and v.elements < out.elements]
    if len(out.shape) == 4 and out.shape[1] > 1 and all(v.elements == 1 for v in small) and small:
        return True
    shapes = [(1,) * (len(out.shape) - len(v.shape)) + v.shape for v in small]
    return no_scalar(node, graph, on_mac_array) and all(
        len(s) < 3 or s[1] == v.elements for s, v in zip(shapes, small, strict=True)
    )


def channel_constant_or_from_number(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A constant number a channel; or what is subtracted from one number, `1 - x` (`Subtract/as_gconv` in Intel's
    schedules of gates)."""
    first = graph.values[node.inputs[0]]
    return (first.constant and first.elements == 1) or channel_constant(node, graph, on_mac_array)


def scalar_only_if_constant(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """An operand that is a single number is a constant, or [1] (Intel's compiler makes a scale of it, not of
    [1,1,1])."""
    return all(v.constant or v.shape == (1,) for v in _operands(node, graph) if v.elements == 1)


def scale_of_full_rank(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A factor smaller than the result is a constant, has the rank of the result, or is [1]: [1,1,2048] scales
    [1,1024,2048] on every generation, [2048] on NPU 5010 only. In an image it is a number a channel, of any rank."""
    out = graph.values[node.outputs[0]]
    small = [v for v in _operands(node, graph) if v.elements < out.elements and not v.constant]
    return scalar_only_if_constant(node, graph, on_mac_array) and all(
        v.shape == (1,)
        or maps(v, out)
        or (v.shape[-3:-2] == (v.elements,) if len(out.shape) == 4 else len(v.shape) == len(out.shape))
        for v in small
    )


def innermost_kept(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """Every operand has the full innermost axis, so that it can be broadcast in whole runs."""
    out = graph.values[node.outputs[0]].shape
    return all(bool(v.shape) and v.shape[-1] == out[-1] for v in _operands(node, graph)) if out else False


def innermost_kept_or_batch_filled(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `innermost_kept`, or an activation is spread over a batch and the innermost axis alike (Intel's schedules:
    8 x 197 x 1,024 by 197 x 1 and 2 x 16 x 49 x 128 by 16 x 49 x 1, not 1 x 197 x 1,024 by 197 x 1)."""
    if innermost_kept(node, graph, on_mac_array):
        return True
    return _spread(node, graph) == [True, False, True]


def channel_last_or_filled(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `producers_on_mac_array`, or one of two activations is spread along an axis between two that both have, of an
    image's axes (4 x 8 x 128 x 64 by 4 x 1 x 128 x 64 is a kernel in Intel's schedules)."""
    image = sum(n > 1 for n in graph.values[node.outputs[0]].shape) <= MOST_IMAGE_AXES
    filled = image and _spread(node, graph) == [False, True, False]
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
    lone = _folded(node, graph) or _maps_input(node, graph)
    return scale_of_full_rank(node, graph, on_mac_array) and not lone


def scale_of_no_row(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `scalar_only_if_constant`, but two activations of one row in whole sixteens are multiplied as they are
    (`_multiply_nhwc` on NPU 5010: 384 channels of a GRU's cell, all 252 products of an SRU's 32 steps)."""
    lone = _folded(node, graph) or _maps_input(node, graph)
    return scale_of_no_row_as_released(node, graph, on_mac_array) and not lone


def scale_of_no_row_as_released(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `scale_of_no_row`; two images of one channel are one row as well."""
    rows = _in_sixteens(node, graph, _row) or _in_sixteens(node, graph, _folded)
    return scalar_only_if_constant(node, graph, on_mac_array) and not rows


def _in_sixteens(node: Node, graph: Graph, kind: Callable[[Node, Graph], bool]) -> bool:
    out = graph.values[node.outputs[0]]
    return kind(node, graph) and out.elements <= MAX_CHANNELS and out.elements % CHANNEL_BLOCK == 0


def _row(node: Node, graph: Graph) -> bool:
    return _equal_pair(node, graph) and is_row(graph.values[node.outputs[0]].shape)


def _folded(node: Node, graph: Graph) -> bool:
    """Whether two activations of one shape are images of one channel, of more than one row."""
    shape = graph.values[node.outputs[0]].shape
    return _equal_pair(node, graph) and of_one_channel(shape) and min(shape[2:]) > 1


def _maps_input(node: Node, graph: Graph) -> bool:
    """Whether an image of the graph is multiplied by one number a pixel."""
    out = graph.values[node.outputs[0]]
    images = [n for n in node.inputs if n and graph.values[n].shape == out.shape]
    return any(maps(v, out) for v in _operands(node, graph)) and not set(graph.inputs).isdisjoint(images)


def _equal_pair(node: Node, graph: Graph) -> bool:
    out, sides = graph.values[node.outputs[0]], _operands(node, graph)
    return len(sides) == 2 and all(v.shape == out.shape and not v.constant for v in sides)


def _spread(node: Node, graph: Graph) -> list[bool] | None:
    """Of one whole activation and one smaller: whether the smaller is spread along each axis longer than 1, neighbours
    alike as one; None of other operands."""
    out = graph.values[node.outputs[0]].shape
    small = [v for v in _operands(node, graph) if v.shape != out]
    if len(small) != 1 or any(v.constant for v in _operands(node, graph)) or len(node.inputs) != 2:
        return None
    return [not has for (has,) in broadcast_runs((small[0].shape,), out)]


def equal_shapes(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """All operands have the shape of the result."""
    out = graph.values[node.outputs[0]].shape
    return all(v.shape == out for v in _operands(node, graph))


def equal_activations(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """All activations have the shape of the result; a constant that is subtracted is added with its sign changed, one
    number alone by a kernel."""
    out = graph.values[node.outputs[0]].shape
    return all(v.shape == out or (v.constant and v.elements > 1) for v in _operands(node, graph))


def equal_activations_in_sixteens(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """The same, of whole sixteens of elements: on NPU 3720 others are a kernel (50 x 30 x 30 and 257 x 33 in Intel's
    schedules, not 25 x 33 x 16)."""
    even = graph.values[node.outputs[0]].elements % CHANNEL_BLOCK == 0
    return even and equal_activations(node, graph, on_mac_array)


def clips_from_zero(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A Clip whose lower bound is zero."""
    if node.op_type != "Clip":
        return True
    low = node.attribute("min")
    if low is None and len(node.inputs) > 1 and node.inputs[1]:
        data = graph.values[node.inputs[1]].data
        low = None if data is None else float(np.ravel(data)[0])
    return bool(low == 0)


def image_as_it_lies(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A reduction over axis 1 of [1,A,B,C], where B x C are whole sixteens, or over height, width or both: the rest
    has channels enough (512 x 20 x 20: 16 channels of 25 columns; 80 x 35 x 35 and 24 x 14 x 14 as a first axis)."""
    shape = graph.values[node.inputs[0]].shape
    reduced = reduced_axes(node, graph.values)
    if len(shape) != 4 or shape[0] != 1:
        return False
    if reduced == [1]:
        return prod(shape[2:]) % CHANNEL_BLOCK == 0
    return bool(reduced) and reduced[0] >= 2


def reduced_axes(node: Node, values: Mapping[str, Value]) -> list[int]:
    """Axes that a reduction was given; none where they are known at run time only."""
    axes = node.attribute("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        axes = values[node.inputs[1]].data
    rank = len(values[node.inputs[0]].shape)
    return [] if axes is None else sorted(int(a) % rank for a in axes)


def depth_by_pixels(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A DepthToSpace whose pixels lie together in the channels (CRD, as pixel shuffles have it)."""
    return str(node.attribute("mode", "DCR")) == "CRD"


def depth_by_few_pixels(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """The same of up to 256 channels (Intel's schedules of NPU 4000 and 5010: 32 to 64 results of blocks of three and
    96 to 256 of two are no convolutions, 16 and 64 are)."""
    few = graph.values[node.inputs[0]].shape[1] <= MOST_PIXEL_CHANNELS
    return few and depth_by_pixels(node, graph, on_mac_array)


def written_by_model(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """Not what a ReduceMin was written out as."""
    return not node.metadata.get("xamba.from", "").startswith("ReduceMin ")


def long_rest(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """An innermost axis of more than 8,192 elements: no channels, but the pixels of an image. (Shorter ones are
    channels, and sums over what is in front of them are expanded by Intel's compiler: the paper's Mamba-2 layer.)"""
    return graph.values[node.inputs[0]].shape[-1] > MAX_CHANNELS


def unexpanded_or_short(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A sum over 4 or 16 elements, channels of a convolution as they are; or one of no more results than channels."""
    read, made = (graph.values[n].elements for n in (node.inputs[0], node.outputs[0]))
    return read // max(made, 1) in UNEXPANDED or not long_rest(node, graph, on_mac_array)


def of_graph_input(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """It reads an input of the graph, which lies channels first (`borders` has what a pooling inside one does)."""
    return node.inputs[0] in graph.inputs


def several_phases(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A transposed convolution that makes another number of channels than it reads, or more than `MOST_AT_ONCE`: others
    stay one convolution (Intel's schedules for NPU 3720 and 4000: 16, 20, 21, 30 and 32 channels; not 48 and 64, nor 21
    to 32 and 24 to 21)."""
    made = graph.values[node.outputs[0]].shape[1]
    return made != graph.values[node.inputs[0]].shape[1] or made > MOST_AT_ONCE


CONDITIONS: dict[str, Condition] = {
    f.__name__: f
    for f in (
        of_graph_input,
        several_phases,
        producers_on_mac_array,
        no_scalar,
        channel_constant,
        channel_constant_or_from_number,
        scale_of_full_rank,
        scalar_only_if_constant,
        channel_last_filled_or_folded,
        scale_of_no_row,
        scale_of_no_row_as_released,
        scale_of_one_axis,
        innermost_kept,
        innermost_kept_or_batch_filled,
        channel_last_or_filled,
        equal_shapes,
        equal_activations,
        equal_activations_in_sixteens,
        clips_from_zero,
        permutes_by_dma,
        permutes_unfilled_4,
        permutes_unfilled_6,
        permutes_unfilled_8,
        image_as_it_lies,
        depth_by_pixels,
        depth_by_few_pixels,
        written_by_model,
        long_rest,
        unexpanded_or_short,
    )
}
