"""8-bit graphs: QuantizeLinear/DequantizeLinear pairs.

Intel's compiler runs convolution, matrix product, residual Add and pooling on 8-bit tensors, keeps DSP
kernels in fp16, quantises for free in the drain path, and spends a MAC-array pass where an fp16 tensor
must become 8-bit (Intel's schedules of quantised networks)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.drain_path import SCALES, hosts
from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import DType, Node

QUANTISE = "QuantizeLinear"
MAC_OPS = frozenset(
    [
        "Conv",
        "ConvTranspose",
        "MatMul",
        "Gemm",
        "FusedMatMul",
        "Einsum",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
    ]
)
MOVES = frozenset(
    [
        "Reshape",
        "Flatten",
        "Squeeze",
        "Unsqueeze",
        "Identity",
        "Transpose",
        "Concat",
        "Slice",
        "Split",
        "Pad",
        "DepthToSpace",
        "SpaceToDepth",
        "Expand",
    ]
)


def moved_operands(node: Node) -> tuple[str, ...]:
    """What a node that moves data moves of its operands; others say where to."""
    return node.inputs if node.op_type == "Concat" else node.inputs[:1]


def on_mac_array(r: Rewriter, node: Node) -> bool:
    if node.op_type in MAC_OPS:
        return True
    if node.op_type not in ("Add", "Sub"):
        return False
    return len(node.inputs) == 2 and all(
        r.value(n).shape == r.value(node.outputs[0]).shape for n in node.inputs
    )


def writes_narrow(r: Rewriter, node: Node) -> bool:
    """Whether the array writes what it makes for this node in 8 bits at once: a scale of channels, too, whose operands
    stay floats (`t_Multiply/as_scaleshift` of f16 to u8 behind squeeze-and-excite)."""
    if on_mac_array(r, node):
        return True
    return node.op_type in SCALES and (hosts(r, node, behind_scales=True) or _scaled(r, node))


def _scaled(r: Rewriter, node: Node) -> bool:
    """Whether an image is multiplied by a number a channel that the graph computes."""
    shape = r.value(node.outputs[0]).shape
    pixels = (*shape[:2], 1, 1)
    shapes = [r.value(n).shape for n in node.inputs]
    return (
        node.op_type == "Mul"
        and len(shape) == 4
        and shape[1] > 1
        and sorted(shapes) == sorted([shape, pixels])
    )


def fold_dequantize(r: Rewriter) -> None:
    """Readers on the MAC array, and ops that only move data, take the 8-bit tensor itself."""
    dequantized = {n.outputs[0]: (i, n) for i, n in r.items("DequantizeLinear")}
    for index, node in enumerate(list(r.nodes)):
        if node is None or not any(name in dequantized for name in node.inputs):
            continue
        moves = node.op_type in MOVES
        data = moved_operands(node) if moves else node.inputs
        floats = [
            n for n in data if n and n not in dequantized and r.value(n).dtype.is_float and not r.constant(n)
        ]
        weights_only = all(r.constant(dequantized[n][1].inputs[0]) for n in node.inputs if n in dequantized)
        if not weights_only and (floats or not (moves or on_mac_array(r, node))):
            continue
        inputs = tuple(dequantized[n][1].inputs[0] if n in dequantized else n for n in node.inputs)
        r.replace([index], replace(node, inputs=inputs))
        if moves and not weights_only:
            _stays_narrow(r, node, set(dequantized), r.value(inputs[0]).dtype)
    for name, (index, node) in dequantized.items():
        if r.constant(node.inputs[0]) or (not r.consumers[name] and name not in r.graph_outputs):
            r.drop(index)


def _stays_narrow(r: Rewriter, move: Node, dequantized: set[str], dtype: DType) -> None:
    """What is moved in 8 bits arrives so, if a reader on the MAC array takes it whose other operands are 8-bit too: a
    converter puts FakeQuantize in front of a Transpose, an exporter behind it."""
    names, moved = [], move
    while len(moved.outputs) == 1 and (found := r.reader(moved.outputs[0], *MOVES, *MAC_OPS, "Add", "Sub")):
        names.append(moved.outputs[0])
        reader = found[1]
        if reader.op_type not in MOVES:
            floats = [n for n in reader.inputs if n and n not in dequantized and n not in names]
            wide = [n for n in floats if r.value(n).dtype.is_float and not r.constant(n)]
            if on_mac_array(r, reader) and not wide:
                for name in names:
                    r.values[name] = replace(r.value(name), dtype=dtype)
            return
        if reader.op_type in ("Concat", "Split"):
            return
        moved = reader


def bypass_pairs(r: Rewriter) -> None:
    """Where nobody takes the 8-bit form, QuantizeLinear + DequantizeLinear only round: readers take the fp16
    tensor in front of the pair (Intel's schedules: `FakeQuantize` vanishes there)."""
    for index, node in r.items("DequantizeLinear"):
        pair = r.maker(node.inputs[0], QUANTISE)
        name = node.outputs[0]
        if not pair or name in r.graph_outputs:
            continue
        r.reroute(name, pair[1].inputs[0])
        r.drop(index)
        drop_unread(r, pair)


def drop_unread(r: Rewriter, pair: tuple[int, Node]) -> None:
    """Take out a QuantizeLinear whose 8 bits nobody reads."""
    out = pair[1].outputs[0]
    if not r.consumers[out] and out not in r.graph_outputs:
        r.drop(pair[0])


def fuse_quantize(r: Rewriter) -> None:
    """QuantizeLinear behind a MAC-array node is free, also with moves of the tensor in between (they then move
    8-bit data); so is one behind a move of 8-bit data."""
    for index, node in r.items(QUANTISE):
        chain: list[int] = []  # moves between host and node, the last first
        name, reader = node.inputs[0], index
        host = r.producer.get(name)
        while host is not None and (move := r.nodes[host]) is not None and r.private(name, {reader}):
            if move.op_type not in MOVES or move.op_type == "Concat" or len(move.outputs) != 1:
                break
            chain.append(host)
            name, reader = move.inputs[0], host
            host = r.producer.get(name)
        found = None if host is None else r.nodes[host]
        eight_bit = bool(chain) and r.value(name).dtype.bits <= 8
        fuses = found is not None and len(found.outputs) == 1 and writes_narrow(r, found)
        if not eight_bit and not (fuses and r.private(name, {reader})):
            continue
        for inner in (name, *(n for i in chain if (m := r.nodes[i]) for n in m.outputs)):
            r.values[inner] = replace(r.value(inner), dtype=r.value(node.outputs[0]).dtype)
        last = chain[0] if chain else host
        tail = None if last is None else r.nodes[last]
        if last is None or tail is None:
            continue
        r.replace([last, index], replace(tail, outputs=node.outputs))
        if host is not None and fuses and not eight_bit:
            at = index if host == last else host
            marked = r.nodes[at]
            assert marked is not None
            r.nodes[at] = replace(marked, post_ops=(*marked.post_ops, QUANTISE))
