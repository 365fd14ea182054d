"""A batch of lines as one image.

Where Intel's compiler 8.4 calls no function for each line of a batch (npusim.compiler.residency.calls), lines, which do
not meet in a window along them, are the other axis of one image, whose weights are read once and whose columns fill the
array's grid (one line alone is a column, a quarter of it). [N,C,L] of a convolution or a pooling that keeps the length
is [N,C,1,L], N rows of L columns: [1x128x4x512] of a tile by 256x128x1x5 of eight lines of 512 places, [1x48x4x256] by
48x48x1x3 of eight of 40 channels, [1x64x8x256] by 64x64x1x3 where the tiles share channels, [1x128x3x1024] of three
lines; a single tap likewise. One that changes the length (a stride, no padding), and an image of one column,
[N,C,H,1], is L rows of N columns: [1x128x256x4] by 128x128x3x1 at stride 2, [1x32x125x4] by 32x32x3x1 without
padding, [1x16x516x8] of CREPE. So in schedules of nine networks on NPU 4000 and 5010 ([1x128x8x128] by 64x128x1x5 a
tile, [1x128x20x62] by 32x128x1x7), whose LSTM or Reshape names the batch, or which are more than ten.

Poolings in windows side by side whose results fill four columns take one line after another in these, out of DDR and
into it (`slice_0` to `slice_15`: [1x64x8x4] of 128 places of 64 channels on four tiles). Between the two a line crosses
DDR (npusim.compiler.sharing.line_shares)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.lowering.filled_lines import LINE_COLUMNS, pooled_in_columns
from npusim.graph import Value
from npusim.work import MacOp, MacWork, Work

WINDOWS = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)


def is_batched_line(image: Value) -> bool:
    """Whether a tensor is several lines, [N,C,L] or [N,C,L,1] (not pixels: those are rows of a product)."""
    shape = image.shape
    line = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1 < shape[2])
    return line and shape[0] > 1


def lines_at_once(steps: tuple[Work, ...], line: Value, result: Value) -> tuple[Work, ...]:
    """The `steps` of a convolution or a pooling of several lines, `line` to `result`, as of one image; those of others
    as they are, the very same."""
    if not is_batched_line(line) or not is_batched_line(result):
        return steps
    batch, _, places, *_ = line.shape
    if steps and pooled_in_columns(places, steps[0]):
        return tuple(_in_columns(work) for work in steps)
    wide = len(line.shape) == 3 and places == result.shape[2]
    found = tuple(_at_once(work, batch, wide) for work in steps)
    return found if found != steps else steps


def _in_columns(work: Work) -> Work:
    if not isinstance(work, MacWork) or work.op != MacOp.MAX_POOL:
        return work
    rows, read = work.out_h * work.out_w / LINE_COLUMNS, work.in_h * work.in_w / LINE_COLUMNS
    return replace(work, out_h=rows, out_w=LINE_COLUMNS, in_h=read, in_w=LINE_COLUMNS)


def _at_once(work: Work, batch: int, wide: bool) -> Work:
    """A window along all lines, one behind the other, as one along the columns (`wide`) or the rows of one image."""
    if not isinstance(work, MacWork) or work.op not in WINDOWS or work.kernel_w > 1:
        return work
    places, read = work.out_h * work.out_w / batch, work.in_h * work.in_w / batch
    if not wide:
        return replace(work, out_h=places, out_w=batch, in_h=read, in_w=batch)
    return replace(
        work, out_h=batch, out_w=places, in_h=batch, in_w=read,
        kernel_h=1, kernel_w=work.kernel_h, stride_h=1, stride_w=work.stride_h,
    )  # fmt: skip
