"""Rows divided by their length, in several nodes -> the one kernel that Intel's compiler has for it.

    x / Clip(ReduceL2(x), least), x / Max(ReduceL2(x), least), with an Expand in front of the Div or without

torch's `normalize`: attention over channels of Restormer and XCiT, embeddings. Its front end (NormalizeL2Fusion) leaves
one kernel named as the Div, over the innermost axis alone (schedules of seven forms of 4 x 64 x 256 on NPU 3720, 4000
and 5010; rows of 72 to 9,216, not of 32, 33, 48, 49 and 64, as in Swin v2's heads). Over other axes, with an epsilon
that is added, with none, or with the sum of squares in single nodes all stay apart there."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.norms import axes_of
from npusim.compiler.fuse.rewriter import Rewriter

LONGEST_APART = 64  # elements of a row; 72 are one kernel on all three NPUs


def l2_norm(r: Rewriter) -> None:
    """x / max(length of x, least) over an innermost axis of more than 64 -> LpNormalization."""
    for index, node in r.items("Div"):
        x, name = node.inputs[:2]
        members: list[int] = []
        spread = r.maker(name, "Expand")
        if spread:
            members, name = [spread[0]], spread[1].inputs[0]
        least = r.maker(name, "Clip", "Max")
        if not least or not _bounded_below(r, least[1].op_type, least[1].inputs):
            continue
        length = next((m for n in least[1].inputs if n and (m := r.maker(n, "ReduceL2"))), None)
        if not length or length[1].inputs[0] != x or not length[1].attribute("keepdims", 1):
            continue
        shape = r.value(x).shape
        if axes_of(r, length[1]) != [len(shape) - 1] or shape[-1] <= LONGEST_APART:
            continue
        inner = {index, *members, least[0], length[0]}
        if all(r.private(n.outputs[0], inner) for i in inner if (n := r.nodes[i]) and n is not node):
            fused = replace(node, op_type="LpNormalization", domain="", inputs=(x,))
            r.replace(sorted(inner), replace(fused, attributes={"axis": -1, "p": 2}))


def _bounded_below(r: Rewriter, op_type: str, inputs: tuple[str, ...]) -> bool:
    """Whether a Clip or Max holds its input above a known number, and a Clip not below one."""
    if op_type == "Max":
        return len(inputs) == 2 and any(r.scalar(n) is not None for n in inputs)
    if len(inputs) < 2 or not inputs[1] or (len(inputs) > 2 and inputs[2]):
        return False
    return r.scalar(inputs[1]) is not None
