"""Mean and variance taken out in several nodes -> the one kernel that Intel's compiler has for it, over any axes.

(x - mean) / sqrt(mean((x - mean)^2) + eps), the root as Sqrt or as a power of a half: its front end (MVNFusion) makes
one kernel of that whatever the axes. What is multiplied by one over the root stays as written, as does what has no
epsilon (nothing of either is fused in its schedules of 64 x 56 x 56 and 196 x 256 on NPU 3720 and 5010)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.norms import axes_of, root_mean_square, scale_and_shift
from npusim.compiler.fuse.rewriter import Rewriter


def layer_norm(r: Rewriter) -> None:
    """Over the innermost axis a LayerNormalization, with the scale and bias behind it; over others a
    MeanVarianceNormalization, whose scale is another node."""
    for index, node in r.items("Div"):
        centred = r.maker(node.inputs[0], "Sub")
        spread = root_mean_square(r, node.inputs[1])
        if not centred or not spread or spread[1] != node.inputs[0]:
            continue
        x = centred[1].inputs[0]
        mean = r.maker(centred[1].inputs[1], "ReduceMean")
        if not mean or mean[1].inputs[0] != x:
            continue
        rank, axes = len(r.value(x).shape), axes_of(r, mean[1])
        if not axes or axes != axes_of(r, r.nodes[spread[0][1]]):
            continue
        inner = {index, *spread[0], centred[0], mean[0]}
        if axes == [rank - 1]:
            tail, last, constants = scale_and_shift(r, node, shift=True)
            fused = replace(
                last, op_type="LayerNormalization", inputs=(x, *constants), attributes={"axis": -1}
            )
            inner.update(tail)
        else:
            last = node
            fused = replace(
                node, op_type="MeanVarianceNormalization", inputs=(x,), attributes={"axes": tuple(axes)}
            )
        if all(r.private(n.outputs[0], inner) for i in inner if (n := r.nodes[i]) and n is not last):
            r.replace(sorted(inner), replace(fused, domain=""))
