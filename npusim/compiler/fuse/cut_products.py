"""A Split of a product's channels -> one product a part, each with its share of the weights.

Intel's 2026 compiler merges the cut into the convolution in front of it on NPU 4000 and 5010
(`slice_in/.../as_conv` in its schedules), not on 3720: nothing is copied, and what follows one part only (the Gelu
of a gated unit) may run in that part's drain path."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from npusim.compiler.fuse.early_slices import asked_in_part
from npusim.compiler.lowering.neighbours import reading_nodes
from npusim.graph import Graph, Node, Value

PRODUCTS = {"MatMul": -1, "Gemm": -1, "Conv": 1}  # op -> axis of the channels in its result
IMAGE_AXES = 4
RIDING = ("Relu", "LeakyRelu", "Clip")  # behind the array on every NPU, alike for all channels
CHANNELS = 16  # a part is of whole sixteens (3,352 channels of a layer with 24 heads stay one product)


class Part(NamedTuple):
    """Channels of a result from `start` on, the tensor they become and the node that cut them off."""

    start: int
    width: int
    output: str
    node: Node


def cut_products(graph: Graph, images_alone: bool = False) -> Graph:
    """The graph with every such product taken apart; unchanged where there is none. `images_alone`: of
    images that a Split cuts, nothing else."""
    readers = reading_nodes(graph)
    values = dict(graph.values)
    unpacks = {n.outputs[0]: n for n in graph.nodes if n.op_type == "DequantizeLinear"}
    instead: dict[str, list[Node]] = {}
    gone: set[str] = set()
    outputs = frozenset(graph.outputs)
    asked = asked_in_part(graph)
    for node in graph.nodes:
        if node.op_type not in PRODUCTS or not _weights_fixed(node, graph):
            continue
        bias = _bias_behind(node, readers, graph, outputs) or _activation(node, readers, outputs)
        last = bias or node
        if images_alone and not _splits_image(node, last, graph, readers):
            continue
        parts = _parts(last.outputs[0], PRODUCTS[node.op_type], readers, graph, outputs)
        if (
            parts is None
            or _split_evenly(node, parts)
            or int(node.attribute("group", 1)) != 1
            or _cut_in_rows(parts, asked)
            or _weights_shared(node, graph)
        ):
            continue
        instead[node.name] = [
            made
            for i, part in enumerate(parts)
            for made in (
                *_unpacked(node, part, unpacks, values),
                *_part(node, bias, part, i, values),
            )
        ]
        gone |= {part.node.name for part in parts} | ({bias.name} if bias else set())
    if not instead:
        return graph
    nodes = [new for node in graph.nodes if node.name not in gone for new in instead.get(node.name, [node])]
    return replace(graph, nodes=tuple(nodes), values=values)


def _cut_in_rows(parts: list[Part], asked: frozenset[str]) -> bool:
    """Whether a slice of rows ends at some parts and not at others: then the product stays whole.

    The gate of a Mamba-2 layer whose head reads one token: one product of 192 x 1,024 by 4,384 in its schedules on NPU
    4000 and 5010, its parts cut out of the result, where the same layer without the slice is taken apart."""
    return 0 < sum(part.output in asked for part in parts) < len(parts)


def _weights_shared(node: Node, graph: Graph) -> bool:
    """Whether others read the weights of a Gemm as they are stored (`transB`): these stay whole for all of them (the
    first step of an LSTM's cell unrolled, of 320 to 768 units, is one product on NPU 4000 and 5010)."""
    if node.op_type != "Gemm" or not node.attribute("transB", 0):
        return False
    return sum(node.inputs[1] in other.inputs for other in graph.nodes) > 1


def _activation(node: Node, readers: dict[str, list[Node]], outputs: frozenset[str]) -> Node | None:
    """What alone reads a convolution's result and rides behind the array, of each part by itself (IMDN, CSPDarknet: 23
    of 23 on three NPUs)."""
    out = node.outputs[0]
    behind = readers[out]
    alone = node.op_type == "Conv" and len(behind) == 1 and out not in outputs
    return behind[0] if alone and behind[0].op_type in RIDING else None


def _splits_image(node: Node, last: Node, graph: Graph, readers: dict[str, list[Node]]) -> bool:
    """Whether Splits alone read the image that a convolution makes, or its activation."""
    image = node.op_type == "Conv" and len(graph.values[node.outputs[0]].shape) == IMAGE_AXES
    return image and all(r.op_type == "Split" for r in readers[last.outputs[0]])


def _split_evenly(node: Node, parts: list[Part]) -> bool:
    """Whether a Split without sizes (OpenVINO's Split) cuts a convolution's channels: it stays whole in Intel's
    schedules (15 of 15: windows of 1, 3 and 5, planes of 20 to 64, lines of 100 to 5,000), where Slices (4 of 4) and a
    Split with sizes (VariadicSplit) take it apart: 77 of 81 in whole sixteens on NPU 4000 and 5010, the same images on
    3720, not lines (MODNet, ReID-IBN, dual paths, ShViT, gated filling, Demucs)."""
    splits = [part.node for part in parts if part.node.op_type == "Split"]
    return node.op_type == "Conv" and any(not (s.inputs[1:] or s.attribute("split", ())) for s in splits)


def _weights_fixed(node: Node, graph: Graph) -> bool:
    weights = graph.values[node.inputs[1]] if len(node.inputs) > 1 else None
    return weights is not None and weights.constant and (node.op_type == "Conv" or len(weights.shape) == 2)


def _bias_behind(
    node: Node, readers: dict[str, list[Node]], graph: Graph, outputs: frozenset[str]
) -> Node | None:
    """An Add of one constant a channel that alone reads the product."""
    out = node.outputs[0]
    behind = readers[out]
    if len(behind) != 1 or behind[0].op_type != "Add" or out in outputs or node.op_type == "Conv":
        return None
    other = next((n for n in behind[0].inputs if n != out), "")
    channels = graph.values[out].shape[-1]
    fits = other in graph.values and graph.values[other].constant and graph.values[other].elements == channels
    return behind[0] if fits else None


def _parts(
    name: str, axis: int, readers: dict[str, list[Node]], graph: Graph, outputs: frozenset[str]
) -> list[Part] | None:
    """The parts a tensor is cut into along `axis` by all that read it; None when something reads it whole."""
    behind, shape = readers[name], graph.values[name].shape
    if not behind or name in outputs or not shape:
        return None
    axis %= len(shape)
    found: list[Part] = []
    for reader in behind:
        if reader.inputs[0] != name or name in reader.inputs[1:]:
            return None
        start = 0 if reader.op_type == "Split" else _start(reader, axis, graph)
        for out in reader.outputs:
            cut = graph.values[out].shape if out else ()
            rest = [a for a in range(len(shape)) if a != axis]
            if start is None or len(cut) != len(shape) or any(cut[a] != shape[a] for a in rest):
                return None
            if cut[axis] % CHANNELS:
                return None
            found.append(Part(start, cut[axis], out, reader))
            start += cut[axis]
    return found if len(found) > 1 else None


def _start(node: Node, axis: int, graph: Graph) -> int | None:
    """Where a Slice along `axis` alone begins, without steps; None for anything else."""
    if node.op_type != "Slice" or len(node.inputs) < 3:
        return None
    given = [graph.values[n].data if n else None for n in node.inputs[1:5]]
    starts, axes = given[0], given[2] if len(given) > 2 else None
    if (
        starts is None
        or axes is None
        or starts.size != 1
        or int(axes.ravel()[0]) % len(graph.values[node.inputs[0]].shape) != axis
    ):
        return None
    if len(given) > 3 and (given[3] is None or int(given[3].ravel()[0]) != 1):
        return None
    start = int(starts.ravel()[0])
    return start if start >= 0 else start + graph.values[node.inputs[0]].shape[axis]


def _part(node: Node, bias: Node | None, part: Part, index: int, values: dict[str, Value]) -> list[Node]:
    """The nodes of one part; its weights, and what is between, go into `values`."""
    label = "" if not index else f"/part_{index}"
    inputs = [node.inputs[0], *(_share(n, node, part, values) for n in node.inputs[1:])]
    out = part.output
    if bias is not None:
        out = f"{node.outputs[0]}/part_{index}"
        values[out] = replace(values[part.output], name=out)
    absorbed = (*node.absorbed, part.node.name) if bias is None else node.absorbed
    made = [replace(node, name=node.name + label, inputs=tuple(inputs), outputs=(out,), absorbed=absorbed)]
    if bias is not None:
        others = tuple(out if n == node.outputs[0] else _share(n, bias, part, values) for n in bias.inputs)
        cut = (*bias.absorbed, part.node.name)
        made.append(
            replace(bias, name=bias.name + label, inputs=others, outputs=(part.output,), absorbed=cut)
        )
    return made


def _unpacked(node: Node, part: Part, unpacks: dict[str, Node], values: dict[str, Value]) -> list[Node]:
    """What unpacks the part's share of weights that are stored in fewer bits, of the share as it is stored."""
    made = unpacks.get(node.inputs[1])
    if made is None or not all(values[name].constant for name in made.inputs if name):
        return []
    share = f"{made.outputs[0]}/from_{part.start}"
    if share in values:  # another product reads it too
        return []
    _share(made.outputs[0], node, part, values)
    stored = tuple(_share(name, node, part, values) for name in made.inputs)
    return [replace(made, name=f"{made.name}/from_{part.start}", inputs=stored, outputs=(share,))]


def _share(name: str, node: Node, part: Part, values: dict[str, Value]) -> str:
    """The part's share of a constant: of weights along their output channels, of a bias along its only axis."""
    if not name:
        return name
    whole = values[name]
    shape = list(whole.shape)
    axis = len(shape) - 1
    if len(shape) > 1 and (
        node.op_type == "Conv" or (node.op_type == "Gemm" and node.attribute("transB", 0))
    ):
        axis = 0
    if whole.elements == 1 or not shape:
        return name
    shape[axis] = part.width
    share = f"{name}/from_{part.start}"
    values[share] = replace(whole, name=share, shape=tuple(shape), data=None)
    return share
