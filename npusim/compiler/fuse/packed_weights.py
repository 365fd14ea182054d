"""Weights stored in fewer bits than they are multiplied in, with scales by block: they cross DDR as they are stored.

    MatMulNBits, MatMulBnb4 -> MatMul by a matrix of 2, 4 or 8 bits
    DequantizeLinear of a constant [, Transpose, Reshape] -> MatMul, Gemm, Conv: the same

What else is stored with a matrix, scales and zero points of its blocks, is the attribute `npusim.side_bytes` of the
node, but for the 16 bytes of table that every output channel has anyway: a scale a channel has its place there.

Where the weights become what the array multiplies is for the compiler's profile to say (`packed_weights`): on the way
into the MAC array (`!quant.quantile<ui4:f16>` in Intel's schedules), or by a DSP kernel that writes them out first."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.compiler.lowering.works import SIDE_BYTES
from npusim.graph import DType, Node, Value
from npusim.ops.counting import TABLE_BYTES

UNPACKED = "npusim.unpacked"
TABLE = "npusim.weight_table"  # of a product whose weights are places in a table (MatMulBnb4)
WEIGHTED = ("MatMul", "Gemm", "FusedMatMul", "Conv", "ConvTranspose")
MOVES = ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze")
STORED = {2: DType.UINT2, 4: DType.UINT4, 8: DType.UINT8}


def packed_weights(r: Rewriter, by_dsp: bool) -> None:
    """All products and convolutions by packed constants. `by_dsp`: a DSP kernel unpacks them."""
    for index, node in r.items("MatMulNBits", "MatMulBnb4"):
        _named(r, index, node)
    for index, node in r.items(*WEIGHTED):
        _dequantized(r, index, node)
    if by_dsp:
        for index, node in r.items(*WEIGHTED):
            _by_kernel(r, index, node)


def beside_table(values: list[Value], channels: int) -> float:
    """Bytes of scales and zero points as the file stores them, beyond what the tables of the channels hold."""
    return max(0.0, sum(v.elements * v.dtype.bits / 8 for v in values) - TABLE_BYTES * channels)


def _named(r: Rewriter, index: int, node: Node) -> None:
    """MatMulNBits: x, weights, scales, zero points, order of groups, bias. MatMulBnb4: x, weights, largest values."""
    k, n, bits = int(node.attribute("K")), int(node.attribute("N")), int(node.attribute("bits", 4))
    given = [name for name in node.inputs[1:] if name]
    if bits not in STORED or not all(r.constant(name) or _behind(r, name) for name in given):
        return
    bias = node.inputs[5] if node.op_type == "MatMulNBits" and len(node.inputs) > 5 else ""
    behind = [part for name in given if name != bias for part in _behind(r, name) or (name,)]
    weights, *beside = (r.value(name) for name in behind)
    one_block = node.op_type == "MatMulNBits" and int(node.attribute("block_size", k)) >= k
    name = f"{weights.name}/stored"
    r.values[name] = Value(name, (k, n), STORED[bits], constant=True, contents=weights.contents)
    side = {} if one_block else {SIDE_BYTES: beside_table(beside, n)}
    if node.op_type == "MatMulBnb4":
        side[TABLE] = 1
    post = (*node.post_ops, "Add") if bias else node.post_ops
    product = replace(
        node, op_type="MatMul", domain="", inputs=(node.inputs[0], name), attributes=side, post_ops=post
    )
    r.replace([index], product)
    for old in given:
        _drop_unread(r, old)


def _behind(r: Rewriter, name: str) -> tuple[str, ...]:
    """Constants that a tensor is unpacked from: scales that are stored in 8 bits themselves."""
    made = r.maker(name, "DequantizeLinear")
    inputs = tuple(filter(None, made[1].inputs)) if made else ()
    return inputs if all(map(r.constant, inputs)) else ()


def _dequantized(r: Rewriter, index: int, node: Node) -> None:
    """The second operand comes from a DequantizeLinear of a constant, perhaps in another order."""
    if len(node.inputs) < 2 or not r.constant(node.inputs[1]):
        return
    name = node.inputs[1]
    while found := r.maker(name, *MOVES):
        name = found[1].inputs[0]
    source = r.maker(name, "DequantizeLinear")
    if source is None or not r.constant(source[1].inputs[0]):
        return
    given = [r.value(n) for n in source[1].inputs if n]
    stored = given[0].name
    if name != node.inputs[1]:  # as the moves between leave it
        stored = f"{node.inputs[1]}/stored"
        r.values[stored] = replace(r.value(node.inputs[1]), name=stored, dtype=given[0].dtype, data=None)
    channels = r.value(node.outputs[0]).shape[1 if node.op_type.startswith("Conv") else -1]
    blocks = source[1].attribute("block_size", 0)
    side = {SIDE_BYTES: beside_table(given[1:], channels)} if blocks else {}
    old = node.inputs[1]
    inputs = (node.inputs[0], stored, *node.inputs[2:])
    r.replace([index], replace(node, inputs=inputs, attributes={**node.attributes, **side}))
    _drop_unread(r, old)


def _drop_unread(r: Rewriter, name: str) -> None:
    """Take out what made a constant that nobody reads any more."""
    while (found := r.maker(name, *MOVES, "DequantizeLinear")) and name not in r.graph_outputs:
        if r.consumers[name]:
            return
        r.drop(found[0])
        name = found[1].inputs[0]


def _by_kernel(r: Rewriter, index: int, node: Node) -> None:
    """A kernel in front of the product that writes weights of up to 8 bits in 16."""
    name = node.inputs[1]
    value = r.value(name)
    if not value.constant or value.dtype.bits > 8:
        return
    wide = f"{name}/unpacked"
    made = r.maker(wide, "DequantizeLinear")
    if made is None:
        r.values[wide] = replace(value, name=wide, dtype=DType.FLOAT16, constant=False)
        kernel_of = "gather" if node.attribute(TABLE) else "fakequantize"
        attributes = {UNPACKED: kernel_of, SIDE_BYTES: node.attribute(SIDE_BYTES, 0.0)}
        kernel = Node(
            f"{name}/unpack", "DequantizeLinear", (name,), (wide,), attributes, repeats=node.repeats
        )
        r.insert(index, kernel)
    kept = {k: v for k, v in node.attributes.items() if k != SIDE_BYTES}
    r.replace([index], replace(node, inputs=(node.inputs[0], wide, *node.inputs[2:]), attributes=kept))
