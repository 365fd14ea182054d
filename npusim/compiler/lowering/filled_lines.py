"""A line of places, [N,C,L], whose channels or places fill no sixteens, laid out by way of columns in DDR."""

from __future__ import annotations

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, ceil_to
from npusim.compiler.lowering.relaid import spread_out
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, one_tap
from npusim.work import MacOp, MacWork, MoveWork, Work

LINE_COLUMNS = 4  # that a line is spread out to, see `spread_line`


def pooled_in_columns(places: int, pooling: Work) -> bool:
    """Whether a line that is pooled in windows side by side is seen in four columns, for its results fill them: 1,000,
    3,000, 5,000 and 504 places by two in Intel's schedules, not 1,000 by four, 300, 500, 1,002 and 1,004 by two, 1,001
    and 1,975 (nor windows of three); the largest of each alone (1,500 by 5 and 30,000 by 10 are not for averages)."""
    if not isinstance(pooling, MacWork) or pooling.op != MacOp.MAX_POOL:
        return False
    window = max(pooling.kernel_h, pooling.kernel_w)
    apart = window == max(pooling.stride_h, pooling.stride_w)
    return bool(apart and places % window == 0 and places // window % LINE_COLUMNS == 0)


def spread_line(value: Value) -> tuple[Work, ...]:
    """[N,C,L] for a pooling where L is no whole sixteens: a convolution writes `LINE_COLUMNS` columns to DDR, which are
    turned (1x16x64x63 by 64x16x1x1, then 1x16x128x125 of 128 channels of 1,000 in Intel's schedules)."""
    batch, channels, length = value.shape
    size = min(value.dtype.npu_bytes, 2.0)
    spread = spread_out(value.elements / CHANNEL_BLOCK, CHANNEL_BLOCK, CHANNEL_BLOCK * LINE_COLUMNS, size)
    turn = one_tap(MacOp.PERMUTE_IMAGE, batch * length, LINE_COLUMNS, channels, size)
    return spread, *ddr_round_trip(value.elements * LINE_COLUMNS * size), turn


def fills_line(value: Value, reader: str, window: Work | None = None) -> bool:
    """Whether the channels of a line are filled up to sixteens for `reader` by way of sixteen columns (not for a window
    cut into slices: 15 taps of 12 channels at 4,096 places): a convolution or a pooling (33 to 100 channels at 128 to
    1,024 places on three NPUs). `window`: the reader's, where one of several taps over all channels has them filled up
    otherwise: on NPU 5010 (3 to 408 channels at 192 to 5,696 places by a single tap, 10 of 10, not at a stride of two,
    3 of 3, and 15 to 255 by windows of one channel each, 4 of 4; of 3 and 5 taps over all a line that is turned is
    filled up by a copy or a convolution, and places that are no sixteens are copied in front, as everywhere)."""
    shape = value.shape
    uneven = len(shape) == 3 and shape[1] % CHANNEL_BLOCK > 0 and shape[2] % PIXELS_AT_ONCE == 0
    alike = True
    if isinstance(window, MacWork) and window.op == MacOp.CONVOLUTION:
        alike = window.kernel_h * window.kernel_w == 1 == window.stride_h * window.stride_w
    return uneven and alike and reader in ("Conv", "FusedConv", "MaxPool", "AveragePool")


def pads_a_line(node: Node, work: Work) -> bool:
    """Whether a window of a line has more padding at one end than half of itself: the line, once turned, is joined with
    it in DDR (`input_concat1`: causal windows of three taps, not of two)."""
    pads = node.attribute("pads", ())
    taps = max(work.kernel_h, work.kernel_w) if isinstance(work, MacWork) else 1
    return len(pads) == 2 and max(pads) > taps // 2


def fill_line(
    value: Value, room_bytes: float, columns: int = CHANNEL_BLOCK, by_law: bool = False
) -> tuple[Work, ...]:
    """[N,C,L] of C no whole sixteens, to channels last in sixteens: a convolution writes sixteen `columns` of every
    place to DDR (four for a max pooling that is seen in these, `pooled_in_columns`: 24 to 100 channels at 256 to
    1,024), these are turned with their channels filled up, and one column is read; all of them are written where what
    is turned and what it becomes do not fit into `room_bytes` (24 channels of 1,024, 8 of 4,096 and 40 of 19,200 in
    Intel's schedules of NPU 3720 and 4000, 100 of 1,024 on 5010: `pad_[0, 8, 0, 0]_expand_input/expand_nhwc/
    as_convolution`). `by_law`: only as much of them as does not fit, or twice the places would cost three times as
    much; all of them from twice the room on."""
    batch, channels, length = value.shape
    size = min(value.dtype.npu_bytes, 2.0)
    spread = spread_out(value.elements / CHANNEL_BLOCK, CHANNEL_BLOCK, CHANNEL_BLOCK * columns, size)
    wide = value.elements * columns * size
    filled = ceil_to(channels, CHANNEL_BLOCK)
    # It reads the channels there are, and writes those it fills up: 8 of 16,384 places in 8 x 12.3 us of two tiles.
    turn = one_tap(MacOp.PERMUTE_IMAGE, batch * length, columns, channels, size)
    turned = batch * length * filled * columns * size
    others: tuple[Work, ...] = ()
    if wide + turned > room_bytes:
        share = min(1.0, (wide + turned) / room_bytes - 1) if by_law else 1.0
        others = (MoveWork(share * turned * (1 - 1 / columns), "scratchpad", "ddr"),)
    return spread, *ddr_round_trip(wide), turn, *others
