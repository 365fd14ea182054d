"""Laws of the blocks into which a product or convolution is cut when it does not fit."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.compiler.cutting.blocks import Operands, fitting_blocks
from npusim.compiler.cutting.fitted import AVOID, Fitted
from npusim.compiler.cutting.split import Blocks, even_blocks, mac_shares, piece_of, weight_bytes
from npusim.work import MacOp, MacWork

extents = st.sampled_from([1, 4, 33, 64, 197, 512, 1000, 1024, 2048, 4096, 8192])
tiles = st.sampled_from([1, 2, 3, 4, 6])
capacity = st.sampled_from([300_000, 1_200_000, 1_650_000])


def product(m, k, n, groups=1):
    rows = m / 4 if m >= 4 else m
    return MacWork(MacOp.CONVOLUTION, rows, 4 if m >= 4 else 1, n, k, rows, 4 if m >= 4 else 1, groups=groups)


def image(channels, out, kernel, size):
    return MacWork(MacOp.CONVOLUTION, size, size, out, channels, size, size, kernel, kernel)


def operands(work):
    pixels = work.groups * work.out_h * work.out_w
    return Operands(pixels * work.in_c * 2.0, weight_bytes(work), pixels * work.out_c * 2.0)


@given(extents, extents, extents, tiles, capacity)
def test_blocks_cover_the_work_and_hold_whole_sixteens_of_channels(m, k, n, t, nbytes):
    work = product(m, k, n)
    found = fitting_blocks(work, operands(work), t, nbytes)
    assert found is not None
    piece, count = piece_of(work, found.blocks)
    assert piece.macs * count >= work.macs * (1 - 1e-9)
    assert found.blocks.channels == 1 or piece.out_c % 16 == 0
    assert count <= found.blocks.pieces


@given(extents, extents, extents, tiles, capacity)
def test_a_block_and_its_successor_fit_beside_each_other(m, k, n, t, nbytes):
    """Weights on every tile when rows are split, inputs on every tile when channels are."""
    work = product(m, k, n)
    found = fitting_blocks(work, operands(work), t, nbytes)
    piece, _ = piece_of(work, found.blocks)
    weights = weight_bytes(piece)
    rows = piece.out_h * piece.out_w
    inputs, results = rows * piece.in_c * 2, rows * piece.out_c * 2
    over_rows = weights + ceil(piece.out_h / t) / max(piece.out_h, 1) * (inputs + results)
    over_channels = weights / t + inputs + results / t
    assert min(over_rows, over_channels) <= nbytes * 1.1  # a padded last sixteen


@given(extents, extents, extents, tiles, st.integers(200_000, 2_000_000), st.floats(1.0, 4.0))
def test_more_scratchpad_never_makes_a_cut_dearer(m, k, n, t, nbytes, factor):
    work = product(m, k, n)
    less, more = (fitting_blocks(work, operands(work), t, b) for b in (nbytes, nbytes * factor))
    assert less is None or more.cost <= less.cost * (1 + 0.03)  # rows in whole grids


def axes_of(found: Fitted) -> int:
    return sum(n > 1 for n in (found.blocks.rows, found.blocks.channels, found.blocks.terms))


@given(extents, extents, extents, tiles, capacity)
def test_two_axes_are_avoided_for_one_that_reads_every_operand_once(m, k, n, t, nbytes):
    work = product(m, k, n)
    either, avoided = (fitting_blocks(work, operands(work), t, nbytes, two_axes) for two_axes in ("", AVOID))
    assert axes_of(avoided) <= axes_of(either)
    if axes_of(avoided) < axes_of(either):
        assert avoided.left_reads == avoided.right_reads == 1


@given(
    st.sampled_from([512, 1024, 4096]),
    st.sampled_from([1024, 4096, 8192]),
    st.sampled_from([512, 2048, 8192]),
    tiles,
)
def test_a_large_product_is_never_cut_into_slivers(m, k, n, t):
    work = product(m, k, n)
    found = fitting_blocks(work, operands(work), t, 1_200_000)
    piece, _ = piece_of(work, found.blocks)
    assert piece.out_c >= 32
    shares, _ = mac_shares(work, t, found.blocks)
    assert min(share.macs * c for share, c in shares) * t <= 1.25 * work.macs


@pytest.mark.parametrize(
    "channels,out,kernel,size", [(1280, 1280, 3, 32), (64, 64, 3, 1024), (8192, 16, 1, 7), (16, 8192, 11, 14)]
)
def test_convolutions_of_any_shape_are_cut(channels, out, kernel, size):
    work = image(channels, out, kernel, size)
    assert fitting_blocks(work, operands(work), 3, 1_200_000) is not None


def test_heads_that_fit_twice_go_several_at_a_time():
    work = product(64, 64, 64, groups=100)
    o = operands(work)
    found = fitting_blocks(work, o, 2, 1_000_000)
    at_once = int(2 * 1_000_000 / (2 * (o.left + o.right + o.out) / 100))
    assert found.blocks == Blocks(groups=ceil(100 / at_once))


@given(
    st.sampled_from([MacOp.ELTWISE, MacOp.MAX_POOL, MacOp.DEPTHWISE]), extents, extents, st.integers(1, 500)
)
def test_even_blocks_are_as_many_as_asked_for_or_all_there_are(op, rows, channels, wanted):
    work = MacWork(op, rows, 4, channels, channels, rows, 4)
    blocks = even_blocks(work, wanted)
    most = rows * 4 * ceil(channels / 16)
    assert blocks.pieces >= min(wanted, most) or op == MacOp.ELTWISE
    piece, count = piece_of(work, blocks)
    assert piece.out_h * piece.out_w * piece.out_c * count >= rows * 4 * channels * (1 - 1e-9)


@given(extents, st.sampled_from([8192, 8208, 16384, 20480]), extents, tiles, capacity)
def test_no_piece_sums_up_more_terms_than_the_array_takes(m, k, n, t, nbytes):
    """`dim <= 8192` of its pieces; Intel's schedules cut 16,384 terms in two."""
    work = product(m, k, n)
    found = fitting_blocks(work, operands(work), t, nbytes)
    assert piece_of(work, found.blocks)[0].in_c <= 8192


