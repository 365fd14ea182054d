"""Reductions along axes. Which way a sum is run decides more than any constant does.

ReduceSum offers every way Intel's compiler knows, each under its condition (source: intel_npu facts, 3.5,
in the compiler's order of trial; which are tried at all is the compiler profile's business):

- `view`: the reduced axes have length 1.
- `ones_convolution`: [1,C,H,W] summed over C, keepdims, W no multiple of 16 (Dec 2024 on);
  `ones_convolution_by_neighbour` for W a multiple of 16, where a MAC-array neighbour is asked for.
- `ones_convolution_without_axis`: the same without keepdims (2026, whose schedule does not depend on it).
- `ones_convolution_innermost`: the innermost axis alone, at least 4096 elements (2025 on, generations
  without `native_reduce`).
- `ones_convolution_expanded`: fewer than 16 elements of the first axis that is longer than 1 (2026); of 4 and 16
  nothing is expanded, but of images [N,C,H,W], which are spread over sixteen channels once.
- `ones_convolution_flat`: the first axis that is longer than 1, of any length, with nothing expanded (no compiler).
- `pooling_chain_relayout`: floats, consecutive axes: the tensor becomes an image [1, outer, axis, inner]
  with `outer` channels, padded to 16 (1 channel: 16 times the traffic), is laid out anew as a whole, and
  pooled along `axis`. What the rules of the Dec 2024 compiler come to.
- `pooling_chain`: the poolings without change of layout: the only form where the tensor is an image already
  (H and W of [1,C,H,W]), else the best case, with the inner axes as channels as they lie in memory.
- `pooling_chain_as_it_lies`: of the first axis that is longer than 1, nothing is laid out anew: its elements are rows
  of an image, all that lies behind it the channels.
- `pooling_chain_filled_up`: the innermost axis, of a length no factor of 2 to 8 divides (`filled_rows`).
- `pooling_chain_of_all`: all elements of several axes (`whole_tensor`).
- `native_reduce`: the axis is the channel axis (NPU 5010); also the innermost one, which a reshape makes it.
- `dsp`: always.

ReduceMean has the same without the all-ones convolutions; ReduceMax and ReduceMin use max poolings;
the others run on the DSPs.
"""

from __future__ import annotations

from collections.abc import Sequence

from npusim.graph import Value
from npusim.ops.counting import (
    CHANNEL_BLOCK,
    PIXELS_PER_ROW,
    chain_of_eights,
    copy,
    ddr_round_trip,
    dsp,
    one_tap,
    pixels,
)
from npusim.ops.filled_rows import filled_up, rows_filled_up
from npusim.ops.pooling import poolings_down, whole_planes
from npusim.ops.reduced_axes import Reduced, reduced
from npusim.ops.registry import VIEW, OpCase, Rule, op
from npusim.ops.whole_tensor import mean_of_all
from npusim.work import Lowering, MacOp, MacWork, MoveWork

INNERMOST_MINIMUM = 4096  # elements
MANY_IMAGES = 2 * CHANNEL_BLOCK  # 20 are spread over channels on NPU 3720 and 5010, 33 on 3720 alone
LEAST_EXPANDED_BYTES = 4 << 20  # of an expansion that no NPU's scratchpads hold beside what it is made of
# Elements of a first axis that are channels as they are: Intel's schedules sum 16, and 4 by a CompressConvolution
# (524,288 sums of 4: 204 us on NPU 4000); those of 2, 3, 5, 8 and 12 are expanded (8: 4,156 us).
UNEXPANDED = (4, CHANNEL_BLOCK)


def ones_convolution(c: OpCase, r: Reduced, rows: float, columns: float) -> MacWork:
    """1x1 convolution with one output channel over `rows` x `columns` pixels of `length` channels."""
    size = c.input(0).dtype.npu_bytes
    return MacWork(
        MacOp.CONVOLUTION, rows, columns, 1, r.length, rows, columns,
        input_bytes=size, weight_bytes=size, output_bytes=c.output.dtype.npu_bytes,
    )  # fmt: skip


