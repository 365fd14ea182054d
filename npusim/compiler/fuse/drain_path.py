"""What runs for free behind the MAC array: bias, scale, batch norm, and the activations the hardware allows.

The node keeps its op type and gets `post_ops`; its output becomes the last post-op's output."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node
from npusim.ops.binary import one_slope
from npusim.ops.unary import clips_from_zero

MAC_NODES = ("Conv", "ConvTranspose", "MatMul", "Gemm", "FusedMatMul", "MatMulNBits")
SCALES = ("Add", "Sub", "Mul", "BatchNormalization")
PRODUCTS = ("MatMul", "Gemm")
POOLS = ("MaxPool", "AveragePool", "GlobalAveragePool")
TO_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1)}  # by rank: orders that put the channels of an image last


def _per_channel(r: Rewriter, constant: str, output: str, channel_axis: int) -> bool:
    """Whether a constant has one number, or one a channel, of the tensor it meets."""
    shape = r.value(constant).shape
    full = r.value(output).shape
    if r.value(constant).elements == 1:
        return True
    padded = (1,) * (len(full) - len(shape)) + tuple(shape)
    axis = channel_axis % len(full) if full else 0
    return all(n == 1 or (i == axis and n == full[i]) for i, n in enumerate(padded))


def _absorb(r: Rewriter, host: int, rider: int) -> Node:
    """The rider joins the host's drain path; the pair stands where the rider stood."""
    node, last = r.nodes[host], r.nodes[rider]
    assert node is not None and last is not None
    fused = replace(node, outputs=last.outputs[:1], post_ops=(*node.post_ops, last.op_type))
    r.replace([host, rider], fused)
    return fused


def scale_and_bias(r: Rewriter, scores_apart: bool = False) -> None:
    """Add or Sub of a per-channel constant, Mul or Div by one, BatchNormalization behind a convolution
    or matrix product with constant weights: folded into weights and bias. `scores_apart`: not one behind a batch of
    products of two axes (npusim.compiler.chains.scaled_scores)."""
    for index, node in r.items(*MAC_NODES):
        axis = 1 if node.op_type.startswith("Conv") else -1
        current, host = node, index
        while found := r.reader(current.outputs[0], "Add", "Sub", "Mul", "Div", "BatchNormalization"):
            rider, op = found
            if op.op_type != "BatchNormalization":
                other = [n for n in op.inputs if n != current.outputs[0]]
                if len(other) != 1 or not r.constant(other[0]):
                    break
                if op.op_type in ("Sub", "Div") and op.inputs[0] != current.outputs[0]:
                    break
                weights_fixed = len(node.inputs) > 1 and r.constant(node.inputs[1])
                if op.op_type in ("Mul", "Div") and not weights_fixed and r.value(other[0]).elements != 1:
                    break
                if scores_apart and not weights_fixed and two_axes(r.value(op.outputs[0]).shape):
                    break
                if not _per_channel(r, other[0], current.outputs[0], axis):
                    break
                if op.op_type == "Mul" and current.post_ops and _scales_layer(r, node, other[0]):
                    break
                if r.value(op.outputs[0]).shape != r.value(current.outputs[0]).shape:
                    break
            current, host = _absorb(r, host, rider), rider
        if len(node.inputs) > 1 and r.constant(node.inputs[1]):
            _scale_behind_moves(r, host, current)


def two_axes(shape: tuple[int, ...]) -> bool:
    """Whether the batch in front of rows and columns has two axes of more than one."""
    return sum([n > 1 for n in shape[:-2]]) > 1


def _scales_layer(r: Rewriter, node: Node, factor: str) -> bool:
    """Whether a number a channel multiplies what a product and its bias made: a pass of its own (ConvNeXt's LayerScale
    in Intel's schedules, `Mul_13?t_Add` behind `MatMul_11`, on NPU 3720, 4000 and 5010)."""
    return not node.op_type.startswith("Conv") and r.value(factor).elements > 1


def _scale_behind_moves(r: Rewriter, host: int, node: Node) -> None:
    """A factor for all elements behind changes of shape and order: of queries, behind their projection. Intel's
    schedules have no task for it where nothing else stands between (ViT, NPU 4000, compiler 8.4), and one where a Split
    or a rotary embedding does (GPT-2, Llama: `scale_query`)."""
    name = node.outputs[0]
    while move := r.reader(name, "Reshape", "Transpose"):
        name = move[1].outputs[0]
    found = r.reader(name, "Mul") if name != node.outputs[0] else None
    if found is None or found[1].outputs[0] in r.graph_outputs:
        return
    index, factor = found
    other = [n for n in factor.inputs if n != name]
    if (
        len(other) != 1
        or r.scalar(other[0]) is None
        or r.value(factor.outputs[0]).shape != r.value(name).shape
    ):
        return
    _take_out(r, index, factor, name)
    r.replace([host], replace(node, absorbed=(*node.absorbed, factor.name)))


def scale_and_shift(r: Rewriter, lines_apart: bool = False) -> None:
    """An image multiplied by a constant a channel, then one added: one pass (Mul and Add behind a GroupNorm). So are
    rows of channels, of a single problem (MobileBERT's norms: a DepthConvolution named by the Add, 128 to 1,000 rows on
    NPU 3720, 4000 and 5010; of 4 x 128 rows a pass each on 3720). `lines_apart`: lines of a batch are scaled and
    shifted by two steps behind a kernel."""
    for index, node in r.items("Mul"):
        if lines_apart and _lines_of_kernel(r, node):
            continue
        for meets, attributes in ((_of_channels, {}), (_of_row_channels, {"axis": -1})):
            found = r.reader(node.outputs[0], "Add") if meets(r, node) else None
            if found and meets(r, found[1]):
                fused = _absorb(r, index, found[0])
                r.replace([found[0]], replace(fused, attributes={**fused.attributes, **attributes}))
                break


