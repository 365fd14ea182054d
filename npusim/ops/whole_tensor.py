"""A mean, or sum, over all elements of a tensor of several axes: the statistics of a normalisation over channels and
places.

Intel's compiler 8.4 sees an image of one channel whose rows are the first axis, with the others as its columns, and
pools it by windows of eight by eight. Columns in eights lie in the channels of a convolution (`first_split`,
`expand_act_channels`): 64 x 64 x 64, 128 x 28 x 28 and 256 x 4 x 18 cross DDR once, as they are, and take the array
2.7, 1.9 and 0.6 us on NPU 5010 (on 3720 a convolution in front fills rows up, not followed: 24, 13, 3 us). Others are
filled up to sixteen channels each: inside (64 x 500, 64 x 1,001 on both; 512 x 700 on 5010, 0.8 MB, but 23.7 on 3720,
not followed), or, where that is too much, in DDR (512 x 3,199, 105 MB)."""

from __future__ import annotations

from dataclasses import replace

from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, chain_of_eights
from npusim.ops.pooling import plane_pools
from npusim.ops.slicing import MAX_STRIDE
from npusim.work import MacOp, MacWork, MoveWork, Work

MOST_FILLED_BYTES = 2**24  # of columns filled up inside, in strips: between 11.5 and 52 MB


def mean_of_all(source: Value, rows: int) -> tuple[Work, ...]:
    """What the array does for a tensor whose first axis has `rows`: a convolution over sixteen columns and eight rows
    at once and poolings of what it makes, or poolings behind a copy of columns filled up to sixteen channels each."""
    size, columns = source.dtype.npu_bytes, source.elements // rows
    each = MacWork(
        MacOp.AVERAGE_POOL, 1, 1, CHANNEL_BLOCK, CHANNEL_BLOCK, input_bytes=size, weight_bytes=size, output_bytes=size
    )  # fmt: skip
    if columns % MAX_STRIDE:
        filled = source.npu_bytes * CHANNEL_BLOCK
        copied = MoveWork(filled, "ddr", "ddr"), MoveWork(filled, "ddr", "scratchpad")
        return *(copied if filled > MOST_FILLED_BYTES else ()), *plane_pools(each, rows, columns)
    (kernel, high, _), *_ = chain_of_eights(rows)
    wide = -(-columns // CHANNEL_BLOCK)
    first = replace(
        each, op=MacOp.CONVOLUTION, out_h=high, out_w=wide, in_h=rows, in_w=wide, kernel_h=kernel,
        stride_h=min(kernel, MAX_STRIDE),
    )  # fmt: skip
    return first, *plane_pools(each, high, -(-columns // MAX_STRIDE))
