"""Sums and products of two whole batches of images, between steps that take the images one by one.

Intel's compiler 8.4 adds a batch as one tensor, plane by plane. What takes images one by one behind it gets each with
its channels side by side by a pass of the array (`reorder_in_0/batch_permute_3` behind the additions of ResNet-18 and
two bottlenecks of 4 images and ResNet-50 of 8 on NPU 3720), and what such a step makes for another one and for an
addition is turned to planes for that (`reorder_out` of ResNet-18's pooling); what it makes for additions alone it
writes so. Channels that are no whole sixteens are filled up by a copy within the DDR on the way to such a step (24 of
28 x 28 behind additions, on three NPUs; behind HardSwish, on 3720, only what is missing is copied)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.layouts.images_in_turn import scales_images, takes_images
from npusim.compiler.lowering.laid_anew import permuted, transferred
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap
from npusim.work import MacOp, MoveWork

FILLED = "images of a batch whose channels are no whole sixteens are copied with such"
#: The lowering of such copies.
BATCH_FILLED = "batch_filled"
IMAGE_RANK = 4
SUMS = ("Add", "Sub", "Mul")
WHY = "a batch is added plane by plane, and turned by a pass for steps that take images one by one"


def batch_sums_turned(placed: Sequence[Placed], values: dict[str, Value], on_tiles: int = 0) -> list[Placed]:
    """The steps with passes that turn batches in front of their readers. What is made is added to `values`. `on_tiles`:
    of a batch of so many images each lies on a tile of its own, its channels filled up there."""
    batches = {s.images for s in placed if takes_images(s)}
    if not batches:
        return list(placed)
    sums = {s.writes[0] for s in placed if _adds(s, values)}
    kernels = {n for s in placed if s.engine == "dsp" for n in s.writes if _uneven(values[n])}
    parts = {n for s in placed if _one_by_one(s, values) for n in s.writes}
    taken = {n for s in placed if _one_by_one(s, values) for n in s.reads}
    shared = {
        n for n, at in reading_steps(placed).items() if len(at) > 1 and n in parts and _uneven(values[n])
    }
    back = parts & taken
    if on_tiles in batches:
        back = parts | _kept_by_kernels(placed, parts)
    found: list[Placed] = []
    turned: dict[tuple[str, bool], str] = {}
    for step in placed:
        images = _one_by_one(step, values)
        names = sums | kernels | shared if images else back if _adds(step, values) else ()
        for name in dict.fromkeys(n for n in step.reads if n in names):
            if (name, images) not in turned:
                source = name
                if images and _uneven(values[name]) and values[name].shape[0] != on_tiles:
                    found.append(_filled(name, values, name in kernels))
                    source = found[-1].writes[0]
                turned[name, images] = source
                if not images or name in sums:
                    turned[name, images] = out = f"{name}/{'turned' if images else 'planes'}"
                    found.append(_turn(source, out, values, images))
            to = turned[name, images]
            step = step._replace(reads=tuple(to if n == name else n for n in step.reads))
        found.append(step)
    return found


def _kept_by_kernels(placed: Sequence[Placed], parts: set[str]) -> set[str]:
    """What kernels of one input make of batches that lie channel by channel: it lies so, too."""
    found: set[str] = set()
    for step in placed:
        if step.engine == "dsp" and len(step.writes) == 1 and not found.union(parts).isdisjoint(step.reads):
            found |= set(step.writes) if len(step.reads) == 1 else set()
    return found


def _uneven(value: Value) -> bool:
    """Whether a batch of images has channels that are no whole sixteens."""
    shape = value.shape
    return len(shape) == IMAGE_RANK and shape[0] > 1 and shape[1] % CHANNEL_BLOCK > 0


def _filled(name: str, values: dict[str, Value], kernel: bool) -> Placed:
    """A batch with channels of whole sixteens: copied within the DDR, behind a kernel but the channels there are."""
    value, out = values[name], f"{name}/filled"
    batch, channels, *plane = value.shape
    values[out] = replace(value, name=out, shape=(batch, ceil_to(channels, CHANNEL_BLOCK), *plane))
    nbytes = values[out].npu_bytes - (value.npu_bytes if kernel else 0.0)
    copy = transferred(Node(out, "Copy", (name,), (out,)), MoveWork(nbytes, "ddr", "ddr"), FILLED)
    return copy._replace(lowering=BATCH_FILLED)


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
