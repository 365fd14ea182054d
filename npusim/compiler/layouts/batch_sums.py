"""Sums and products of two whole batches of images, between steps that take the images one by one.

Intel's compiler 8.4 adds a batch as one tensor, plane by plane. What takes images one by one behind it gets each with
its channels side by side by a pass of the array (`reorder_in_0/batch_permute_3` behind the additions of ResNet-18 and
two bottlenecks of 4 images and ResNet-50 of 8 on NPU 3720), and what such a step makes for another one and for an
addition is turned to planes for that (`reorder_out` of ResNet-18's pooling); what it makes for additions alone it
writes so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from npusim.compiler.layouts.images_in_turn import scales_images, takes_images
from npusim.compiler.lowering.laid_anew import permuted
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE
from npusim.graph import Node, Value
from npusim.ops.counting import one_tap
from npusim.work import MacOp

IMAGE_RANK = 4
SUMS = ("Add", "Sub", "Mul")
WHY = "a batch is added plane by plane, and turned by a pass for steps that take images one by one"


def batch_sums_turned(placed: Sequence[Placed], values: dict[str, Value]) -> list[Placed]:
    """The steps with passes that turn batches in front of their readers. What is made is added to `values`."""
    batches = {s.images for s in placed if takes_images(s)}
    if not batches:
        return list(placed)
    sums = {s.writes[0] for s in placed if _adds(s, values)}
    parts = {n for s in placed if _one_by_one(s, values) for n in s.writes}
    taken = {n for s in placed if _one_by_one(s, values) for n in s.reads}
    found: list[Placed] = []
    turned: dict[str, str] = {}
    for step in placed:
        images = _one_by_one(step, values)
        names = sums if images else parts & taken if _adds(step, values) else ()
        for name in dict.fromkeys(n for n in step.reads if n in names):
            if name not in turned:
                turned[name] = f"{name}/turned"
                found.append(_turn(name, turned[name], values, images))
            step = step._replace(reads=tuple(turned[name] if n == name else n for n in step.reads))
        found.append(step)
    return found


def _one_by_one(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step takes the images of a batch one by one."""
    shape = values[step.reads[0]].shape if step.reads else ()
    return takes_images(step) or (scales_images(step) and len(shape) == IMAGE_RANK and shape[0] > 1)


def _adds(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step adds or multiplies two batches of images."""
    if step.node.op_type not in SUMS or len(step.reads) < 2 or len(step.writes) != 1:
        return False
    shape = values[step.writes[0]].shape
    return len(shape) == IMAGE_RANK and shape[0] > 1


def _turn(name: str, out: str, values: dict[str, Value], images: bool) -> Placed:
    value = values[name]
    values[out] = replace(value, name=out)
    batch, channels, height, width = value.shape
    op = MacOp.PERMUTE_IMAGE if images else MacOp.PERMUTE
    work = one_tap(op, batch * height, width, channels, min(value.dtype.npu_bytes, 2.0))
    return permuted(Node(f"{name}/layout", "MemPermute", (name,), (out,)), (work,), WHY, IMAGE)
