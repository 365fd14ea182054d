"""Images inside the graph under windows that are cut into slices: 1 x 21 and 21 x 1 of SegNeXt, 31 x 31 of RepLKNet.

A slice has more zeros at one side than half of it, which the array does not add. Intel's compiler writes the image
once, in DDR, among all zeros of the window around it, which are copied there from a constant (`concat_out`), and every
slice reads the places it sees (`conv_slice_0_1`), on NPU 4000 and 5010 with the rows around each tile's own where the
tiles share rows. Who else reads the image has it inside. What the slices have made so far crosses DDR where it does not
fit beside the next slice's image and its result, the first slice's also beside its own image (2 x 1,049 and 2 x 1,122
KB on NPU 3720; 2 x 885 and 2 x 894 KB there stay): the first result, then every sum that another slice follows
(`spill_write` of conv_slice_0_1, res_add_1 and res_add_2 of 41 taps of 32 channels at 160 x 160 on NPU 3720, of
conv_slice_0_1 alone on 4000); of slices or sums that do not fit by themselves, or of a batch, only the first, since
strips or images pass through the others. Read off schedules of fourteen graphs made for it: strips of 13 to 41 taps, 13
x 13 to 31 x 31, depthwise and not, 8 to 160 channels on 20 to 172 rows: bytes 0.12 to 0.5 of Intel's before, now 0.91
to 1.06 in all but two that are cut, 0.81 and 0.71 (48 and 64 x 96 x 96 by 13 x 13 on NPU 3720: more is spilled)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.layouts.windows import bytes_made
from npusim.compiler.lowering.lowered import convolutions_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import over_channels
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, Work

AXES = 4  # of images


def sliced(step: Placed) -> bool:
    """Whether a padded window over an image that lies as it reads it is cut into slices."""
    window = step.lowering in WINDOW_LIMITS and step.node.op_type in ("Conv", "FusedConv")
    plane = len(step.node.attribute("pads", ())) == AXES and max(step.node.attribute("pads", ())) > 0
    return bool(
        window and plane and step.reads and not step.reads_turned and len(convolutions_of(step.steps)) > 1
    )


def reads_slices(step: Placed) -> bool:
    """Whether its slices read an image that was written beside its zeros."""
    return sliced(step) and any(isinstance(w, MoveWork) for w in step.steps)


def images_of_slices(
    placed: Iterable[Placed],
    values: Mapping[str, Value],
    inputs: Container[str],
    tiles: int,
    around: bool,
    room: float,
) -> list[Placed]:
    """The steps with what the slices of their windows read. `inputs`: of the graph; `around`: slices are read with the
    rows around each tile's own; `room`: bytes of all scratchpads."""
    return [
        _sliced(s, values, tiles if around else 1, room) if sliced(s) and s.reads[0] not in inputs else s
        for s in placed
    ]


def _sliced(step: Placed, values: Mapping[str, Value], tiles: int, room: float) -> Placed:
    image = values[step.reads[0]]
    top, left, bottom, right = step.node.attribute("pads", ())
    *_, high, wide = image.shape
    pixel = image.npu_bytes / (high * wide)  # of all images
    zeros = (high + top + bottom) * (wide + left + right) - high * wide
    works: list[Work] = []
    made = 0
    for work in step.steps:
        if not (isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION):
            works.append(work)
            continue
        seen = _places_seen(work, step.images, tiles) * pixel
        result = bytes_made(work)
        if not works:  # the first one's image is an input of the step
            works += (work, MoveWork(zeros * pixel, "ddr", "ddr"))
            if seen > image.npu_bytes:  # without padding along an axis it sees less than all
                works.append(MoveWork(seen - image.npu_bytes))
        else:
            works += (MoveWork(seen), work)
        made += 1
        if image.shape[0] == 1 and work.kernel_w > 1:  # no columns lie in the channels
            result *= ceil_to(work.out_c, CHANNEL_BLOCK) / work.out_c
        whole = image.shape[0] == 1 and max(2 * result, result + seen) <= room
        images = 2 if made == 2 else 1  # the first slice's own lies beside the second's
        if made > 1 and (whole or made == 2) and 2 * result + images * seen > room:
            works += ddr_round_trip(result)
    return step._replace(steps=tuple(works))


def _places_seen(work: MacWork, images: int, tiles: int) -> float:
    rows, columns = work.out_h / images, work.out_w
    tall = (rows - 1) * work.stride_h + work.kernel_h
    if not over_channels(work, int(rows)):
        tall += (tiles - 1) * max(0.0, work.kernel_h - work.stride_h)
    return float(tall * ((columns - 1) * work.stride_w + work.kernel_w))
