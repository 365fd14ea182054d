"""Max or Min with one number is a limit: Relu or Clip.

OpenVINO's front end makes Maximum and Minimum of a number a Clamp (LeakyRelu and Max with -0.4 in networks exported
from TensorFlow: `Clamp` in Intel's schedules, 25.6 us for 51,200 elements on NPU 3720, not two tensors' Maximum)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node


def limits(r: Rewriter) -> None:
    """Max with zero is Relu, which runs behind the MAC array (no task is left of it in Intel's schedules of Griffin
    layers, where the root of max(1 - a^2, 0) is taken), with another number Clip from there on, Min Clip up to it."""
    for index, node in r.items("Max", "Min"):
        if len(node.inputs) != 2 or node.domain not in ("", "ai.onnx"):
            continue
        for number, other in (node.inputs, node.inputs[::-1]):
            same = r.value(other).shape == r.value(node.outputs[0]).shape
            known = r.scalar(number) if same and r.value(number).dtype.is_float else None
            if known is not None and not r.constant(other):
                r.replace([index], _limit(node, other, number, known))
                break


def _limit(node: Node, other: str, number: str, known: float) -> Node:
    if node.op_type == "Max" and known == 0:
        return replace(node, op_type="Relu", inputs=(other,))
    bounds = (number,) if node.op_type == "Max" else ("", number)
    return replace(node, op_type="Clip", inputs=(other, *bounds))
