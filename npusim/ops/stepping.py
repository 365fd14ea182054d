"""Slices that take every so many-th place along rows or columns, as convolutions with strides.

Intel's schedules (`strided_slice_Conv`, all three NPUs): a tap of one place over all channels, most of its weights
zeros, at the Slice's steps, behind the pass that turns the tensor to channels last. A line of more than sixteen
channels that are no whole sixteens is filled up to them first: on NPU 3720 and 4000 every element becomes the first of
sixteen channels, in DDR, which a second pass takes as rows (20.7 MB for 0.4 of 197 x 1,024), where its places are whole
sixteens; else, and on NPU 5010, it is copied within DDR.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS, ddr_round_trip, on_mac_array, one_tap, pixels
from npusim.ops.registry import OpCase
from npusim.ops.slicing import MAX_STRIDE
from npusim.work import Lowering, MacOp, MoveWork, Work

LEAST_ELEMENTS = 4096  # 64 x 64; 16 x 128 are taken by the DMA
#: Of an expanded tensor: 0.8 MB are written in whole sixteens again, 4.9 and 6.5 MB with their sixteen channels.
LARGE_BYTES = 1 << 21


def stepped(c: OpCase, steps: dict[int, int]) -> Iterator[Lowering]:
    """The ways of a Slice with `steps` (axis -> step, above 1) on the MAC array: [1,C,H,W] along rows and columns, and
    [N,C,L] along the innermost axis; none of others."""
    source, out = c.input(0), c.output
    shape, rank = source.shape, len(source.shape)
    line = rank == 3 and set(steps) == {2}
    image = rank == 4 and shape[0] == 1 and set(steps) <= {2, 3}
    kept = all(shape[a] == out.shape[a] for a in range(rank) if a not in steps)
    if not (line or image) or not kept or not all(1 < step <= MAX_STRIDE for step in steps.values()):
        return
    channels = shape[1]
    if source.constant or source.elements < LEAST_ELEMENTS or not on_mac_array(source, out):
        return
    if not 1 < channels <= MAX_CHANNELS:
        return
    whole = -(-channels // CHANNEL_BLOCK) * CHANNEL_BLOCK
    rows, out_rows = (shape[0], out.shape[0]) if line else (shape[2], out.shape[2])
    work = replace(
        one_tap(MacOp.CONVOLUTION, out_rows, out.shape[-1], whole, source.dtype.npu_bytes),
        in_h=rows, in_w=shape[-1], weight_groups=whole / CHANNEL_BLOCK,
        stride_h=steps.get(2, 1) if image else 1, stride_w=steps.get(rank - 1, 1),
    )  # fmt: skip
    if not line or channels < CHANNEL_BLOCK or channels == whole:
        yield Lowering("stepped", (work,), macs=0.0)
        return
    if shape[0] == 1 and shape[2] % CHANNEL_BLOCK == 0:
        yield Lowering("stepped_expanded", (*_expanded(source, whole), work), macs=0.0)
    yield Lowering("stepped_copied", (*_copied(source, whole), work), macs=0.0)


def _expanded(source: Value, whole: int) -> tuple[Work, ...]:
    """What fills the channels of a line to `whole` by passes of the MAC array, through DDR."""
    channels, length = source.shape[1:]
    size, wide = source.dtype.npu_bytes, CHANNEL_BLOCK
    expand = one_tap(MacOp.CONVOLUTION, channels, length / wide**2, wide**2, size, terms=wide)
    pad = one_tap(MacOp.PERMUTE_IMAGE, *pixels(length * wide), channels, size)
    once, filled = source.npu_bytes * wide, source.npu_bytes * whole / channels
    back = filled * wide if once > LARGE_BYTES else filled
    moves = MoveWork(back, "scratchpad", "ddr"), MoveWork(filled, "ddr", "scratchpad")
    return expand, *ddr_round_trip(once), pad, *moves


def _copied(source: Value, whole: int) -> tuple[Work, ...]:
    """What turns a line and fills its channels to `whole` by a copy within DDR."""
    images, channels, length = source.shape
    turn = one_tap(MacOp.PERMUTE_IMAGE, images, length, channels, source.dtype.npu_bytes)
    nbytes = source.npu_bytes
    out, within = MoveWork(nbytes, "scratchpad", "ddr"), MoveWork(nbytes, "ddr", "ddr")
    return turn, out, within, MoveWork(nbytes * whole / channels, "ddr", "scratchpad")
