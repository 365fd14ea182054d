"""An image of the graph that a convolution reads which is cut into windows: patches of 16 x 16 or 32 x 32.

Intel's compiler turns what each window sees by itself (`conv_slice_0_1/small-stride/pad_expand_input`, on NPU 5010
`reorder_in_0/PermuteQuantize`): the rows that the windows of one height see are copied within DDR, their columns filled
up to sixteens (NPU 3720 loads them so), each window's pass reads these, and writes what the window sees to DDR, padded
to sixteen channels on NPU 3720 and 4000, from where the convolution reads it (192 to 384 pixels on all three).

Of a batch each image is turned so and convolved by itself (`small-stride/slice_0`). What the poolings leave of the
windows of all images is written, and read for their sum, and that for its bias; what a window makes crosses DDR to its
pooling where its weights, on every tile, leave no room for it (11 x 11 taps of 768 channels; on NPU 5010 15 x 15 of
768, not 15 x 2, whose weights leave half a tile for strips that pass both). 16 x 16 patches of 2, 4, 8 and 16 images
at 160 and 224 pixels, of 14 and 32 of 4 images, on all three NPUs; of 32 of one at 224, 384 and 768 on 5010."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.lowered import convolutions_of
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES, ddr_round_trip
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, Work

FEW_CHANNELS = 4  # that the array reads without the zeros of the other twelve


def cut_into_windows(step: Placed) -> bool:
    """Whether a convolution is cut into several windows."""
    return step.lowering in WINDOW_LIMITS and len(convolutions_of(step.steps)) > 1


def turned_for_windows(
    step: Placed, image: Value, turn: Placed, pads: bool, copies: bool, room: tuple[int, float]
) -> Placed:
    """The convolution, with the passes that turn its image for its windows and what they move. `turn`: the pass in
    front that turns all of it, which stands for the first window's. `pads`: to sixteen channels; `copies`: rows are
    copied within DDR first. `room`: tiles, and bytes of one."""
    windows = convolutions_of(step.steps)
    images = image.shape[0]
    if not cut_into_windows(step):
        return step
    if len(image.shape) < 4:
        return step._replace(steps=_line_again(step, image, turn)) if pads and images == 1 else step
    seen = [
        (
            images * places(w.out_h // images, w.stride_h, w.kernel_h),
            places(w.out_w, w.stride_w, w.kernel_w),
        )
        for w in windows
    ]
    size, channels = windows[0].input_bytes, image.shape[1]
    wide = ceil_to(max(columns for _, columns in seen), CHANNEL_BLOCK)
    heights = dict(seen) if copies else {}
    copied: list[Work] = [MoveWork(rows * wide * channels * size, "ddr", "ddr") for rows in heights]
    full = ceil_to(channels, CHANNEL_BLOCK) if pads else channels
    held = (
        ceil_to(channels, FEW_CHANNELS if channels <= FEW_CHANNELS else CHANNEL_BLOCK) if pads else channels
    )
    works: list[Work] = []
    for work in step.steps:
        if not (isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION):
            works.append(work)
            if images > 1 and isinstance(work, MacWork) and work.op == MacOp.MAX_POOL:
                works += ddr_round_trip(bytes_made(work))
            continue
        rows, columns = seen.pop(0)
        crossing = ddr_round_trip(rows * columns * full * size)
        weights = packed_bytes(work, held)
        tiles, tile_bytes = room
        shared = (rows * columns * full * size + bytes_made(work)) / images / tiles
        apart = shared + weights > tile_bytes and (pads or 2 * weights > tile_bytes)
        behind = ddr_round_trip(bytes_made(work)) if apart else ()
        if works:
            load = MoveWork(rows * wide * channels * size)
            works += [load, *(_over(w, rows, wide) for w in turn.steps), *crossing, work, *behind]
        else:  # a step is cut as its first work is: what belongs in front of the first window stands behind it
            works += [work, *copied, *behind]
    if images > 1:
        works += ddr_round_trip(bytes_made(works[-1]))
    again = images if pads else 1
    weights = again * sum(packed_bytes(w, held) for w in windows)
    return step._replace(steps=tuple(works), fixed_bytes=weights)


def _line_again(step: Placed, line: Value, turn: Placed) -> tuple[Work, ...]:
    """A line is turned as a whole for each window, through DDR (31 taps of 512 and 768 channels on NPU 3720 and 4000;
    5010 reads it once)."""
    size, channels = min(line.dtype.npu_bytes, 2.0), ceil_to(line.shape[1], CHANNEL_BLOCK)
    turned = ddr_round_trip(line.elements / line.shape[1] * channels * size)
    again = (MoveWork(line.elements * size), *turn.steps, *turned)
    works = list(step.steps[:1])
    for work in step.steps[1:]:
        window = isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION
        works += [*again, work] if window else [work]
    return tuple(works)


def packed_bytes(window: MacWork, channels: int) -> float:
    """Weights of a window over channels that are not padded: its taps side by side, in sixteens (384 x 688 for 15 x 15
    taps of 3 channels on NPU 5010), and a table."""
    terms = ceil_to(window.kernel_h * window.kernel_w * channels, CHANNEL_BLOCK)
    return float(window.out_c * (terms * window.weight_bytes + TABLE_BYTES))


def bytes_made(work: Work) -> float:
    """Of what a pass makes."""
    assert isinstance(work, MacWork)
    return float(work.out_h * work.out_w * work.out_c * work.groups * work.output_bytes)


def _over(work: Work, rows: float, columns: float) -> Work:
    """The pass that turns an image, over so many rows and columns of it."""
    if not isinstance(work, MacWork) or work.op != MacOp.PERMUTE_IMAGE:
        return work
    return replace(work, out_h=rows, out_w=columns, in_h=rows, in_w=columns)


def places(results: float, stride: float, kernel: float) -> float:
    """Places of an axis that so many results see."""
    return (results - 1) * stride + kernel
