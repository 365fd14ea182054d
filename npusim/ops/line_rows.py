"""Lines that a convolution reads as rows of places with what is around each: `halo_pad`, `halo_concat`, `halo_conv`.

Intel's compiler 8.4 sees a line, [1,C,L], as one column, which fills a quarter of the array's grid. Where a window
along it has enough to do it copies the line in DDR beside its border, then row by row with the places around, and
convolves an image: of as many rows as divide the line, in fours, up to sixteen a tile, each of sixteen places at least.
In its schedules of NPU 3720, 4000 and 5010, 33 lines of 256 to 4,096 places: 1,040 are 20 x 52, 52 x 20 and 40 x 26 on
two, four and three tiles, 1,000 are 40 x 25 on three, 1,500 20 x 75 on two and three, 480 24 x 20; 1,001, 1,210 and
1,250 divide into no fours. Sixteen rows at least: 256, 288, 320 and 400 places are read so, 200, 208, 240 and 300 are
not (12 graphs of dense and depthwise windows, NPU 3720 and 5010). By multiply-accumulates: 503 million are read so
(256 x 256 x 15 at 512 places, 512 x 512 x 3 at 640, 256 x 512 x 3 at 1,280), 497, 492, 490 and 472 are not; zeros
between dilated taps count."""

from __future__ import annotations

from dataclasses import replace

from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, MoveWork, Work

ROW = 16  # places, and rows a tile
ROWS_AT_ONCE = 4
LARGE_LINE_MACS = 500e6
COLUMNS = 4  # of the array's grid
LEAST_PLACES = ROW * ROW


def in_rows(part: MacWork) -> MacWork:
    """A slice of a depthwise window along a line, as rows of sixteen places and what is around them: how Intel's
    compiler reads a line that it turns at the graph's edge. Other works as they are."""
    line = part.out_w == 1 and part.kernel_w == 1 and part.stride_h == 1 and part.out_h % ROW == 0
    if not line or part.weight_groups == 1 or part.kernel_h == 1:
        return part
    return _rows_of(part, ROW)


def large_line(work: Work, tiles: int, even: bool, bordered: bool = False) -> tuple[Work, ...]:
    """A large convolution along a line, as rows: the line is copied in DDR with its border, if it was not written so
    (`bordered`), then row by row. Nothing for others, nor for channels that are no sixteens where these must be `even`
    (NPU 5010: 250 to 256, 256 to 250)."""
    if not isinstance(work, MacWork) or (even and (work.in_c % CHANNEL_BLOCK or work.out_c % CHANNEL_BLOCK)):
        return ()
    places = _places(work, tiles)
    if not places:
        return ()
    rows, read = _rows_of(work, places), work.in_h * work.in_c * work.input_bytes
    beside = () if bordered else (MoveWork(read, "ddr", "ddr"),)
    return rows, *beside, MoveWork(read * rows.in_w / places, "ddr", "ddr", transfers=int(rows.out_h))


def large_line_by_law(work: Work, tiles: int, even: bool) -> tuple[Work, ...]:
    """The same where twice the work shall not cost less. A column fills one of the grid's four, rows fill all: so a
    line just large enough takes the slots of a column and few copies, one four times as large is rows and nothing else,
    and what lies between takes as long as the smallest."""
    steps = large_line(work, tiles, even)
    if not steps or not isinstance(work, MacWork):
        return ()
    # A line of half the places may be too short for rows.
    most = COLUMNS if work.out_h >= 2 * LEAST_PLACES else 2
    times = min(_macs(work) / LARGE_LINE_MACS, most)
    share = (times - 1) / (COLUMNS - 1)
    return tuple(
        replace(step, mac_slots=COLUMNS / times)
        if isinstance(step, MacWork)
        else replace(step, nbytes=share * step.nbytes)
        for step in steps
        if isinstance(step, MacWork | MoveWork)
    )


def large_slice(part: MacWork, tiles: int) -> MacWork:
    """A slice of a depthwise window along a line inside the graph, as rows where it is large: 15 taps of 384 channels
    at 256 places and of 256 at 512, not of 256 at 256 nor of 128 at 1,024 (`conv_slice_0_0/halo_conv`, NPU 5010)."""
    places = _places(part, tiles) if part.weight_groups > 1 else 0
    return _rows_of(part, places) if places else part


def read_as_rows(steps: tuple[Work, ...]) -> bool:
    """Whether a step is such a convolution with the copies in front of it."""
    work, *moves = steps
    copied = bool(moves) and all(isinstance(m, MoveWork) and m.source == m.destination for m in moves)
    return copied and isinstance(work, MacWork) and work.kernel_w > work.kernel_h == 1


def _places(work: MacWork, tiles: int) -> int:
    """Places in a row of a line that is read so; 0 for others."""
    line = work.op == MacOp.CONVOLUTION and work.out_w == 1 and work.groups == 1
    if not line or work.kernel_h == 1 or work.kernel_w > 1 or work.stride_h > 1:
        return 0
    if _macs(work) < LARGE_LINE_MACS:
        return 0
    length = int(work.out_h)
    most = min(ROW * tiles, length // ROW)
    rows = next((n for n in range(most, ROW - 1, -1) if length % n == 0 and n % ROWS_AT_ONCE == 0), 0)
    return length // rows if rows else 0


def _macs(work: MacWork) -> float:
    """Multiply-accumulates of a line's convolution, of a depthwise one as if it were one over all channels."""
    return float(work.kernel_h * work.in_c * work.out_c * work.out_h)


def _rows_of(part: MacWork, places: int) -> MacWork:
    """A line as rows of so many places, and what is around each."""
    rows, around = part.out_h / places, places + part.kernel_h - 1
    return replace(
        part, out_h=rows, out_w=places, in_h=rows, in_w=around, kernel_h=1, kernel_w=part.kernel_h
    )  # fmt: skip
