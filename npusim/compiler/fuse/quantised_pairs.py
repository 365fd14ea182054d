"""Pairs of QuantizeLinear and DequantizeLinear that Intel's compiler leaves out, since their reader takes floats.

Averages over a plane take what a kernel made, or what somebody else reads as floats, as it is (squeeze-and-excite of a
quantised EfficientNet: `[1x672x14x14xf16] -> [1x672x1x1xui8]`, no `quant_in`); of a convolution that writes for them
alone they take 8 bits (SqueezeNet). A window for each channel whose result is read quantised and as floats, too, is
computed in floats with its input (`GroupConvolution` of f16 there and in drawn chains, with Relu on NPU 3720 as with
Swish on 5010; one over all channels reads 8 bits and makes floats); where a table behind the convolution in front has
written 8 bits, a pass makes floats of them (`dequant_out`)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.quantised import QUANTISE, drop_unread, writes_narrow
from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import DType, Node

DEQUANTISE = "DequantizeLinear"
AVERAGES = ("GlobalAveragePool", "ReduceMean")


def floats_for_averages(r: Rewriter) -> None:
    """Averages of a plane read floats where 8 bits would not come for nothing."""
    for index, node in r.items(*AVERAGES):
        pair = r.maker(node.inputs[0], QUANTISE)
        if pair is None or _written_narrow(r, pair):
            continue
        r.replace([index], replace(node, inputs=(pair[1].inputs[0], *node.inputs[1:])))
        drop_unread(r, pair)


def floats_for_windows(r: Rewriter, tables: frozenset[str]) -> None:
    """Windows for each channel whose result is quantised for some readers only are computed in floats. `tables`: what
    the lookup unit evaluates."""
    for index, node in r.items("Conv"):
        if not _for_some(r, node) or not _of_each_channel(r, node):
            continue
        pair = r.maker(node.inputs[0], QUANTISE)
        if pair is None:
            continue
        name = pair[1].inputs[0]
        if (host := _written_narrow(r, pair)) and not tables.isdisjoint(host.post_ops):
            out = f"{node.name}/floats"
            r.values[out] = replace(r.value(name), name=out)
            back = Node(
                f"{node.name}/dequantize", DEQUANTISE, (node.inputs[0],), (out,), repeats=node.repeats
            )
            r.insert(index, back)
            name = out
        weight = r.value(node.inputs[1])
        r.values[weight.name] = replace(weight, dtype=DType.FLOAT16)
        r.replace([index], replace(node, inputs=(name, *node.inputs[1:])))
        drop_unread(r, pair)


def _for_some(r: Rewriter, node: Node) -> bool:
    readers = [r.nodes[i] for i in r.consumers[node.outputs[0]]]
    kinds = {n.op_type == QUANTISE for n in readers if n is not None}
    return r.value(node.outputs[0]).dtype.is_float and len(kinds) == 2


def _of_each_channel(r: Rewriter, node: Node) -> bool:
    channels = r.value(node.inputs[0]).shape[1]
    return 1 < channels == int(node.attribute("group", 1))


def _written_narrow(r: Rewriter, pair: tuple[int, Node]) -> Node | None:
    """What the MAC array does that writes the 8 bits at once, if it does."""
    name = pair[1].inputs[0]
    found = r.made_by(name)
    return found[1] if found and writes_narrow(r, found[1]) and r.private(name, {pair[0]}) else None
