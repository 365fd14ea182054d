"""Factors that are one number: one behind another they are one, and attention is scaled once.

PyTorch scales queries and keys by the root of a factor each, as torch.onnx.export writes attention without a mask;
OpenVINO reads it as one operation with one scale (SDPAFusion, SDPAScaleFusion), and Intel's schedules have one pass for
it, of the queries: `scale_query` on NPU 4000 and 5010, the queries' Multiply on 3720 (12 drawn layers of 64 to 4,096
rows, heads of 32 to 64, three products or timm's one for all).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node


def factors_of_numbers(r: Rewriter) -> None:
    """A tensor multiplied by one number and then by another is multiplied once."""
    for index, _ in r.items("Mul"):
        node = r.nodes[index]  # what was found may be part of a longer one by now
        first = _factor(r, node) if node else None
        behind = r.reader(node.outputs[0], "Mul") if node else None
        second = _factor(r, behind[1]) if behind else None
        if behind is None or first is None or second is None:
            continue
        r.replace([index, behind[0]], replace(behind[1], inputs=(first[0], _product(r, first[1], second[1]))))


def scales_of_scores(r: Rewriter) -> None:
    """Attention whose queries and keys are scaled by one number each has its queries scaled by both."""
    for _, product in r.items("MatMul"):
        queries, keys = (_scaled(r, name) for name in product.inputs)
        if queries is None or keys is None or not _attends(r, product):
            continue
        (at, scale, source, number), (behind, other, plain, more) = queries, keys
        r.reroute(other.outputs[0], plain, (other.name,))
        r.drop(behind)
        r.replace([at], replace(scale, inputs=(source, _product(r, number, more))))


def _scaled(r: Rewriter, name: str) -> tuple[int, Node, str, str] | None:
    """What multiplies an operand that nothing else reads by one number: its place, the node, and what it multiplies."""
    made = r.maker(name, "Mul") if r.reader(name, "MatMul") else None
    found = _factor(r, made[1]) if made else None
    return (*made, *found) if made and found else None


def _attends(r: Rewriter, product: Node) -> bool:
    """Whether a product makes scores: a mask may be added, then comes the softmax, then the product with the values."""
    name = product.outputs[0]
    masked = r.reader(name, "Add")
    softmax = r.reader(masked[1].outputs[0] if masked else name, "Softmax")
    return softmax is not None and r.reader(softmax[1].outputs[0], "MatMul") is not None


def _product(r: Rewriter, first: str, second: str) -> str:
    """The name of a constant: both numbers multiplied."""
    one, other = (r.value(n) for n in (first, second))
    name = f"{first}/times/{second}"
    number = np.asarray(one.data).reshape(-1)[0] * np.asarray(other.data).reshape(-1)[0]
    r.values[name] = replace(one, name=name, shape=(1,), data=np.asarray([number]))
    return name


def _factor(r: Rewriter, node: Node) -> tuple[str, str] | None:
    """(activation, number) of a product by one number that keeps the activation's shape."""
    for source, other in (node.inputs, node.inputs[::-1]):
        if r.scalar(other) is not None and not r.constant(source):
            same = r.value(source).shape == r.value(node.outputs[0]).shape
            return (source, other) if same else None
    return None
