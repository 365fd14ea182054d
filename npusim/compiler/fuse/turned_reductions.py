"""A sum, mean or extreme over height and width behind a Transpose takes the image as it lies.

TensorFlow's networks have their channels last: exported, a global pooling is a Transpose and a ReduceMean over axes 1
and 2. Intel's compiler moves such a Transpose behind the reduction, where there is nothing left to turn: the mean, or
the maximum, of 64 x 112 x 15 in rows of channels is two poolings in its schedules, 4.6 us of a network's 42 on NPU
3720, as without the Transpose (240 us as a reduction over the first of the axes behind it). So it does with lines. One
axis of two, and channels, are reduced as they were written."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.norms import axes_of
from npusim.compiler.fuse.rewriter import Rewriter

REDUCTIONS = ("ReduceMean", "ReduceSum", "ReduceMax")  # ReduceMin is written out as Neg, ReduceMax, Neg
FIRST_PLACE = 2  # axes in front are images of a batch and channels


def reductions_as_they_lie(r: Rewriter) -> None:
    """Transpose -> reduction over all axes of places becomes reduction -> Transpose of axes of one element."""
    for index, node in r.items(*REDUCTIONS):
        turn = r.maker(node.inputs[0], "Transpose")
        axes = axes_of(r, node)
        if turn is None or not axes:
            continue
        source = turn[1].inputs[0]
        rank = len(r.value(source).shape)
        order = tuple(turn[1].attribute("perm") or reversed(range(rank)))
        places = tuple(sorted(order[a] for a in axes))
        if rank < 3 or places != tuple(range(FIRST_PLACE, rank)) or order[0] != 0:
            continue
        keep = int(node.attribute("keepdims", 1))
        lying = replace(node, inputs=(source,), attributes={"axes": places, "keepdims": keep})
        turned = turn[1].outputs[0]
        if not keep:
            r.replace([index], lying)
            if not r.consumers[turned] and turned not in r.graph_outputs:
                r.drop(turn[0])
        elif r.private(turned, {index}):
            result = r.value(node.outputs[0])
            name = f"{result.name}/as_it_lies"
            shape = tuple(result.shape[order.index(a)] for a in range(rank))
            r.values[name] = replace(result, name=name, shape=shape)
            behind = replace(turn[1], inputs=(name,), outputs=node.outputs)
            r.exchange(turn[0], replace(lying, outputs=(name,)), index, behind)