@pytest.mark.parametrize(("channels", "rows", "columns"), [(8, 1, 8), (32, 8, 1)])
def test_a_scale_of_fewer_than_sixteen_channels_is_cut_along_columns(channels, rows, columns):
    """8 x 256 x 4,097 on four tiles, as Intel's schedule has it; 32 channels have rows enough for a grid."""
    scale = MacWork(MacOp.DEPTHWISE, 256, 4097, channels, channels, 256, 4097)
    assert even_blocks(scale, 8, 4) == Blocks(rows=rows, columns=columns)


@pytest.mark.parametrize(
    ("work", "pieces", "tiles", "blocks"),
    [((16, 128, 3001), 11, 2, Blocks(columns=11)), ((32, 128, 701), 4, 4, Blocks(rows=4))],
)
def test_a_scale_is_cut_along_columns_where_rows_would_leave_the_grid_emptier(work, pieces, tiles, blocks):
    """16 x 128 x 3,001 on NPU 3720: W11, 64 x 273 on each tile; 32 x 128 x 701 on NPU 4000: H4, 8 x 701."""
    channels, rows, columns = work
    scale = MacWork(MacOp.DEPTHWISE, rows, columns, channels, channels, rows, columns)
    assert even_blocks(scale, pieces, tiles) == blocks


def test_512_rows_stay_whole_where_that_costs_little_more():
    """512 x 3,072 x 3,072 on NPU 4000 in 96 pieces of 32 channels, as Intel's schedule has it."""
    work = product(512, 3072, 3072)
    assert fitting_blocks(work, operands(work), 4, 1_253_376).blocks == Blocks(channels=96)
