"""Poolings. Windows over 11 (the MAC array's limit) become chains of smaller ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from math import isqrt, prod

from npusim.graph import Value
from npusim.ops.convolution import pads, spatial, window_work
from npusim.ops.counting import (
    chain_of_eights,
    chain_of_factors,
    dsp,
    on_mac_array,
    taps_inside,
    vector,
)
from npusim.ops.long_averages import long_average, padded
from npusim.ops.long_strides import Axis, side_by_side, small_strides
from npusim.ops.pooled_parts import edge_works, parts_apart
from npusim.ops.registry import OpCase, Rule, op
from npusim.ops.slicing import MAX_STRIDE
from npusim.work import Lowering, MacOp, MacWork, Work

MAX_KERNEL = 11
LONGEST_KERNEL = 15  # NPU 5010
Chain = Sequence[tuple[int, int, float]]  # (window, results, taps inside) a stage
MOST_OBLONG = 2  # sides of a plane that is pooled whole as it lies


def _window(mode: MacOp, kernel_name: str) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        source, out = c.input(0), c.output
        kernel = tuple(int(k) for k in c.attr("kernel_shape"))
        plain = dsp(c, kernel_name, out.elements * prod(kernel), out.elements, out.elements)
        if not on_mac_array(source):
            return (plain,)
        channels = source.shape[1]
        work = window_work(c, mode, source, out, kernel, channels, channels)
        if max(kernel) > MAX_KERNEL:
            if mode == MacOp.MAX_POOL:
                return *_long_window(c, work, kernel), plain
            by_size = vector(c, "avg_pool", source.elements + out.elements)
            return *_long_average(c, work, kernel), Lowering("dsp", (by_size,))
        apart = edges_apart(c, work, kernel) if mode == MacOp.AVERAGE_POOL else ()
        found = [Lowering("edges_apart", apart)] if apart else []
        if mode == MacOp.AVERAGE_POOL and c.attr("ceil_mode", 0):
            found.insert(0, Lowering("rounded_up", (vector(c, "avg_pool", source.elements + out.elements),)))
        works = small_strides(work, source.shape[0]) if len(kernel) <= 2 else (work,)
        return *found, Lowering("mac_array", works), plain

    return rule


op(
    "MaxPool",
    lowerings=("mac_array", "twice", "side_by_side", "side_by_side_15", "dsp"),
    kernels=("reduce_max",),
)(_window(MacOp.MAX_POOL, "reduce_max"))
# One whose size is rounded up, whether anything is left over or not, is a kernel in Intel's schedules of all NPUs.
op(
    "AveragePool",
    lowerings=("rounded_up", "mac_array", "edges_apart", "averaged", "averaged_15", "dsp"),
    kernels=("reduce_sum", "avg_pool"),
)(_window(MacOp.AVERAGE_POOL, "reduce_sum"))


def _long_average(c: OpCase, work: MacWork, kernel: tuple[int, ...]) -> tuple[Lowering, ...]:
    """One whose window is too long for the MAC array, by smaller ones (npusim.ops.long_averages)."""
    if not _plain(c, kernel) or c.attr("ceil_mode", 0) or c.attr("count_include_pad", 0):
        return ()
    axes = _axes(c, kernel)
    ways = {
        "averaged": long_average(work, axes, MAX_KERNEL),
        "averaged_15": long_average(work, axes, LONGEST_KERNEL),
    }
    return tuple(Lowering(name, works) for name, works in ways.items() if works)


def _plain(c: OpCase, kernel: tuple[int, ...]) -> bool:
    """Whether a window goes over one or two axes, its taps side by side."""
    return len(kernel) <= 2 and all(d == 1 for d in spatial(c, "dilations", len(kernel)))


def _axes(c: OpCase, kernel: tuple[int, ...]) -> list[Axis]:
    sizes, outs = c.input(0).shape[2:], c.output.shape[2:]
    strides, begins = spatial(c, "strides", len(kernel)), pads(c, sizes, outs, kernel)
    return [Axis(*axis) for axis in zip(sizes, outs, kernel, strides, begins, strict=True)]


def _long_window(c: OpCase, work: MacWork, kernel: tuple[int, ...]) -> tuple[Lowering, ...]:
    """An odd window above 11 that keeps the size of its image or line: as it stands up to 15 (NPU 5010), or twice
    a window of half as much, one behind the other, whose result is the same (`first_split`, `second_split` in Intel's
    schedules: 13 is 7 and 7, 17 is 9 and 9, on a line, too; NPU 3720, 4000, and 5010 above 15)."""
    apart = _side_by_side(c, work, kernel)
    if apart:
        return apart
    half = tuple([(k + 1) // 2 for k in kernel])
    same = c.input(0).shape == c.output.shape and all(s == 1 for s in spatial(c, "strides", len(kernel)))
    if not (same and _plain(c, kernel)) or any(k % 2 == 0 for k in kernel) or max(half) > MAX_KERNEL:
        return ()
    inside = prod(taps_inside(n, n, k, 1, 1, k // 2) for n, k in zip(c.input(0).shape[2:], half, strict=True))
    part = replace(
        work, kernel_h=(work.kernel_h + 1) // 2, kernel_w=(work.kernel_w + 1) // 2, taps_inside=inside
    )
    twice = Lowering("twice", (part, part))
    return (Lowering("mac_array", (work,)), twice) if max(kernel) <= LONGEST_KERNEL else (twice,)


def _side_by_side(c: OpCase, work: MacWork, kernel: tuple[int, ...]) -> tuple[Lowering, ...]:
    """A max pooling of long windows side by side, none of which reaches beyond the edge."""
    axes = _axes(c, kernel) if _plain(c, kernel) else []
    if not axes or any([padded(axis) for axis in axes]):
        return ()
    ways = {
        "side_by_side": side_by_side(work, axes, MAX_KERNEL),
        "side_by_side_15": side_by_side(work, axes, LONGEST_KERNEL),
    }
    return tuple(Lowering(name, works) for name, works in ways.items() if works)


def edges_apart(c: OpCase, work: MacWork, kernel: tuple[int, ...]) -> tuple[Work, ...]:
    """A pooling of an image that does not count its padding: one of its centre, four of its edges and four of its
    corners, whose windows are smaller; none where there is no padding. An edge is loaded, filled to rows of sixteen,
    turned, written, read again and pooled; rows that are sixteens stay inside (96 x 16 x 16 by 7 x 7 on NPU 3720 and
    5010); a corner is copied by itself first, and moved inside when it is turned (`pool_center`, `pool_top_left` and
    others, `out_concat` in Intel's schedules). Each image of a batch goes by itself (`slice_0` to 3 of 4 x 3 x 19 x 24:
    193 us on NPU 3720, 59 on 5010; 50 and 18 together)."""
    if len(kernel) != 2 or c.attr("count_include_pad", 0) or work.taps_inside == 1:
        return ()
    # The centre comes first.
    parts = sorted(parts_apart(work, _axes(c, kernel), 1), key=lambda part: part[1] > 0)
    found = tuple(w for pool, edges in parts for w in (edge_works(pool, edges == 2) if edges else (pool,)))
    return found * c.input(0).shape[0]


def poolings_down(
    first: MacWork, chain: Sequence[tuple[int, int, float]], planes: int = 1
) -> tuple[MacWork, ...]:
    """Poolings along the rows of `planes` images, one a stage of a chain: (window, results, taps inside). `first`: what
    they share, and the rows all of them begin with."""
    works, rows = [], first.in_h
    for kernel, left, inside in chain:
        stride, out = min(kernel, MAX_STRIDE), planes * left
        works.append(
            replace(first, out_h=out, in_h=rows, kernel_h=kernel, stride_h=stride, taps_inside=inside)
        )
        rows = out
    return tuple(works)


def as_square(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The sides of a plane as it is pooled whole."""
    rows, columns = (sizes[0] if sizes else 1), prod(sizes[1:])
    if max(rows, columns) <= MOST_OBLONG * min(rows, columns):
        return sizes
    pixels = rows * columns
    short = next(n for n in range(isqrt(pixels), 0, -1) if pixels % n == 0)
    return pixels // short, short


