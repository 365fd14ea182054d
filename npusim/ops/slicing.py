"""Convolutions the MAC array cannot do in one pass: windows too long, or strides above 8.

Intel's compiler cuts the window into slices of at most its limit along each axis and adds up their results. A stride
above 8 is done as its largest part of at most 8, for more outputs than asked, which a 1x1 pooling then drops (its
schedules: a 16x16 patch convolution of stride 16 becomes windows of 11 and 5 at stride 8, poolings, three additions),
up to the last output that is kept: 25 along an axis for 7 of a 32x32 patch.
The slices of a depthwise window are convolutions over all channels, most of their weights zeros (31 taps of 768
channels).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from itertools import product as pairs
from math import ceil, prod

from npusim.work import MacOp, MacWork, MoveWork, Number, Work

Axis = tuple[int, int, int]  # places of an image, results, zeros in front
MAX_STRIDE = 8
IN_TWOS = 7  # places between taps along a line
DEPTH_LIMITS = {"by_depth": 11, "by_depth_15": 15}  # as WINDOW_LIMITS, of windows over three axes
DILATED_LIMITS = {"dilated": 11, "dilated_15": 15, "dilated_by_tap": 1}
TAP_BY_TAP = "dilated_by_tap"  # where the parts would have too many weights
WINDOW_LIMITS = {"sliced": 11, "sliced_15": 15}  # NPU 3720 and 4000; NPU 5010


def sliced(work: MacWork, limit: int) -> tuple[MacWork, ...]:
    """The passes that make up `work`, in order; none if the array does it as it stands."""
    long = max(work.kernel_h, work.kernel_w) > limit
    if not long and max(work.stride_h, work.stride_w) <= MAX_STRIDE:
        return ()
    down_h, down_w = (
        work.stride_h // largest_stride(work.stride_h),
        work.stride_w // largest_stride(work.stride_w),
    )
    steps: list[MacWork] = []
    heights, widths = _cut(work.kernel_h, limit), _cut(work.kernel_w, limit)
    for height, width in pairs(heights, widths):
        part = replace(
            work, kernel_h=height, kernel_w=width,
            out_h=(work.out_h - 1) * down_h + 1, out_w=(work.out_w - 1) * down_w + 1,
            stride_h=largest_stride(work.stride_h), stride_w=largest_stride(work.stride_w),
        )  # fmt: skip
        if long and work.op == MacOp.DEPTHWISE:  # the compiler knows a slice only as a grouped convolution
            part = replace(part, op=MacOp.CONVOLUTION, weight_groups=work.out_c)
        steps.append(part)
        if (part.out_h, part.out_w) != (work.out_h, work.out_w):
            steps.append(_dropped(work, part, down_h, down_w))
    sums = replace(_plain(work, MacOp.ELTWISE), in_h=work.out_h, in_w=work.out_w)
    return (*steps, *(sums,) * (len(heights) * len(widths) - 1))


def by_depth(work: MacWork, depths: Axis, kernel: int, stride: int, limit: int) -> tuple[Work, ...]:
    """The passes of a window over three axes, one image a depth; none where it is one point high and wide (its planes
    are lines then, of one convolution).

    Intel's schedules: every image that is read is turned through DDR by itself, convolved with each tap that meets it,
    the results of a depth added up, written, and copied into their place within the DDR (32 x 8 x 28 x 28 under
    3 x 3 x 3: 22 convolutions and 14 additions). A tap the array does not do in one pass (longer than `limit`, or a
    stride above 8: 2 x 16 x 16 patches of a film) is cut as a window of a plane is; then every slice copies its part of
    the image within the DDR, turns it and reads it by itself (`conv_0_0/conv_slice_1_1/small-stride` in its schedules,
    and `reshape_0_0` for the image). `depths`: (images read, images made, zeros in front)."""
    read, made, begin = depths
    met = [sum(0 <= d * stride + tap - begin < read for d in range(made)) for tap in range(kernel)]
    high, wide = work.kernel_h // kernel, work.kernel_w
    apart = kernel > 1 and sum(met) > made  # each image has several results, or one
    if max(high, wide) == 1 or made < 2 or not all(met) or (kernel > 1 and not apart):
        return ()
    rows, in_rows = work.out_h / made, work.in_h / read
    image = in_rows * work.in_w * work.in_c * work.input_bytes
    result = rows * work.out_w * work.out_c * work.output_bytes
    taps: list[MacWork] = []
    for n in met:
        tap = replace(work, out_h=rows * n, in_h=in_rows * n, kernel_h=work.kernel_h // kernel)
        taps += sliced(tap, limit) or (tap,)
    slices = sum(t.op == work.op for t in taps) // kernel  # of each tap
    turned: tuple[Work, ...] = (
        MoveWork(image * read * slices, "scratchpad", "ddr", transfers=read * slices),
        MoveWork(image * read * slices, "ddr", transfers=read * slices),
    )
    if slices > 1:
        apart_images = MoveWork(image * read * slices, "ddr", "ddr", transfers=read * slices)
        again = MoveWork(image * read * (slices - 1), "ddr", transfers=read * (slices - 1))
        turned = (apart_images, again, *turned)
    added = replace(
        _plain(work, MacOp.ELTWISE),
        out_h=rows * (sum(met) - made),
        in_h=rows * (sum(met) - made),
        in_w=work.out_w,
    )
    placed = (
        MoveWork(result * made, "scratchpad", "ddr", transfers=made),
        MoveWork(result * made, "ddr", "ddr", transfers=made),
    )
    return (taps[0], *turned, *taps[1:], *((added,) if apart else ()), *placed)


def dilated(
    work: MacWork, dilations: tuple[int, int], limit: int, padded: tuple[Axis, ...] = ()
) -> tuple[Work, ...]:
    """The passes of a window whose taps lie apart, in order; none if they do not.

    The array knows no dilation: the window is spread out with zeros (3 x 3 taps 2 apart are 5 x 5, `expanded` in
    Intel's schedules), and one longer than the limit is cut between its taps (3 taps 6 apart are a window of 7 and one
    of 1 on NPU 3720, 13 on 5010; 12 apart one by one), its results added up. A depthwise window's parts are depthwise,
    but for single taps, which are convolutions over all channels. A part that needs more zeros around the image than
    half its window, which the array adds, reads an image of its own, written with the others from DDR to DDR
    (`conv_slice_in/input_concat` in schedules of 128 x 33 x 33 with taps 12 apart: eight of nine; 160 x 16 x 16 under
    7 x 7 taps 3 apart: 20 and 19 places high and wide); one that has them beside its columns alone is put together as
    it is loaded (npusim.compiler.layouts.part_images: not on NPU 4000 and 5010). `padded`: (places of the image,
    results, zeros in front) of each axis; without it no part does."""
    line = len(padded) == 1
    strides = work.stride_h, work.stride_w
    spread = [
        _spread(k, d, limit, line) for k, d in zip((work.kernel_h, work.kernel_w), dilations, strict=True)
    ]
    apart = any(k > 1 and d > 1 for k, d in zip((work.kernel_h, work.kernel_w), dilations, strict=True))
    if max(strides) > MAX_STRIDE or not apart:
        return ()
    cut = max(map(len, spread)) > 1
    axes = [_starts(*axis) for axis in zip(spread, dilations, strict=True)]
    for i, axis in enumerate(padded if cut else ()):
        axes[i] = [part for part in axes[i] if _sees(axis, strides[i], part)] or axes[i]
    parts = list(pairs(*axes))
    steps: list[Work] = []
    beside: list[Work] = []
    for (height, rows, down), (width, columns, right) in parts:
        part = replace(work, kernel_h=height, kernel_w=width)
        if cut and work.op == MacOp.DEPTHWISE and (line or height * width == 1):
            part = replace(part, op=MacOp.CONVOLUTION, weight_groups=work.out_c)
        if part.op == MacOp.CONVOLUTION:
            zeros = height * width / (rows * columns)
            part = replace(part, weight_groups=part.weight_groups * zeros)
        seen = [
            _seen(axis, stride, start, length)
            for axis, stride, start, length in zip(
                padded, strides, (down, right), (height, width), strict=False
            )
        ]
        if cut and any(over for over, _ in seen):
            image = work.in_c * work.groups * work.input_bytes * work.in_h * work.in_w
            image *= prod([places / axis[0] for (_, places), axis in zip(seen, padded, strict=True)])
            copied = (MoveWork(image, "ddr", "ddr"),) if seen[0][0] else ()
            moves = (*copied, MoveWork(image, "ddr", "scratchpad"))
            # a step is cut as its first work is
            beside += (*moves, part) if steps or beside else (part, *moves)
        else:
            steps.append(part)
    sums = replace(_plain(work, MacOp.ELTWISE), in_h=work.out_h, in_w=work.out_w)
    return (*steps, *beside, *(sums,) * (len(parts) - 1))


def _starts(windows: list[tuple[int, int]], dilation: int) -> list[tuple[int, int, int]]:
    """Windows along one axis, the taps in each, and the place of its first tap."""
    taps = accumulate((n for _, n in windows[:-1]), initial=0)
    return [(length, n, at * dilation) for (length, n), at in zip(windows, taps, strict=True)]


def _sees(axis: Axis, stride: Number, part: tuple[int, int, int]) -> bool:
    """Whether a part of a window sees more than padding: of 3 x 3 taps 18 apart over 16 x 16 the one in the middle
    does (`conv_slice_in_4` in Intel's schedules), of 7 taps 4 apart over 7 places the last of 3, 3 and 1 does not."""
    size, out, begin = axis
    length, _, start = part
    return start - begin < size and start - begin + (out - 1) * stride + length > 0


def _seen(axis: Axis, stride: Number, start: int, length: int) -> tuple[bool, Number]:
    """Whether a part of a window needs zeros in memory beyond the edges of an axis, and how many places it reads with
    these: the array itself adds up to half the part's length."""
    size, out, begin = axis
    places = (out - 1) * stride + length
    front = max(0, begin - start)
    behind = max(0, start - begin + places - size)
    added = min(front, length // 2) + min(behind, length // 2)
    return front + behind > added, places - added


def _spread(taps: int, dilation: int, limit: int, line: bool) -> list[tuple[int, int]]:
    """Windows along one axis and the taps in each. Along a line that is cut, taps come one by one, but for those 7
    apart, which come in twos (schedules of 3 to 9 taps 2 to 7 apart on NPU 4000; 3 and 5 on 3720). Windows of a plane
    have as many taps each as come out even: 7 taps 3 apart are 4 and 3, 5 of them 3 and 2, 7 taps 4 apart 3, 3, 1."""
    if taps == 1 or dilation == 1:
        return [(length, length) for length in _cut(taps, limit)]
    whole = (taps - 1) * dilation + 1
    together = 1 if line and dilation != IN_TWOS else 1 + (limit - 1) // dilation
    most = taps if whole <= limit else ceil(taps / ceil(taps / together))
    counts = [min(most, taps - start) for start in range(0, taps, most)]
    return [((n - 1) * dilation + 1, n) for n in counts]


def largest_stride(stride: int) -> int:
    """The largest divisor of a stride that the array can do."""
    return max(d for d in range(1, MAX_STRIDE + 1) if stride % d == 0)


def _cut(length: int, limit: int) -> list[int]:
    """A window in slices: as many of the limit as there are, and the rest."""
    return [min(limit, length - start) for start in range(0, length, limit)]


def _dropped(work: MacWork, part: MacWork, down_h: int, down_w: int) -> MacWork:
    """The 1x1 pooling that keeps every `down`th pixel of a slice's result."""
    channels = work.out_c * work.groups
    return replace(
        _plain(work, MacOp.MAX_POOL), out_c=channels, in_c=channels,
        in_h=part.out_h, in_w=part.out_w, stride_h=down_h, stride_w=down_w,
    )  # fmt: skip


def _plain(work: MacWork, op: MacOp) -> MacWork:
    """A pass over all the results of `work`, one tap an output."""
    return replace(
        work, op=op, kernel_h=1, kernel_w=1, stride_h=1, stride_w=1, groups=1, taps_inside=1.0,
        out_c=work.out_c * work.groups, in_c=work.out_c * work.groups,
        input_bytes=work.output_bytes, weight_bytes=work.output_bytes,
    )  # fmt: skip
