"""Resize and Upsample: images made larger or smaller."""

from __future__ import annotations

from math import prod

from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, dsp, on_mac_array, one_tap
from npusim.ops.registry import OpCase, op
from npusim.work import Lowering, MacOp, MacWork, MoveWork, Work

HALF_PIXELS = (
    "half_pixel",
    "pytorch_half_pixel",
)  # a pixel's place is its middle, in the image and its enlargement
CORNERS = "align_corners"  # the first and last pixels are those of the image
MOST_COPIED = 4  # taps of a window behind copies
MOST_TAPS, MOST_TAPS_5010 = 11, 15  # of a window that reads at addresses


def coordinates(node: Node) -> str:
    """Where the pixels of an image that is resized lie (an Upsample begins with the image's own)."""
    if node.op_type == "Upsample":
        return "asymmetric"
    return str(node.attribute("coordinate_transformation_mode", "half_pixel"))


def enlarging(node: Node, source: Value, out: Value) -> tuple[float, ...]:
    """By how much an image grows between two pixels, an axis each: 33 to 129 by four where corners are aligned, 40 to
    80 by 79 / 39."""
    apart = 1 if coordinates(node) == CORNERS else 0
    pairs = zip(source.shape[2:], out.shape[2:], strict=True)
    return tuple((b - apart) / (a - apart) if a > 1 else float(b) for a, b in pairs if a)


def taps_between(node: Node, source: Value, out: Value) -> tuple[int, ...]:
    """Taps of the window along each axis that makes the pixels between two: as many as the factor, or one more to be
    odd where a pixel's place is its middle (Intel's schedules: 3 for factors of 2 and 3, 5 for 4); one for an image of
    one pixel, which is the same everywhere. More than eleven are a kernel's, on NPU 5010 more than 15."""
    middles = coordinates(node) in HALF_PIXELS
    sizes = zip(source.shape[2:], enlarging(node, source, out), strict=True)
    return tuple(1 if size == 1 else max(1, round(times)) | middles for size, times in sizes)


def read_at_addresses(
    source: Value, out: Value, taps: tuple[int, ...] = (1, 1), at_once: bool = True
) -> tuple[MacWork, ...]:
    """An image made larger by convolutions of all channels with all that read it at computed addresses: one 1x1 for the
    nearest pixel, one along each axis for lines between pixels; `at_once` one window, where pixels of the image are
    pixels of its enlargement (2 x 2 of 64 x 40 x 40 by two).

    Every channel is made of itself alone: of its weights one word of sixteen terms is stored and multiplied, the array
    skips the others as other zeros (64 to 256 channels by two to eight in Intel's schedules: 1.3 to 2.2 times as long
    on NPU 4000 and 5010 if it did not, 0.85 to 1.19 so)."""
    batch, channels, rows, columns = out.shape
    size, out_size = source.dtype.npu_bytes, out.dtype.npu_bytes
    stored = (CHANNEL_BLOCK * size + channels / 8) / (
        channels * size
    )  # one block and a bit a channel: sparse weights

    def along(height: int, width: int, tall: int, wide: int, rows: int, columns: int) -> MacWork:
        return MacWork(
            MacOp.CONVOLUTION, batch * rows, columns, channels, channels, batch * height, width, tall, wide,
            input_bytes=size, weight_bytes=size, output_bytes=out_size, weight_stored=min(1.0, stored),
            weight_zeros=max(0.0, 1 - CHANNEL_BLOCK / channels),
        )  # fmt: skip

    tall, wide = taps
    if at_once:
        return (along(rows, columns, tall, wide, rows, columns),)
    height = source.shape[2]
    return along(height, columns, 1, wide, height, columns), along(rows, columns, tall, 1, rows, columns)