def pooling_chain(
    source: Value, r: Reduced, mode: MacOp, channels: int, columns: int, planes: int = 1
) -> tuple[MacWork, ...]:
    """Poolings along `length` rows of `planes` images `columns` wide."""
    size, rows = source.dtype.npu_bytes, planes * r.length
    first = MacWork(
        mode, rows, columns, channels, channels, rows, columns,
        input_bytes=size, weight_bytes=size, output_bytes=size,
    )  # fmt: skip
    return poolings_down(first, chain_of_eights(r.length), planes)


def first_of_three(shape: Sequence[int], axes: Sequence[int]) -> bool:
    """Whether a reduction is over the first of three axes with whole sixteens behind: rows of an image, whose columns
    and channels are the others, as they lie in memory ([T, B, C] over T: T x B pixels of C channels in Intel's
    schedules; of [1, L, C] over L nothing is in front that could be one axis of a plane)."""
    return len(shape) == 3 and tuple(axes) == (0,) and shape[2] % CHANNEL_BLOCK == 0


def pooling_lowerings(c: OpCase, r: Reduced, mode: MacOp) -> list[Lowering]:
    source = c.input(0)
    if not r.consecutive or not source.dtype.is_float or not c.output.dtype.is_float:
        return []
    if len(source.shape) == 4 and min(r.axes) >= 2 and r.outer == source.shape[1]:
        # an image pooled over its height and width: channels are channels already
        if r.inner == 1 and len(r.axes) == 2:  # as a global pooling: windows over both
            return list(whole_planes("pooling_chain", mode, source, c.output))
        return [Lowering("pooling_chain", pooling_chain(source, r, mode, r.outer, r.inner))]
    if len(source.shape) == 4 and r.axes == (3,) and source.shape[0] == 1 and source.shape[1] > 1:
        # over its width: windows over what lies in a row, for each row
        return [Lowering("pooling_chain", pooling_chain(source, r, mode, *source.shape[1:3]))]
    columns = 4 if r.inner % (4 * CHANNEL_BLOCK) == 0 else 1
    as_it_lies = (r.inner // columns, columns, r.outer) if r.inner > 1 else (r.outer, 1, 1)
    if first_of_three(source.shape, r.axes):
        as_it_lies = (source.shape[2], source.shape[1], 1)
    clean = Lowering("pooling_chain", pooling_chain(source, r, mode, *as_it_lies))
    padded = -(-r.outer // CHANNEL_BLOCK) * CHANNEL_BLOCK
    # Not marked as an element-by-element permutation: Intel's compiler times these at close to byte rate
    # (xamba_feasibility facts, 1: 403 MB relaid and pooled in 26.5 ms).
    move = copy(source.npu_bytes * padded / r.outer)
    chain = pooling_chain(source, r, mode, padded, r.inner)
    found = [Lowering("pooling_chain_relayout", (move, *chain)), clean]
    if mode == MacOp.AVERAGE_POOL and r.outer == r.inner == 1 and len(r.axes) > 1:
        found.append(Lowering("pooling_chain_of_all", mean_of_all(source, source.shape[r.axes[0]])))
    if r.inner == 1 and r.outer > 1 and len(r.axes) == 1 and rows_filled_up(r.length):
        filled = filled_up(source, r.length, r.outer, chain)
        found.append(Lowering("pooling_chain_filled_up", (move, *filled)))
    if r.outer == 1 and r.inner > 1:  # rows of an image whose channels are what lies behind the axis
        rows = pooling_chain(source, r, mode, -(-r.inner // PIXELS_PER_ROW), PIXELS_PER_ROW)
        found.append(Lowering("pooling_chain_as_it_lies", rows))
    return found


def expanded_sum(c: OpCase, r: Reduced) -> Lowering:
    """The 1x1 convolution with all-ones weights over a first axis that does not fill sixteen channels, after
    two expansions through DDR: every element becomes the first of sixteen channels, then the axis sixteen rows; one
    channel of the result is copied out (`pad_expand_input` in Intel's schedules: 477 MB for the sum over 3 of a
    Mamba-2 layer's 3.5 MB). Only where the expansion does not fit: a sum over 3 of 18 kB stays inside there (4 us of
    the array, 0.8 MB), and is priced as its poolings here."""
    source = c.input(0)
    size, wide = source.dtype.npu_bytes, CHANNEL_BLOCK
    columns = source.elements // wide / r.length
    expand = one_tap(MacOp.CONVOLUTION, r.length, columns, wide * wide, size, terms=wide)
    # Of the pad what it reads: the zeros it writes beside that cost nothing there.
    rows, columns = pixels(source.elements / r.length * wide)
    pad = one_tap(MacOp.PERMUTE_IMAGE, rows, columns, r.length, size)
    once, filled = source.npu_bytes * wide, source.npu_bytes * wide / r.length
    out_h, out_w = pixels(source.elements / r.length)
    return Lowering(
        "ones_convolution_expanded",
        (
            expand,
            *ddr_round_trip(once),
            pad,
            MoveWork(filled * wide, "scratchpad", "ddr"),
            MoveWork(filled, "ddr", "ddr"),
            MoveWork(filled, "ddr", "scratchpad"),
            ones_convolution(c, r, out_h, out_w),
        ),
    )


def sum_of_images(c: OpCase, r: Reduced) -> Lowering:
    """Images of a batch added up: all of them are one channel, which a pass of the array spreads over sixteen through
    DDR, and that is pooled over the batch (`as_avgpool/pad_[0, 15, 0, 0]_expand_input`: 27 MB for four of 64 x 40 x 40,
    140 for four of 128 x 64 x 64, 54 for eight of 64 x 40 x 40, on NPU 3720, 4000 and 5010)."""
    source, size = c.input(0), c.input(0).dtype.npu_bytes
    rows, columns = pixels(source.elements)
    spread = one_tap(MacOp.CONVOLUTION, rows, columns, CHANNEL_BLOCK, size, terms=1)
    chain = pooling_chain(source, r, MacOp.AVERAGE_POOL, CHANNEL_BLOCK, r.inner)
    through = ddr_round_trip(source.npu_bytes * CHANNEL_BLOCK)
    return Lowering("ones_convolution_expanded", (spread, *through, *chain))


def native_reduce(c: OpCase, r: Reduced) -> Lowering:
    """One pass over the input; `output_bytes` are spread over it, since only 1 of `length` is written."""
    source = c.input(0)
    rows, columns = pixels(source.elements // r.length)
    work = MacWork(
        MacOp.ELTWISE, rows, columns, r.length, r.length, rows, columns,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=source.dtype.npu_bytes,
        output_bytes=c.output.dtype.npu_bytes / r.length,
    )  # fmt: skip
    return Lowering("native_reduce", (work,))


def _sum(mean: bool) -> Rule:
    def rule(c: OpCase) -> tuple[Lowering, ...]:
        r = reduced(c)
        if r.length == 1:
            return (VIEW,)
        source, rest = c.input(0), c.output.elements
        shape, floats = source.shape, source.dtype.is_float
        over_channels = floats and len(shape) == 4 and r.axes == (1,)
        innermost = floats and r.axes == (len(shape) - 1,)
        found: list[Lowering] = []
        if over_channels and not mean and shape[0] == 1:
            name = "ones_convolution" if shape[3] % CHANNEL_BLOCK else "ones_convolution_by_neighbour"
            if not c.attr("keepdims", 1):
                name = "ones_convolution_without_axis"
            found.append(Lowering(name, (ones_convolution(c, r, shape[2], shape[3]),)))
        if innermost and not mean and source.elements >= INNERMOST_MINIMUM:
            found.append(Lowering("ones_convolution_innermost", (ones_convolution(c, r, *pixels(rest)),)))
        first = r.consecutive and r.outer == 1 and r.inner > 1 and source.elements % CHANNEL_BLOCK == 0
        filled = source.npu_bytes * CHANNEL_BLOCK * CHANNEL_BLOCK / max(r.length, 1)
        short = r.length < CHANNEL_BLOCK and r.length not in UNEXPANDED
        spread = source.npu_bytes * CHANNEL_BLOCK > LEAST_EXPANDED_BYTES
        batch = first and spread and len(shape) == 4 and r.axes == (0,) and r.length < MANY_IMAGES
        if floats and batch and not mean:
            found.append(sum_of_images(c, r))
        elif floats and first and not mean and short and filled > LEAST_EXPANDED_BYTES:
            found.append(expanded_sum(c, r))
        alone = r.consecutive and r.outer == 1 and r.inner > 1
        if floats and alone and not batch and not mean and (r.length in UNEXPANDED or not over_channels):
            # narrow pixels want rows of a full grid
            wide = r.length < CHANNEL_BLOCK and rest % CHANNEL_BLOCK == 0
            plane = (rest // CHANNEL_BLOCK, CHANNEL_BLOCK) if wide else pixels(rest)
            as_16 = first and r.length in UNEXPANDED
            name = "ones_convolution_expanded" if as_16 else "ones_convolution_flat"
            found.append(Lowering(name, (ones_convolution(c, r, *plane),)))
        found += pooling_lowerings(c, r, MacOp.AVERAGE_POOL)
        if over_channels or innermost:
            found.append(native_reduce(c, r))
        return (*found, dsp(c, "reduce_mean" if mean else "reduce_sum", source.elements, rest, rest))

    return rule


SUM_WAYS = (
    "pooling_chain",
    "plane_15",
    "pooling_chain_relayout",
    "pooling_chain_filled_up",
    "pooling_chain_of_all",
    "pooling_chain_as_it_lies",
    "native_reduce",
    "dsp",
    "view",
)
ONES = (
    "ones_convolution",
    "ones_convolution_by_neighbour",
    "ones_convolution_without_axis",
    "ones_convolution_innermost",
    "ones_convolution_expanded",
    "ones_convolution_flat",
)
op("ReduceSum", lowerings=(*ONES, *SUM_WAYS), kernels=("reduce_sum",), reads=(1,))(_sum(mean=False))
op("ReduceMean", lowerings=SUM_WAYS, kernels=("reduce_mean",), reads=(1,))(_sum(mean=True))


@op(
    "ReduceMax",
    "ReduceMin",
    lowerings=(*(way for way in SUM_WAYS if way != "native_reduce"),),
    kernels=("reduce_max", "reduce_min"),
    reads=(1,),
)
def reduce_max(c: OpCase) -> tuple[Lowering, ...]:
    """Max poolings (ReduceMin with the sign changed in the neighbouring passes), or a DSP kernel."""
    r = reduced(c)
    if r.length == 1:
        return (VIEW,)
    rest = c.output.elements
    kernel = "reduce_max" if c.node.op_type == "ReduceMax" else "reduce_min"
    plain = dsp(c, kernel, c.input(0).elements, rest, rest)
    return (*pooling_lowerings(c, r, MacOp.MAX_POOL), plain)


def _on_dsp(kernel: str) -> Rule:
    def rule(c: OpCase) -> Lowering:
        rest = c.output.elements
        return dsp(c, kernel, c.input(0).elements, rest, rest)

    return rule


for _name in ("ReduceL1", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"):
    op(_name, kernels=("reduce_sum",))(_on_dsp("reduce_sum"))
op("ReduceL2", kernels=("reduce_l2",))(_on_dsp("reduce_l2"))
op("ReduceProd", kernels=("reduce_prod",))(_on_dsp("reduce_prod"))
for _name in ("ArgMax", "ArgMin"):
    op(_name, kernels=("topk",))(_on_dsp("topk"))


@op("TopK", kernels=("topk",))
def topk(c: OpCase) -> Lowering:
    source = c.input(0)
    rows = source.elements // max(source.shape[c.axis(-1, len(source.shape))], 1)
    return dsp(c, "topk", source.elements, rows, rows)


@op("CumSum", "CumProd", kernels=("cumsum", "cumprod"), reads=(1,))
def cumsum(c: OpCase) -> Lowering:
    """A scan: only the other axes may be split.
    With an axis that is no constant the longest axis is assumed to be the scanned one."""
    shape = c.input(0).shape
    given = c.numbers("axis", 1)
    length = shape[given[0]] if given and shape else max(shape, default=1)
    rows = c.output.elements // max(length, 1)
    kernel = "cumsum" if c.node.op_type == "CumSum" else "cumprod"
    return dsp(c, kernel, c.output.elements, rows, rows)
