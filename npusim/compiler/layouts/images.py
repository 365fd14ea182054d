"""Which tensors are images, whose order of axes matters, and which steps read their input as one."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from npusim.compiler.lowering.place import Placed
from npusim.compiler.rules.conditions import reduced_axes
from npusim.compiler.sharing.distribution import ENLARGING, IMAGE_OPS
from npusim.graph import Value
from npusim.ops.resizing import enlarging

IMAGE_RANKS = (3, 4)  # of images, and of signals along one axis
PLANE_PASSES = frozenset(
    ["Relu", "LeakyRelu", "PRelu", "Clip", "InstanceNormalization", "BatchNormalization"]
)


def reads_image(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether the step takes its first input as an image by its channels (axis 1)."""
    if step.lowering == "scale_shift" and step.node.op_type != "BatchNormalization":
        shapes = [values[n].shape for n in step.node.inputs if n in values]
        if len(step.reads) == 1 and len(shapes[0]) == 4 and all(prod(s) == 1 for s in shapes[1:]):
            return True  # one number for all
        signal = len(shapes[0]) in (2, 3)  # [N,C,L] or [C,L], a number a channel as in images
        return any(
            s[-1:] == (1,) and s[-2:-1] > (1,) if signal else s[-2:] == (1, 1) and s[-3:-2] > (1,)
            for s in shapes
        )
    if step.lowering == "pooling_chain":
        return not over_channels(step, values)
    kinds = IMAGE_OPS | PLANE_PASSES
    return step.node.op_type in kinds or step.lowering in ("stepped", "read_again", "plane_15")


def over_channels(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether poolings reduce the channels of an image, which are its rows then (16 x 512 x 25 of 512 x 20 x 20 in
    Intel's schedules): they take it as it lies."""
    return len(values[step.node.inputs[0]].shape) == 4 and reduced_axes(step.node, values) == [1]


def is_image(value: Value, ranks: tuple[int, ...] = (4,)) -> bool:
    """Whether the order of its axes matters: [N,C,H,W] of several channels and pixels."""
    shape = value.shape
    return len(shape) in ranks and shape[1] > 1 and prod(shape[2:]) > 1


#: A kernel that enlarges fewer channels, or by more than this, or by no whole factor takes them first.
LEAST_LAST, MOST_LAST = 8, 11


def enlarged(step: Placed | None, made_by: Mapping[str, Placed], values: Mapping[str, Value]) -> bool:
    """Whether a kernel enlarges an image as the MAC array made it, channels last: 8 channels and more by whole factors
    of up to eleven between pixels. Others it makes channels first (Intel's schedules on NPU 3720 of 24 images that
    leave the graph: turned are 8 to 21 channels by 4, 5 and 8, 19 of 17 x 17 to 129 x 129 between corners; not 3, 5
    and 7 by 8 and 16, 21 by 15, 16 to 21 by 3.3 to 8.3)."""
    if step is None or step.engine != "dsp" or step.node.op_type not in ENLARGING:
        return False
    made = made_by.get(step.reads[0])
    if made is None or made.engine != "mac_array":
        return False
    source, out = values[step.reads[0]], values[step.writes[0]]
    times = enlarging(step.node, source, out)
    return out.shape[1] >= LEAST_LAST and all(t % 1 == 0 and t <= MOST_LAST for t in times)
