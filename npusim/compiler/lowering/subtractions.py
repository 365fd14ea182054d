"""Subtractions of images as the two steps they are: what is subtracted is scaled by -1, then added.

`Subtract/as_gconv` and `Subtract/add_out` in Intel's schedules stand, are cut and belong to groups each by itself: the
scale goes with the convolution that made what is subtracted, the addition with what reads the difference (32 channels
of 192 x 192, 64 of 128 x 128, the back-projections of a DBPN). Taken as one step they are in no group, and three images
must stand beside each other. Of channels in whole sixteens; others lie anew in between."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES, one_tap
from npusim.work import MacOp, MacWork

IMAGE_AXES = 4
SCALE_BYTES = 2 * CHANNEL_BLOCK + TABLE_BYTES  # of a channel's weights, fifteen of them zeros, and its table
WHY = "what is subtracted is scaled by -1 by a pass of its own"


def subtractions_apart(
    steps: Iterable[Placed], values: dict[str, Value], inputs: Container[str]
) -> list[Placed]:
    """The steps, each subtraction of two images inside the graph as a scale and an addition. The negated images are
    entered into `values`; `inputs`: of the graph."""
    found = list[Placed]()
    for step in steps:
        found += _apart(step, values) if _of_images(step, values, inputs) else [step]
    return found


def _of_images(step: Placed, values: dict[str, Value], inputs: Container[str]) -> bool:
    """Whether a step subtracts one image from another."""
    if step.node.op_type != "Sub" or len(step.steps) != 2 or len(step.reads) != 2 or len(step.writes) != 1:
        return False
    if not all(isinstance(w, MacWork) for w in step.steps) or step.padded or step.reshaped:
        return False
    shape = values[step.writes[0]].shape
    images = (
        len(shape) == IMAGE_AXES and shape[0] == 1 and min(shape[2:]) > 1 and not shape[1] % CHANNEL_BLOCK
    )
    return images and all(values[n].shape == shape and n not in inputs for n in step.reads)


def _apart(step: Placed, values: dict[str, Value]) -> list[Placed]:
    """The scale and the addition."""
    name, out = step.reads[1], f"{step.node.name}/negated"
    scale, addition = step.steps
    assert isinstance(scale, MacWork)
    _, channels, height, width = values[name].shape
    scale = one_tap(MacOp.DEPTHWISE, height, width, channels, scale.output_bytes)
    values[out] = replace(values[name], name=out)
    node = Node(out, "Mul", (name,), (out,))
    negated = step._replace(
        node=node, lowering="scale_shift", steps=(scale,), reason=WHY, reads=(name,), writes=(out,),
        fixed_bytes=float(channels * SCALE_BYTES), macs=0.0,
    )  # fmt: skip
    return [negated, step._replace(steps=(addition,), reads=(step.reads[0], out))]