def _lines_of_kernel(r: Rewriter, node: Node) -> bool:
    """Whether a node reads lines [N,C,L] of several N that neither enter the graph nor come off the array."""
    shape = r.value(node.outputs[0]).shape
    made = [n for n in node.inputs if n in r.producer and r.maker(n, *MAC_NODES, *SCALES) is None]
    return len(shape) == 3 and shape[0] > 1 and bool(made)


def _of_channels(r: Rewriter, node: Node) -> bool:
    """Whether a node meets an image, or a signal, with a constant of a number a channel."""
    shape = r.value(node.outputs[0]).shape
    constants = [n for n in node.inputs if r.constant(n)]
    if len(shape) not in (3, 4) or len(node.inputs) != 2 or len(constants) != 1:
        return False
    per_channel = r.value(constants[0]).elements == shape[1] > 1
    return per_channel and _per_channel(r, constants[0], node.outputs[0], 1)


def _of_row_channels(r: Rewriter, node: Node) -> bool:
    """Whether a node meets rows of one problem with a constant of a number a channel, their innermost axis."""
    shape = r.value(node.outputs[0]).shape
    constants = [n for n in node.inputs if r.constant(n)]
    if len(shape) not in (2, 3) or len(node.inputs) != 2 or len(constants) != 1:
        return False
    if len(shape) == 3 and shape[0] != 1:
        return False
    per_channel = r.value(constants[0]).elements == shape[-1] > 1
    return per_channel and _per_channel(r, constants[0], node.outputs[0], -1)


def hosts(r: Rewriter, node: Node, behind_scales: bool) -> bool:
    """Whether an element-wise node is a pass of the MAC array with a drain path."""
    from_number = node.op_type == "Sub" and r.scalar(node.inputs[0]) is not None  # 1 - x
    if behind_scales and (node.op_type == "BatchNormalization" or from_number or _of_channels(r, node)):
        return True
    return node.op_type != "BatchNormalization" and _two_equal_activations(r, node)


def activations(
    r: Rewriter,
    fusable: frozenset[str],
    lookup: frozenset[str],
    any_clip: bool = True,
    behind_scales: bool = False,
) -> None:
    """An activation behind a MAC-array node, when the drain path can evaluate it.

    `fusable`: op types of the arithmetic drain path (Relu, LeakyRelu, Clip...); `lookup`: those of the
    lookup unit (Sigmoid, Tanh, Swish..., and xamba's tables). `any_clip`: Clips whose lower bound is not zero, too;
    `behind_scales`: of an image by its channels too."""
    for index, node in r.items(*MAC_NODES, *SCALES, *POOLS):
        if node.op_type in SCALES and not hosts(r, node, behind_scales):
            continue
        current, host = node, index
        while found := r.reader(current.outputs[0], *fusable, *lookup):
            rider, op = found
            if op.op_type in lookup and any(p in lookup for p in current.post_ops):
                break  # the unit holds one table
            if op.op_type == "Clip" and not (any_clip or clips_from_zero(op, r.values)):
                break
            if op.op_type == "PRelu" and not (r.constant(op.inputs[1]) and one_slope(r.value(op.inputs[1]))):
                break
            if node.op_type == "MaxPool" and op.op_type != "Relu":
                break
            current, host = _absorb(r, host, rider), rider
        if node.op_type in ("Conv", *PRODUCTS) and not any(p in lookup for p in current.post_ops):
            _activation_behind_views(r, host, current, fusable | lookup)


def _activation_behind_views(r: Rewriter, host: int, node: Node, kinds: frozenset[str]) -> None:
    """An activation of an image or a line that was seen as rows of channels first, which moves nothing: the Gelu behind
    SegFormer's depthwise windows (no task of its own in Intel's schedules of NPU 5010), the Relu between the two
    convolutions of a FastSpeech 2 layer, each between two Transposes (none on NPU 3720, 4000 and 5010); one of a
    product's rows that were laid out with their batch first (the Gelu of GPT-2 as transformers writes it: none either).
    """
    name = node.outputs[0]
    while move := r.reader(name, "Reshape", "Transpose"):
        turns = tuple(move[1].attribute("perm") or ())
        if move[1].op_type == "Transpose" and turns != TO_LAST.get(len(turns)):
            return
        if node.op_type in PRODUCTS and not _same_channels(r, move[1]):
            return
        name = move[1].outputs[0]
    found = r.reader(name, *kinds) if name != node.outputs[0] else None
    if found is None or found[1].outputs[0] in r.graph_outputs:
        return
    if found[1].op_type == "PRelu":
        return  # its slopes lie along the axis that has moved
    _take_out(r, found[0], found[1], name)
    r.replace(
        [host],
        replace(
            node,
            post_ops=(*node.post_ops, found[1].op_type),
            absorbed=(*node.absorbed, *found[1].absorbed, found[1].name),
        ),
    )


def _same_channels(r: Rewriter, move: Node) -> bool:
    """Whether a node lays rows of channels out with other axes in front of the channels."""
    shapes = [r.value(n).shape for n in (move.inputs[0], move.outputs[0])]
    return move.op_type == "Reshape" and all(shapes) and shapes[0][-1] == shapes[1][-1]


def _take_out(r: Rewriter, index: int, node: Node, source: str) -> None:
    """Whoever reads what a node makes reads what it reads."""
    r.reroute(node.outputs[0], source)
    r.drop(index)


def _two_equal_activations(r: Rewriter, node: Node) -> bool:
    shapes = [r.value(n).shape for n in node.inputs]
    return len(shapes) == 2 and shapes[0] == shapes[1] and not any(r.constant(n) for n in node.inputs)
