"""Resize and Upsample: images made larger or smaller."""

from __future__ import annotations

from math import prod

from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, dsp, on_mac_array, one_tap
from npusim.ops.registry import OpCase, op
from npusim.work import Lowering, MacOp, MacWork, MoveWork, Work


def read_at_addresses(source: Value, out: Value, nearest: bool) -> tuple[MacWork, ...]:
    """An image made larger by convolutions of all channels with all that read it at computed addresses: one 1x1 for the
    nearest pixel, one along each axis for lines between pixels, as many taps wide as the factor, or one more to be odd
    (Intel's schedules: 3 for factors of 2 and 3, 5 for 4)."""
    batch, channels, rows, columns = out.shape
    size, out_size = source.dtype.npu_bytes, out.dtype.npu_bytes
    stored = (CHANNEL_BLOCK * size + channels / 8) / (
        channels * size
    )  # one block and a bit a channel: sparse weights

    def along(height: int, width: int, tall: int, wide: int, rows: int, columns: int) -> MacWork:
        return MacWork(
            MacOp.CONVOLUTION, batch * rows, columns, channels, channels, batch * height, width, tall, wide,
            input_bytes=size, weight_bytes=size, output_bytes=out_size, weight_stored=min(1.0, stored),
        )  # fmt: skip

    if nearest:
        return (along(rows, columns, 1, 1, rows, columns),)
    tall, wide = (max(1, round(b / a)) | 1 for a, b in zip(source.shape[2:], (rows, columns), strict=True))
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


@op(
    "Resize",
    "Upsample",
    lowerings=("interpolated", "copied_turned", "copied_larger", "mac_array", "dsp"),
    kernels=("interpolate",),
)
def resize(c: OpCase) -> tuple[Lowering, ...]:
    """Nearest and linear run on the MAC array where it can read at computed addresses (intel_npu
    facts, 3.1): as a depthwise window of 1 or 2 per axis. Cubic on the DSPs, and linear where an image of two axes does
    not grow by whole factors (128 to 197 and 49 to 16 in Intel's schedules of all three NPUs). Papers count no MACs in
    it."""
    source, out = c.input(0), c.output
    # it reads all, however little is asked for
    plain = dsp(c, "interpolate", max(source.elements, out.elements))
    mode = c.attr("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear") or not on_mac_array(source) or len(out.shape) < 3:
        return (plain,)
    window = 1 if mode == "nearest" else 2
    sizes, outs = source.shape[2:], out.shape[2:]
    if window == 2 and len(outs) == 2 and any(b % a for a, b in zip(sizes, outs, strict=True) if a):
        return (plain,)
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
    nearest, times = mode == "nearest", [b / a for a, b in zip(sizes, outs, strict=True) if a]
    if len(outs) == len(times) == 2 and min(times) >= 1:
        found.insert(0, Lowering("interpolated", read_at_addresses(source, out, nearest), macs=0.0))
        if times[0] == times[1] and (times[0] == 2 or (nearest and times[0].is_integer())):
            found.insert(0, Lowering("copied_larger", _copied_larger(source, out, nearest), macs=0.0))
            if not nearest:
                found.insert(
                    0, Lowering("copied_turned", _copied_larger(source, out, nearest, True), macs=0.0)
                )
    return tuple(found)