def whole_plane(mode: MacOp, source: Value, out: Value, longest: int | None = None) -> tuple[MacWork, ...]:
    """[N,C,H,W...] to [N,C,1,1...]: one window over the plane, in stages by up to eight if it is larger than 11; by
    the largest factors of its sides if it is larger than `longest`, where that is given.

    A line, or a plane more than twice as long one way, is a plane as square as its pixels divide (Intel's schedules:
    12,000 places as 120 x 100, 1,600 as 40 x 40, 1,000 as 40 x 25, 1,999 as they are; 48 of 48 lines)."""
    sizes = as_square(source.shape[2:])
    size, channels = source.dtype.npu_bytes, source.shape[1]
    pool = MacWork(
        mode, 1, 1, channels, channels, input_bytes=size, weight_bytes=size, output_bytes=out.dtype.npu_bytes
    )
    sides = (sizes[0] if sizes else 1), prod(sizes[1:])
    down, across = (chain_of_factors(n, longest) if longest else chain_of_eights(n) for n in sides)
    return tuple(_stages(pool, *sides, down, across, source.shape[0]))


def plane_pools(pool: MacWork, rows: int, columns: int, images: int = 1) -> Iterator[MacWork]:
    """Poolings of the channels and type of `pool` that shrink `rows` and `columns` of each image together, by up to
    eight at a time."""
    return _stages(pool, rows, columns, chain_of_eights(rows), chain_of_eights(columns), images)


