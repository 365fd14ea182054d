"""An InstanceNormalization of what enters the graph: mean and variance, then a factor and a summand a channel.

Intel's compiler 8.4 takes the two apart (MVN, and Multiply and Add that become one pass of depthwise 1x1 behind
`Add/reorder_in/PermuteQuantize`), as it does with what exporters write for a GroupNorm. What a kernel normalises as it
came in lies channels first; the pass wants it turned, through DDR: seen in its schedules of 4 to 128 channels of 320 to
4,900 places on NPU 3720, 4000 and 5010. Inside networks convolutions make the image, and it is planned whole."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.writer import Writer
from npusim.graph import Node


def instance_norm(w: Writer, node: Node) -> bool:
    """MeanVarianceNormalization over places [N,C,...], then Mul and Add of [C,1,...]; of one image of several channels,
    with known factors."""
    if len(node.inputs) != 3 or node.inputs[0] not in w.entering:
        return False
    x, *given = node.inputs
    shape, dtype = w.shape(x), w.values[x].dtype
    if len(shape) not in (3, 4) or shape[1] == 1 or not dtype.is_float:
        return False
    if not all(w.values[name].constant for name in given):
        return False
    scale, shift = (_by_channel(w, name, len(shape) - 2) for name in given)
    epsilon = node.attribute("epsilon", 1e-5)
    axes = tuple(range(2, len(shape)))
    normal = w.op("norm", "MeanVarianceNormalization", (x,), shape, dtype, axes=axes, epsilon=epsilon)
    scaled = w.op("scaled", "Mul", (normal, scale), shape, dtype)
    w.last("Add", (scaled, shift), node.outputs[0])
    return True


def _by_channel(w: Writer, name: str, places: int) -> str:
    """A constant [C] as [C,1,...], `places` ones behind."""
    value = w.values[name]
    shape = (*value.shape, *(1 for _ in range(places)))
    out = f"{name}/by channel/{places}"
    data = None if value.data is None else value.data.reshape(shape)
    w.values[out] = replace(value, name=out, shape=shape, data=data)
    return out
