"""Convolutions: 1-, 2- and 3-D, grouped, depthwise, transposed, deformable, quantised.

One spatial axis lies along the height, and a third one (and the batch) is folded into it, so MACs
are exact; a depth axis then looks like more rows. Dilation changes nothing but the border, where a compiler does not
spread the window out with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TypeVar

from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, copy, pixels, product, taps_inside, vector
from npusim.ops.registry import OpCase, op
from npusim.ops.slicing import DEPTH_LIMITS, DILATED_LIMITS, WINDOW_LIMITS, by_depth, dilated, sliced
from npusim.work import Lowering, MacOp, MacWork, MoveWork, Work

W = TypeVar("W", bound=Work)
PICKS = "picks"  # attribute of a convolution each of whose results is one pixel of one channel
MAC = ("mac_array",)
WAYS = (
    "by_depth",
    "by_depth_15",
    "dilated",
    "dilated_15",
    "dilated_by_tap",
    "sliced",
    "sliced_15",
    "mac_array",
)
LONG = ("upsampled_sliced", "upsampled_sliced_15")
TRANSPOSED = ("by_phases", "phases_at_once", "as_convolution", *LONG, "upsampled", "mac_array")


def pads(c: OpCase, sizes: tuple[int, ...], outs: tuple[int, ...], kernel: tuple[int, ...]) -> list[int]:
    """Padding before the first element of each spatial axis, auto_pad resolved."""
    rank = len(sizes)
    mode = c.attr("auto_pad", "NOTSET")
    if mode in ("NOTSET", "", "VALID"):
        given = c.attr("pads") if mode != "VALID" else None
        return [int(p) for p in given[:rank]] if given else [0] * rank
    strides, dilations = spatial(c, "strides", rank), spatial(c, "dilations", rank)
    found = []
    for i in range(rank):
        total = max((outs[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - sizes[i], 0)
        found.append(total // 2 if mode == "SAME_UPPER" else total - total // 2)
    return found


def spatial(c: OpCase, name: str, rank: int) -> tuple[int, ...]:
    given = c.attr(name)
    return (1,) * rank if given is None or not len(given) else tuple(int(x) for x in given)


def window_work(
    c: OpCase,
    op_mode: MacOp,
    source: Value,
    out: Value,
    kernel: tuple[int, ...],
    in_c: int,
    out_c: int,
    groups: int = 1,
    weight_bytes: float = 2.0,
) -> MacWork:
    """A window sliding over the spatial axes of `source` [N,C,...] to those of `out` [N,C,...]."""
    sizes, outs = source.shape[2:], out.shape[2:]
    rank = len(sizes)
    strides, dilations, begins = (
        spatial(c, "strides", rank),
        spatial(c, "dilations", rank),
        pads(c, sizes, outs, kernel),
    )
    inside = prod(
        taps_inside(sizes[i], outs[i], kernel[i], strides[i], dilations[i], begins[i]) for i in range(rank)
    )
    height = max(rank - 1, 1)  # axes that lie along the height
    rows: float = out.shape[0] * prod(outs[:height])
    columns: float = prod(outs[height:])
    in_rows: float = source.shape[0] * prod(sizes[:height])
    in_columns: float = prod(sizes[height:])
    if (
        rank == 1 and kernel == (1,) and sizes == outs
    ):  # a product of a row each: they fill the grid as pixels do
        rows, columns = in_rows, in_columns = pixels(rows)
    return MacWork(
        op_mode,
        out_h=rows,
        out_w=columns,
        out_c=out_c,
        in_c=in_c,
        in_h=in_rows,
        in_w=in_columns,
        kernel_h=prod(kernel[:height]),
        kernel_w=prod(kernel[height:]),
        stride_h=strides[height - 1] if rank else 1,
        stride_w=prod(strides[height:]),
        taps_inside=inside,
        groups=groups,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=weight_bytes,
        output_bytes=out.dtype.npu_bytes,
    )


def _as_product(work: W) -> W:
    """A window of one point over a line of pixels is a product of as many rows, four to a row of the grid
    (a third of the time of a line, in Intel's schedules of 1-D convolutions). Other works as they are."""
    if not isinstance(work, MacWork):
        return work
    line = work.op == MacOp.CONVOLUTION and work.out_w == 1 and work.in_w == 1 and work.out_h == work.in_h
    if not line or work.kernel_h * work.kernel_w != 1 or work.stride_h != 1:
        return work
    rows, columns = pixels(work.out_h)
    return replace(work, out_h=rows, out_w=columns, in_h=rows, in_w=columns)


def convolution(c: OpCase, source: Value, weight: Value) -> tuple[Lowering, ...]:
    out = c.output
    group = int(c.attr("group", 1))
    channels, filters = source.shape[1], weight.shape[0]
    if weight.shape[1] * group != channels or len(weight.shape) != len(source.shape):
        raise c.wrong(
            f"input {list(source.shape)} and weight {list(weight.shape)} with group={group} do not fit"
        )
    kernel = weight.shape[2:]
    size = weight.dtype.npu_bytes
    one_group = channels // group, filters // group, group
    apart = window_work(c, MacOp.CONVOLUTION, source, out, kernel, *one_group, size)
    if group == channels and group > 1:  # a multiplier repeats the channels first, as Intel's compiler does
        work = window_work(c, MacOp.DEPTHWISE, source, out, kernel, filters, filters, 1, size)
        each = work
    elif group > 1 and weight.constant:  # one convolution whose other weights are zeros, left out in memory
        work = window_work(c, MacOp.CONVOLUTION, source, out, kernel, channels, filters, 1, size)
        work = replace(_as_product(work), weight_groups=group)
        # Groups stay apart where their window is cut: 16 of 48 channels with 128 taps are 16 times twelve slices and
        # eleven sums in Intel's schedules (`ConvertGroupConv_0/conv_slice_0_0`), not one convolution with zeros.
        each = apart
    else:
        work = each = _as_product(apart)
    if c.attr(PICKS) and isinstance(work, MacWork):  # of its weights sixteen channels of one tap are stored
        work = each = replace(work, weight_groups=max(1.0, channels * prod(kernel) / CHANNEL_BLOCK))
    cut: list[tuple[str, tuple[Work, ...]]]
    cut = [(name, sliced(each, limit)) for name, limit in WINDOW_LIMITS.items()]
    plain = group in (1, channels) and source.shape[0] == 1
    if len(kernel) == 3 and plain and spatial(c, "dilations", 3) == (1, 1, 1):
        places = source.shape[2], out.shape[2], pads(c, source.shape[2:], out.shape[2:], kernel)[0]
        step = spatial(c, "strides", 3)[0]
        cut += [
            (name, by_depth(work, places, kernel[0], step, limit)) for name, limit in DEPTH_LIMITS.items()
        ]
    if len(kernel) <= 2:
        along, across, *_ = (*spatial(c, "dilations", len(kernel)), 1, 1)
        sizes, outs = source.shape[2:], out.shape[2:]
        padded = tuple(zip(sizes, outs, pads(c, sizes, outs, kernel), strict=True))
        cut += [
            (name, dilated(work, (along, across), limit, padded)) for name, limit in DILATED_LIMITS.items()
        ]
    found = (Lowering(name, tuple(map(_as_product, steps)), macs=work.macs) for name, steps in cut if steps)
    return *found, Lowering("mac_array", (work,))


@op("Conv", "ConvInteger", lowerings=WAYS)
def conv(c: OpCase) -> tuple[Lowering, ...]:
    return convolution(c, c.input(0), c.input(1))


@op("FusedConv", "NhwcFusedConv", domain="com.microsoft", lowerings=WAYS)
def fused_conv(c: OpCase) -> tuple[Lowering, ...]:
    return convolution(c, c.input(0), c.input(1))


@op("QLinearConv", lowerings=WAYS)
def qlinear_conv(c: OpCase) -> tuple[Lowering, ...]:
    return convolution(c, c.input(0), c.input(3))


@op("ConvTranspose", lowerings=TRANSPOSED)
def conv_transpose(c: OpCase) -> tuple[Lowering, ...]:
    """A convolution with stride 1 over the image spread out with zeros, every output pixel with all taps: what
    Intel's compiler makes of it (intel_npu facts, 3.1). The array thus works stride_h * stride_w times what papers
    count: each input element meets each tap once. `upsampled`: the zeros are written to memory first. `by_phases`:
    a window of 4 at stride 2 that doubles an image is a convolution for each place of an output pixel between two
    inputs, with the taps that meet inputs there, four of 2 x 2. `phases_at_once`: all of
    them as channels of one convolution, whose window has an input more, with zeros (3 x 3, four times the channels).

    `as_convolution`: a depthwise one as a convolution over all channels (weights of 128x128x4x4 in its schedules of NPU
    4000 and 5010, 128x16x1x1 on 3720)."""
    source, weight, out = c.input(0), c.input(1), c.output
    group = int(c.attr("group", 1))
    channels, filters = source.shape[1] // group, weight.shape[1]
    depthwise = channels == 1 and filters == 1 and group > 1
    kernel, outs = weight.shape[2:], out.shape[2:]
    height = max(len(outs) - 1, 1)
    rows: float = out.shape[0] * prod(outs[:height])
    columns: float = prod(outs[height:])
    work = MacWork(
        MacOp.DEPTHWISE if depthwise else MacOp.CONVOLUTION,
        rows, columns,
        group if depthwise else filters,
        group if depthwise else channels,
        rows, columns,
        kernel_h=prod(kernel[:height]),
        kernel_w=prod(kernel[height:]),
        groups=1 if depthwise else group,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=weight.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip
    macs = float(source.elements * filters * prod(kernel))
    strides = spatial(c, "strides", len(kernel))
    plain = Lowering("mac_array", (work,), macs=macs)
    if max(strides) == 1:
        return (plain,)
    ways = (*_long_windows(work, macs), Lowering("upsampled", (work,), macs=macs), plain)
    if depthwise:  # the other weights are zeros, left out in memory
        dense = replace(work, op=MacOp.CONVOLUTION, weight_groups=group)
        ways = (Lowering("as_convolution", (dense,), macs=macs), *ways)
    if depthwise or not _by_phases(kernel, strides, source.shape[2:], outs):
        return ways
    phase = replace(
        work, out_h=rows / prod(strides[:height]), out_w=columns / prod(strides[height:]),
        in_h=rows / prod(strides[:height]), in_w=columns / prod(strides[height:]),
        kernel_h=work.kernel_h // prod(strides[:height]), kernel_w=work.kernel_w // prod(strides[height:]),
    )  # fmt: skip
    steps: tuple[Work, ...] = (*(phase,) * prod(strides), copy(out.npu_bytes))
    tall, wide = phase.kernel_h + 1, phase.kernel_w + 1
    at_once = replace(
        phase, out_c=work.out_c * prod(strides), kernel_h=tall, kernel_w=wide,
        weight_groups=tall * wide / (phase.kernel_h * phase.kernel_w),
    )  # fmt: skip
    together = Lowering("phases_at_once", (at_once, copy(out.npu_bytes)), macs=macs)
    phases = (Lowering("by_phases", steps, macs=macs),)
    return (*phases, together, *ways) if group == 1 else (*phases, *ways)


def _by_phases(
    kernel: Sequence[int], strides: Sequence[int], size: Sequence[int], out: Sequence[int]
) -> bool:
    """Whether Intel's compiler takes a transposed convolution apart by the places of its results: 4 x 4 at stride 2
    with a border of one, no other window that the stride divides (6 at 2 and 3, 8 at 2 and 4, 10, 12, 16, 32 in its
    schedules of NPU 3720 and 5010; nor 4 with a border of none or two)."""
    doubled = all(n == 2 * m for n, m in zip(out, size, strict=True))
    return tuple(kernel) == (4, 4) and tuple(strides) == (2, 2) and doubled


def _long_windows(work: MacWork, macs: float) -> Iterator[Lowering]:
    """Ways of a transposed convolution whose window the array cannot do in one: the image with its zeros is filled in,
    written to DDR and copied there with its border, and every slice of the window reads it (`upscale_in`,
    `pad_out/concat`, `conv_slice` in Intel's schedules of 256 channels of 100 places, a window of 16 at stride 8)."""
    image = work.out_h * work.out_w * work.in_c * work.groups * work.input_bytes
    fill = (
        MoveWork(image, "ddr", "scratchpad"),
        MoveWork(image, "scratchpad", "ddr"),
        MoveWork(image, "ddr", "ddr"),
    )
    load = MoveWork(image, "ddr", "scratchpad")
    for name, limit in WINDOW_LIMITS.items():
        steps = sliced(work, limit)
        slices = [s for s in steps if isinstance(s, MacWork) and s.op != MacOp.ELTWISE]
        further = [part for one in slices[1:] for part in (load, one)]
        if steps:
            works = (slices[0], *fill, load, *further, *steps[len(slices) :])
            yield Lowering(f"upsampled_{name}", works, macs=macs)


@op("DeformConv", lowerings=("decomposed",), kernels=("grid_sample",))
def deform_conv(c: OpCase) -> Lowering:
    """Each tap reads at a fractional position (DSP), then a matrix product over channels and taps."""
    source, weight, out = c.input(0), c.input(1), c.output
    group, taps = int(c.attr("group", 1)), prod(weight.shape[2:])
    places = out.shape[0] * prod(out.shape[2:])
    sample = vector(c, "grid_sample", places * taps * source.shape[1], 1, places)
    k, n = weight.shape[1] * taps, weight.shape[0] // group
    return Lowering("decomposed", (sample, product(places, k, n, group, source, weight, out)))


@op("CausalConvWithState", lowerings=MAC)
def causal_conv(c: OpCase) -> Lowering:
    """Depthwise 1-D convolution over the last k-1 kept positions and the new ones."""
    source, weight, out = c.input(0), c.input(1), c.output
    batch, channels, length = source.shape
    taps = weight.shape[-1]
    work = MacWork(
        MacOp.DEPTHWISE, batch * length, 1, channels, channels, batch * (length + taps - 1), 1, taps, 1,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=weight.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip
    return Lowering("mac_array", (work,))
