"""Factors of one and summands of zero go: OpenVINO drops them as it reads a model, ONNX or IR.

Asked of NPU compiler 8.4 (OpenVINO 2026.4.1): the ONNX file of a network whose norms have such factors and the IR in
which they are gone have the same estimate (145.52 us of a small BERT, 67.67 us of a small ViT, NPU 4000).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node, Value

#: Operation -> the number that changes nothing, and which operands may be it.
NEUTRAL = {"Mul": (1, (0, 1)), "Add": (0, (0, 1)), "Sub": (0, (1,)), "Div": (1, (1,))}


def drop_neutral(r: Rewriter) -> None:
    """Nodes whose other operand is known to change nothing, if they change no shape; readers take what is in front."""
    for index, found in r.items(*NEUTRAL):
        node = r.nodes[index] or found  # one in front of it may be gone by now, and its input another
        source = _unchanged(r, node)
        if source is None or node.outputs[0] in r.graph_outputs:
            continue
        r.reroute(node.outputs[0], source, (node.name,))
        r.drop(index)
    for index, node in r.items("LayerNormalization", "InstanceNormalization"):
        if len(node.inputs) in (2, 3) and len(node.outputs) == 1 and plain(r, *node.inputs[1:]):
            _without_affine(r, index, node)


def _unchanged(r: Rewriter, node: Node) -> str | None:
    """The operand that comes out as it is, None if none does."""
    if len(node.inputs) != 2 or node.domain not in ("", "ai.onnx"):
        return None
    number, places = NEUTRAL[node.op_type]
    for place in places:
        other, kept = r.values.get(node.inputs[place]), r.values.get(node.inputs[1 - place])
        result = r.values.get(node.outputs[0])
        if other is None or kept is None or result is None or not other.constant:
            continue
        same = kept.shape == result.shape and kept.dtype == result.dtype and not kept.constant
        if same and _throughout(other, number):
            return node.inputs[1 - place]
    return None


def _throughout(value: Value, number: int) -> bool:
    """Whether all elements of a constant are known to be a number."""
    if value.data is None:
        return value.number is not None and bool(value.number == number)
    return bool(value.data.size) and bool((value.data == number).all())


def plain(r: Rewriter, scale: str, shift: str = "") -> bool:
    """Whether a norm's factor is one and its summand, if it has one, zero, both known."""
    found = [r.values.get(name) for name in (scale, shift) if name]
    if any(v is None or v.data is None or not v.constant for v in found):
        return False
    ones, *zeros = (np.asarray(v.data) for v in found if v is not None)
    return bool((ones == 1).all()) and not any(z.any() for z in zeros)


def _without_affine(r: Rewriter, index: int, node: Node) -> None:
    rank = len(r.value(node.inputs[0]).shape)
    first = int(node.attributes.get("axis", -1)) % rank if node.op_type == "LayerNormalization" else 2
    attributes = {"axes": tuple(range(first, rank)), "epsilon": node.attributes.get("epsilon", 1e-5)}
    r.replace(
        [index],
        replace(node, op_type="MeanVarianceNormalization", inputs=node.inputs[:1], attributes=attributes),
    )


def sums_of_constants(r: Rewriter) -> None:
    """Two constants added one after another are added up when the model is read (OpenVINO's AddAddFusion): the bias of
    places and the mask of shifted windows are one `mask_add` in Intel's schedules of Swin. What a product of weights
    made keeps its own bias, which costs nothing there."""
    for index, _ in r.items("Add"):
        at = index
        while (node := r.nodes[at]) and (pair := _constant_beside(r, node)):
            behind = r.reader(node.outputs[0], "Add")
            more = _constant_beside(r, behind[1]) if behind else None
            if behind is None or more is None or more[0] != node.outputs[0]:
                break
            constants = (pair[1], more[1])
            shape = np.broadcast_shapes(*(r.value(n).shape for n in constants))
            name = f"{node.outputs[0]}/constants"
            r.values[name] = replace(r.value(constants[0]), name=name, shape=shape, data=None)
            r.replace([at, behind[0]], replace(behind[1], inputs=(pair[0], name)))
            at = behind[0]


def _constant_beside(r: Rewriter, node: Node) -> tuple[str, str] | None:
    """(activation, constant) of an addition that keeps the activation's shape, whose activation no product of weights
    made."""
    if node.op_type != "Add" or len(node.inputs) != 2:
        return None
    for source, other in (node.inputs, node.inputs[::-1]):
        if r.constant(other) and not r.constant(source) and source in r.values:
            made = r.maker(source, "MatMul", "Gemm", "Conv")
            weighed = made is not None and any(r.constant(n) for n in made[1].inputs)
            same = r.value(source).shape == r.value(node.outputs[0]).shape
            return (source, other) if same and not weighed else None
    return None