def _stages(
    pool: MacWork, rows: int, columns: int, down: Chain, across: Chain, images: int
) -> Iterator[MacWork]:
    """The poolings of two chains, down and across, stage by stage."""
    for (high, out_h, inside_h), (wide, out_w, inside_w) in zip_longest(down, across, fillvalue=(1, 1, 1.0)):
        yield replace(
            pool, out_h=images * out_h, out_w=out_w, in_h=images * rows, in_w=columns, kernel_h=high, kernel_w=wide,
            stride_h=min(high, MAX_STRIDE), stride_w=min(wide, MAX_STRIDE), taps_inside=inside_h * inside_w,
        )  # fmt: skip
        rows, columns = out_h, out_w


def global_pool(mode: MacOp, kernel_name: str) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        source, out = c.input(0), c.output
        plain = dsp(c, kernel_name, source.elements, out.elements, out.elements)
        if not on_mac_array(source):
            return (plain,)
        return *whole_planes("mac_array", mode, source, out), plain

    return rule


def whole_planes(name: str, mode: MacOp, source: Value, out: Value) -> tuple[Lowering, ...]:
    """The pooling of a whole plane by windows of up to 11, called `name`, and behind it by windows of up to 15
    (NPU 5010) where one of 12 to 15 spares a stage: a plane of 14 x 14 is one window there, in two stages it would take
    a third of the time (Intel's schedules of 21 planes of 9 to 40 pixels a side: 12 to 15 at once, 26 as 2 and 13, 112
    as 8 and 14, 10 x 15 at once, 14 x 20 as 14 x 5 and 1 x 4; means, largest elements and ReduceMean alike)."""
    short = whole_plane(mode, source, out)
    chains = [whole_plane(mode, source, out, longest) for longest in (MAX_KERNEL, LONGEST_KERNEL)]
    return Lowering(name, short), *([Lowering("plane_15", chains[1])] if chains[0] != chains[1] else [])


op("GlobalMaxPool", lowerings=("mac_array", "plane_15", "dsp"), kernels=("reduce_max",))(
    global_pool(MacOp.MAX_POOL, "reduce_max")
)
op("GlobalAveragePool", lowerings=("mac_array", "plane_15", "dsp"), kernels=("reduce_sum",))(
    global_pool(MacOp.AVERAGE_POOL, "reduce_sum")
)


@op("LpPool", "GlobalLpPool", kernels=("default",))
def lp_pool(c: OpCase) -> Lowering:
    """Powers, a sum and a root per window: a DSP kernel."""
    source, out = c.input(0), c.output
    shape = c.attr("kernel_shape")
    reads = source.elements if shape is None else out.elements * prod(int(k) for k in shape)
    return dsp(c, "default", reads, out.elements, out.elements)


@op("MaxUnpool", kernels=("scatter",))
def max_unpool(c: OpCase) -> Lowering:
    return dsp(c, "scatter")


@op("MaxRoiPool", "RoiAlign", kernels=("roi_align",))
def roi(c: OpCase) -> Lowering:
    """Reads around fractional positions: `sampling_ratio` squared reads per output (2 if it adapts)."""
    ratio = int(c.attr("sampling_ratio", 0)) or 2
    count = c.output.elements
    return Lowering("dsp", (vector(c, "roi_align", count * ratio * ratio, 1, count),))
