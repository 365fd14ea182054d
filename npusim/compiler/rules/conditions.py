"""Conditions a compiler profile may put on a lowering (`only_if`), by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from math import prod

from npusim.compiler.rules.added import (
    equal_activations,
    innermost_kept_or_filled,
    innermost_kept_or_filled_as_released,
)
from npusim.compiler.rules.multiplied import (
    channel_last_filled_or_folded,
    channel_last_or_filled,
    innermost_kept,
    operands,
    producers_on_mac_array,
    scalar_only_if_constant,
    scale_of_full_rank,
    scale_of_no_row,
    scale_of_no_row_as_released,
    scale_of_one_axis,
)
from npusim.compiler.rules.permutes import (
    permutes_by_dma,
    permutes_unfilled_4,
    permutes_unfilled_6,
    permutes_unfilled_8,
)
from npusim.compiler.rules.scaled_lines import scale_of_one_image
from npusim.graph import Graph, Node, Value
from npusim.ops import unary
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.ops.reduction import UNEXPANDED, first_of_three

MOST_PIXEL_CHANNELS = 256  # of a DepthToSpace that is a convolution on NPU 4000 and 5010
FEWEST_INTERPOLATED = 8  # channels of an image that the MAC array enlarges by repeating pixels
MOST_AT_ONCE = 32  # channels of a transposed convolution that makes as many as it reads, and stays one
MANY_PLACES = (
    4_096  # rows by columns of an image whose transposed convolution has all phases in one (NPU 5010)
)
Condition = Callable[[Node, Graph, Set[str]], bool]

MANY_TIMES = 1024  # between 1,000 and 1,089


def no_scalar(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """No operand is a single number."""
    return all(v.elements != 1 for v in operands(node, graph))


def channel_constant(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """No operand is a single number, and a constant smaller than the result lies along axis 1: Intel's compiler adds a
    constant of another axis as a tensor, written out to the size of the result. One number for all pixels of an image
    of several channels is one a channel (`Sub/t_Add` with weights of 48 x 16 x 1 x 1 on the MAC array: SPAN's
    sigmoid(x) - 0.5, and Add and Sub of 0.5 behind a sigmoid of 48 channels, NPU 3720 and 5010)."""
    out = graph.values[node.outputs[0]]
    small = [v for v in operands(node, graph) if v.constant and v.elements < out.elements]
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


def equal_shapes(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """All operands have the shape of the result."""
    out = graph.values[node.outputs[0]].shape
    return all(v.shape == out for v in operands(node, graph))


def equal_activations_in_sixteens(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """The same, of whole sixteens of elements: on NPU 3720 others are a kernel (50 x 30 x 30 and 257 x 33 in Intel's
    schedules, not 25 x 33 x 16)."""
    even = graph.values[node.outputs[0]].elements % CHANNEL_BLOCK == 0
    return even and equal_activations(node, graph, on_mac_array)


def many_times_the_divisor(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A result of more than 1,024 times as many elements as the divisor has (1,500, 2,000 and 12,544 rows of 8 by one
    in Intel's schedules of NPU 3720, 8 x 33 x 33 by 8, not 300, 600, 1,000 x 8 nor 256 x 1,000 by 256)."""
    out, divisor = graph.values[node.outputs[0]], graph.values[node.inputs[1]]
    return out.elements > MANY_TIMES * divisor.elements


def clips_from_zero(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A Clip whose lower bound is zero."""
    return node.op_type != "Clip" or unary.clips_from_zero(node, graph.values)


def image_as_it_lies(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A reduction over axis 1 of [1,A,B,C], where B x C are whole sixteens, or over height, width or both: the rest
    has channels enough (512 x 20 x 20: 16 channels of 25 columns; 80 x 35 x 35 and 24 x 14 x 14 as a first axis). Over
    the first of three axes, where the last is whole sixteens, they are these (48 x 1 x 256, 50 x 4 x 96)."""
    shape = graph.values[node.inputs[0]].shape
    reduced = reduced_axes(node, graph.values)
    if first_of_three(shape, reduced):
        return True
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


def beside_pixels(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """It makes an input of the graph larger by repeating pixels, to be added to an image whose pixels came from
    channels as that leaves: planes added to planes (npusim.compiler.layouts.planar_sums), so it is copied plane by
    plane (`wslices_concat`, `hslices_concat` of SRVGG, RLSP and 3 x 48 x 80 by four in Intel's schedules)."""
    if str(node.attribute("mode", "nearest")) != "nearest":
        return False
    readers = [m for m in graph.nodes if node.outputs[0] in m.inputs]
    if len(readers) != 1 or readers[0].op_type not in ("Add", "Sub"):
        return False
    if set(graph.outputs).isdisjoint(readers[0].outputs):
        return False
    made = {n: m for m in graph.nodes for n in m.outputs}
    source = node.inputs[0]
    while source in made and made[source].op_type == "Slice":
        source = made[source].inputs[0]
    if source not in graph.inputs:
        return False
    others = [made.get(n) for n in readers[0].inputs if n != node.outputs[0]]
    return any([m is not None and m.op_type == "DepthToSpace" for m in others])


def of_graph_input(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """It reads an input of the graph, which lies channels first (`borders` has what a pooling inside one does)."""
    return node.inputs[0] in graph.inputs


def made_inside(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """It reads what the graph itself makes, not an input of it."""
    return not of_graph_input(node, graph, on_mac_array)


def nearest_of_few_channels(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """An image of fewer than eight channels whose pixels are repeated (Intel's schedules on NPU 4000 and 5010)."""
    shape = graph.values[node.outputs[0]].shape
    return (
        len(shape) == 4 and shape[1] < FEWEST_INTERPOLATED and node.attribute("mode", "nearest") == "nearest"
    )


def several_phases(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A transposed convolution that makes another number of channels than it reads, or more than `MOST_AT_ONCE`: others
    stay one convolution (Intel's schedules for NPU 3720 and 4000: 16, 20, 21, 30 and 32 channels; not 48 and 64, nor 21
    to 32 and 24 to 21)."""
    made = graph.values[node.outputs[0]].shape[1]
    return made != graph.values[node.inputs[0]].shape[1] or made > MOST_AT_ONCE


def of_many_places(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A transposed convolution over an image of `MANY_PLACES` and more, rows by columns: all its phases are one
    convolution there, of fewer one each (64 x 64, 65 x 65, 32 x 128 and 128 x 32 in Intel's schedules for NPU 5010; not
    61 x 61, 32 x 80, 64 x 32, whatever the channels from 1 to 1,024, behind a convolution or on the graph's input)."""
    return prod(graph.values[node.inputs[0]].shape[2:]) >= MANY_PLACES


CONDITIONS: dict[str, Condition] = {
    f.__name__: f
    for f in (
        nearest_of_few_channels,
        beside_pixels,
        of_graph_input,
        made_inside,
        several_phases,
        of_many_places,
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
        scale_of_one_image,
        innermost_kept,
        innermost_kept_or_filled,
        innermost_kept_or_filled_as_released,
        channel_last_or_filled,
        equal_shapes,
        equal_activations,
        equal_activations_in_sixteens,
        many_times_the_divisor,
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
