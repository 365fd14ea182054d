"""Sums of tensors whose elements make no whole sixteens: as images whose channels are filled up to sixteens.

The first axes are the channels, the last two rows and columns: [1,475,379] is one channel of 475 x 379, [3,90,1571]
three (`expand_act_channels` in Intel's schedules). What fits beside the other operand in a tile is loaded with zeros
beside it. Images of many rows and columns are convolved to it, so many columns to as many times sixteen channels that
the terms are sixteens (`pad_[0, 15, 0, 0]_expand_input/as_convolution`, 16 terms to 256 channels of one, 48 to 256 of
three, 48 to 128 of six), their rows filled up to such columns by a copy before, and cross DDR; others that do not fit
are copied beside zeros in DDR. 32 schedules of sums drawn for it on NPU 3720, 4000 and 5010: 47 x 131, 11 x 2,001,
45 x 1,001 and 341 x 97 are loaded so, 31 x 2,001 and 2,001 x 101 copied, 49 x 131 to 475 x 379 convolved."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, gcd, prod

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, ceil_to
from npusim.compiler.lowering.relaid import spread_out
from npusim.graph import Graph, Node
from npusim.ops.counting import CHANNEL_BLOCK, copy, ddr_round_trip
from npusim.work import MacOp, MacWork, MoveWork, Work

SUMS = ("Add", "Sum")
MANY_COLUMNS = 8 * PIXELS_AT_ONCE  # from which on a sixteenth more is little
WRITTEN_BY_READ = 2  # bytes the scratchpads take while DDR gives one
MANY_ROWS = 48  # from which on a convolution spreads rows out: 47 are loaded, 49 convolved


def summed_uneven(node: Node, graph: Graph) -> bool:
    """Whether a node adds activations of one size whose elements make no whole sixteens, of two axes and more; images
    of the network's own convolutions lie with their padding."""
    out = graph.values[node.outputs[0]]
    if node.op_type not in SUMS or len(out.shape) < 2 or out.elements % CHANNEL_BLOCK == 0:
        return False
    operands = [graph.values[n] for n in node.inputs if n]
    alike = all(not v.constant and v.elements == out.elements for v in operands)
    return alike and (len(out.shape) < 4 or set(graph.inputs).issuperset(node.inputs))


def filled_up(
    steps: tuple[Work, ...], shape: tuple[int, ...], tiles: int, tile_bytes: float, entering: bool = True
) -> tuple[Work, ...]:
    """The passes of a sum of tensors of `shape`, on channels in sixteens, and what fills these up in front where they
    enter the graph (`entering`)."""
    adds = [s for s in steps if isinstance(s, MacWork) and s.op == MacOp.ELTWISE]
    if len(adds) < len(steps) or not adds:
        return steps
    channels, (rows, columns), size = prod(shape[:-2]), shape[-2:], adds[0].input_bytes
    wide = ceil_to(channels, CHANNEL_BLOCK)
    passes = tuple(
        replace(s, out_h=rows, in_h=rows, out_w=columns, in_w=columns, out_c=wide, in_c=wide) for s in adds
    )
    operands = len(adds) + 1
    if not entering:
        return passes
    if rows >= MANY_ROWS and columns > MANY_COLUMNS:
        return (*_convolved(channels, rows, columns, size) * operands, *passes)
    if channels < CHANNEL_BLOCK and 2 * ceil(rows / tiles) * columns * wide * size > tile_bytes:
        return (*ddr_round_trip(rows * columns * wide * size) * operands, *passes)
    return (*_beside_zeros(channels, wide, operands * rows * columns * size, operands * tiles), *passes)


def _beside_zeros(channels: int, wide: int, planes: float, transfers: int) -> tuple[MoveWork, ...]:
    """What writing operands beside their zeros takes longer than reading them: the scratchpads are written twice as
    fast as DDR is read (46,046 bytes as 736,736 in 12.5 us on NPU 3720, 7,004 as 112,064 in 1.0 on 5010)."""
    longer = wide / WRITTEN_BY_READ - channels
    return (replace(copy(longer * planes), transfers=transfers),) if longer > 0 else ()


def _convolved(channels: int, rows: int, columns: int, size: float) -> tuple[Work, ...]:
    """An operand filled up by a convolution."""
    wide, fold = ceil_to(channels, CHANNEL_BLOCK), CHANNEL_BLOCK // gcd(channels, CHANNEL_BLOCK)
    places = rows * ceil_to(columns, fold) // fold
    copied = () if columns % fold == 0 else (MoveWork(channels * rows * columns * size, "ddr", "ddr"),)
    spread = spread_out(places, channels * fold, wide * fold, size)
    return *copied, spread, *ddr_round_trip(float(spread.out_h * spread.out_w * spread.out_c * size))
