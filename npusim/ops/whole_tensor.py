"""A mean, or sum, over all elements of a tensor of several axes: the statistics of a normalisation over channels and
places.

Intel's compiler 8.4 sees an image of one channel whose rows are the first axis, with the others as its columns, and
pools it by windows of eight by eight. Columns in eights lie in the channels of a convolution (`first_split`,
`expand_act_channels`): 64 x 64 x 64, 128 x 28 x 28 and 256 x 4 x 18 cross DDR once, as they are, and take the array
2.7, 1.9 and 0.6 us on NPU 5010 (on 3720 a convolution in front fills rows up, not followed: 24, 13, 3 us). Others are
filled up to sixteen channels each: inside (64 x 500, 64 x 1,001 on both; 512 x 700 on 5010, 0.8 MB, but 23.7 on 3720,
not followed), or, where that is too much, in DDR (512 x 3,199, 105 MB)."""

from __future__ import annotations

from itertools import zip_longest

from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, chain_of_eights
from npusim.ops.slicing import MAX_STRIDE
from npusim.work import MacOp, MacWork, MoveWork, Work

MOST_FILLED_BYTES = 2**24  # of columns filled up inside, in strips: between 11.5 and 52 MB


def mean_of_all(source: Value, rows: int) -> tuple[Work, ...]:
    """What the array does for a tensor whose first axis has `rows`: a convolution over sixteen columns and eight rows
    at once and poolings of what it makes, or poolings behind a copy of columns filled up to sixteen channels each."""
    size, columns = source.dtype.npu_bytes, source.elements // rows
    if columns % MAX_STRIDE:
        filled = source.npu_bytes * CHANNEL_BLOCK
        copied = MoveWork(filled, "ddr", "ddr"), MoveWork(filled, "ddr", "scratchpad")
        return *(copied if filled > MOST_FILLED_BYTES else ()), *_pooled(rows, columns, size)
    (kernel, high, _), *_ = chain_of_eights(rows)
    wide = -(-columns // CHANNEL_BLOCK)
    first = MacWork(
        MacOp.CONVOLUTION, high, wide, CHANNEL_BLOCK, CHANNEL_BLOCK, rows, wide, kernel, 1, min(kernel, MAX_STRIDE), 1,
        input_bytes=size, weight_bytes=size, output_bytes=size,
    )  # fmt: skip
    return first, *_pooled(high, -(-columns // MAX_STRIDE), size)


def _pooled(rows: int, columns: int, size: float) -> tuple[MacWork, ...]:
    """Poolings of an image of one channel, filled up to sixteen, by windows of up to eight by eight."""
    works = []
    for (kh, oh, ih), (kw, ow, iw) in zip_longest(
        chain_of_eights(rows), chain_of_eights(columns), fillvalue=(1, 1, 1.0)
    ):
        works.append(
            MacWork(
                MacOp.AVERAGE_POOL, oh, ow, CHANNEL_BLOCK, CHANNEL_BLOCK, rows, columns, kh, kw, min(kh, MAX_STRIDE),
                min(kw, MAX_STRIDE), ih * iw, input_bytes=size, weight_bytes=size, output_bytes=size,
            )
        )  # fmt: skip
        rows, columns = oh, ow
    return tuple(works)