def _copied_larger(
    source: Value, out: Value, nearest: bool, channels_first: bool = False
) -> tuple[Work, ...]:
    """An image made larger by copies within the DDR, columns first, then rows; for lines between pixels by twice the
    factor, with a border, and pooled by windows of that size in steps of two. Where it lies `channels_first` it is
    copied with a border for each axis, and turned for the poolings (inside a network, 16 channels of 96 x 128 made
    twice as large: 1.6, 6.3 and 6.3 MB in DDR, loaded, no turn)."""
    batch, channels, rows, columns = out.shape
    factor, size = rows // source.shape[2], source.dtype.npu_bytes
    times = factor if nearest else 2 * factor
    wide, all_ = source.npu_bytes * times, source.npu_bytes * times * times
    copies = (MoveWork(wide, "ddr", "ddr"), MoveWork(all_, "ddr", "ddr"))
    if nearest:
        return copies
    high, width = batch * source.shape[2] * times, source.shape[3] * times
    turned = one_tap(MacOp.PERMUTE_IMAGE, high, width, channels, size)
    pooled = MacWork(
        MacOp.DEPTHWISE, batch * rows, columns, channels, channels, high, width, times, times, 2, 2,
        input_bytes=size, weight_bytes=size, output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip
    border, load = MoveWork(all_, "ddr", "ddr"), MoveWork(all_, "ddr", "scratchpad")
    return (
        (*copies, border, border, load, turned, pooled) if channels_first else (*copies, border, load, pooled)
    )


def _copied_between(source: Value, out: Value, factor: int, corners: bool) -> tuple[Work, ...]:
    """An image whose pixels are pixels of its enlargement, by copies within the DDR as for the nearest, and a window of
    the factor over them; but where its corners are its enlargement's, a border is copied, columns first (Intel's
    schedules: 64 x 33 x 33 to 65 x 65: 0.28 and 0.56 MB within DDR, 0.56 loaded; 32 x 30 x 30 by three: 0.17, 0.52,
    0.52 and 0.53, 0.54 loaded). By two the pixels between two, two and four of the image with one border are a window
    each, put in their places by a pass of the array through DDR (`over_w`, `over_h`, `over_wh`)."""
    batch, channels, rows, columns = out.shape
    size = source.dtype.npu_bytes

    def window(tall: int, wide: int, rows: int, columns: int, height: int, width: int) -> MacWork:
        return MacWork(
            MacOp.DEPTHWISE, batch * rows, columns, channels, channels, batch * height, width, tall, wide,
            input_bytes=size, weight_bytes=size, output_bytes=out.dtype.npu_bytes,
        )  # fmt: skip

    high, width = source.shape[2:]
    if factor == 2 and not corners:
        bordered, loads = MoveWork(source.npu_bytes, "ddr", "ddr"), MoveWork(3 * source.npu_bytes)
        between = (window(*taps, high, width, high + 1, width + 1) for taps in ((1, 2), (2, 1), (2, 2)))
        trip = ddr_round_trip(out.npu_bytes)
        return bordered, loads, *between, window(1, 1, rows, columns, rows, columns), *trip
    wide, all_ = source.npu_bytes * factor, source.npu_bytes * factor * factor
    border = () if corners else (MoveWork(all_, "ddr", "ddr"), MoveWork(all_, "ddr", "ddr"))
    over = window(factor, factor, rows, columns, high * factor, width * factor)
    return MoveWork(wide, "ddr", "ddr"), MoveWork(all_, "ddr", "ddr"), *border, MoveWork(all_), over


def _line(out: Value, nearest: bool, times: tuple[float, ...]) -> tuple[Lowering, ...]:
    """A line made longer: each place copied by whole transfers where the nearest is taken a whole number of times;
    a kernel else (Intel's schedules of all three NPUs: 64 x 375 by 8, 256 x 60 and 128 x 250 by 2 are copies, by one
    and a half and between two places, of aligned corners or not, kernels)."""
    if not (nearest and times and times[0] >= 1 and float(times[0]).is_integer()):
        return ()
    return (Lowering("dma", (MoveWork(out.npu_bytes, "ddr", "ddr"),), macs=0.0),)


@op(
    "Resize",
    "Upsample",
    lowerings=(
        "dma",
        "interpolated",
        "interpolated_15",
        "copied_turned",
        "copied_larger",
        "mac_array",
        "dsp",
    ),
    kernels=("interpolate",),
)
def resize(c: OpCase) -> tuple[Lowering, ...]:
    """Nearest and linear run on the MAC array where it can read at computed addresses (intel_npu
    facts, 3.1): as a depthwise window of 1 or 2 per axis. Cubic on the DSPs, and linear where an image of two axes does
    not grow by whole factors (128 to 197 and 49 to 16 in Intel's schedules of all three NPUs), between corners where
    these are aligned (40 to 80 on all three, not 33 to 65). Papers count no MACs in it."""
    source, out = c.input(0), c.output
    # it reads all, however little is asked for
    plain = dsp(c, "interpolate", max(source.elements, out.elements))
    mode = c.attr("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear") or not on_mac_array(source) or len(out.shape) < 3:
        return (plain,)
    window = 1 if mode == "nearest" else 2
    sizes, outs = source.shape[2:], out.shape[2:]
    nearest = mode == "nearest"
    times = tuple(b / a for a, b in zip(sizes, outs, strict=True) if a)
    if not nearest and len(sizes) == len(outs):
        times = enlarging(c.node, source, out)
    if window == 2 and len(outs) == 2 and any(t % 1 or not t for t in times):
        return (plain,)
    if len(sizes) == len(outs) == 1:
        return *_line(out, nearest, times), plain
    height = max(len(outs) - 1, 1)
    wide = window if len(outs) > 1 else 1
    work = MacWork(
        MacOp.DEPTHWISE,
        out.shape[0] * prod(outs[:height]), prod(outs[height:]), out.shape[1], source.shape[1],
        source.shape[0] * prod(sizes[:height]), prod(sizes[height:]),
        kernel_h=window, kernel_w=wide,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=source.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip
    found = [Lowering("mac_array", (work,), macs=0.0), plain]
    if len(outs) == len(times) == 2 and min(times) >= 1:
        middles = not nearest and coordinates(c.node) in HALF_PIXELS
        taps = (1, 1) if nearest else taps_between(c.node, source, out)
        name = "interpolated" if max(taps) <= MOST_TAPS else "interpolated_15"
        if max(taps) > MOST_TAPS:
            found = [plain]
        if max(taps) <= MOST_TAPS_5010:
            found.insert(0, Lowering(name, read_at_addresses(source, out, taps, not middles), macs=0.0))
        if nearest or middles:
            if times[0] == times[1] and (times[0] == 2 or (nearest and times[0].is_integer())):
                found.insert(0, Lowering("copied_larger", _copied_larger(source, out, nearest), macs=0.0))
                if not nearest:
                    turned = _copied_larger(source, out, nearest, True)
                    found.insert(0, Lowering("copied_turned", turned, macs=0.0))
        elif times[0] == times[1] and 1 < times[0] <= MOST_COPIED:
            corners = coordinates(c.node) == CORNERS
            copied = _copied_between(source, out, int(times[0]), corners)
            found.insert(0, Lowering("copied_larger", copied, macs=0.0))
    return tuple(found)
