"""Products laid out and cut as schedules of Intel's compiler 8.4 have them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.simulation import simulate
from npusim.work import MacOp
from tests.compiler import at_size

HARDWARE = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}


def planned(m, k, n, hardware, profile="2026"):
    hw = HARDWARE[hardware]
    return compile_graph(at_size.product(m, k, n), hw, load_profile(profile))


def first_work(plan):
    (work, _), *_ = next(ask for ask in plan.ask if isinstance(ask, MacTask)).alternatives
    return work


@pytest.mark.parametrize(
    ("hardware", "rows", "width"),
    [("panther_lake", 16, 4), ("panther_lake", 48, 4), ("panther_lake", 64, 8), ("panther_lake", 1500, 4)]
    + [("panther_lake", 1024, 8), ("meteor_lake", 1024, 4), ("lunar_lake", 1024, 4)],
)
def test_npu_5010_lays_many_rows_eight_to_a_line(hardware, rows, width):
    """1x2048x128x8 for 1,024 rows on NPU 5010, 1x1024x4x4 for 16."""
    assert first_work(planned(rows, 256, 256, hardware)).out_w == width


@pytest.mark.parametrize("hardware", HARDWARE)
@pytest.mark.parametrize(
    ("rows", "width"),
    [(146, 2), (226, 2), (254, 2), (289, 17), (578, 17), (901, 17), (197, 4), (577, 4), (226 * 2, 4)],
)
def test_rows_lie_in_any_rectangle_as_released(hardware, rows, width):
    """1x64x113x2 for 226 rows, 1x64x17x17 for 289; primes are padded to fours."""
    assert first_work(planned(rows, 64, 64, hardware, "2026-as-released")).out_w == width


@pytest.mark.parametrize(
    ("terms", "channels", "blocks"),
    [(2048, 8192, (32, 16, 32)), (4096, 4096, (32, 16, 32)), (8192, 2048, (32, 16, 32))],
)
def test_weights_stream_in_equal_blocks(terms, channels, blocks):
    """The strategies of one row by these weights on NPU 3720, 4000 and 5010: C32, C16, C32."""
    found = tuple(planned(1, terms, channels, name).steps[-1].pieces for name in HARDWARE)
    assert found == blocks


@pytest.mark.parametrize(
    ("terms", "channels", "pieces"),
    [
        (5632, 2048, 32),
        (2048, 5632, 22),
        (3072, 8192, 64),
        (2560, 6912, 36),
        (2048, 5760, 18),
        (14336, 4096, 128),
    ],
)
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_a_tile_of_npu_5010_has_room_for_three_pieces_of_streamed_weights(terms, channels, pieces, profile):
    """C32, C22, C64, C36, C18 of one row; of 14,336 terms C64 of each half."""
    assert planned(1, terms, channels, "panther_lake", profile).steps[-1].pieces == pieces


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_equal_blocks_of_many_channels_have_two_sixteens_on_a_tile(profile):
    """1 x 4,096 x 13,696: C107 of each half on NPU 3720 and 5010; on 4000, where that is a sixteen a tile, C11 (as many
    as fit once), here as few as fit twice. Halves of 11,008 channels have C43 there, two sixteens a tile."""
    found = [planned(1, 4096, 13696, name, profile).steps[-1].pieces for name in HARDWARE]
    assert (found[0], found[2]) == (214, 214) and 44 <= found[1] < 60
    assert planned(1, 4096, 11008, "lunar_lake", profile).steps[-1].pieces == 86


@pytest.mark.parametrize(
    ("rows", "terms", "channels"), [(300, 3072, 8192), (1500, 512, 2048), (729, 1152, 4304)]
)
def test_npu_3720_keeps_all_rows_of_a_product_that_fit_as_released(rows, terms, channels):
    """C128, C16 and C39: not a row is cut."""
    step = planned(rows, terms, channels, "meteor_lake", "2026-as-released").steps[-1]
    assert f"({step.pieces} of channels)" in step.reason


def test_npu_3720_cuts_terms_of_whole_rows_where_there_are_more_than_channels_as_released():
    """384 x 4,096 x 1,024: 3 parts of the terms, C8; 512 x 4,096 x 4,096: C10, H22 and no parts."""
    parts = planned(384, 4096, 1024, "meteor_lake", "2026-as-released").steps[-1]
    none = planned(512, 4096, 4096, "meteor_lake", "2026-as-released").steps[-1]
    assert "of terms" in parts.reason and "of rows" not in parts.reason
    assert "of terms" not in none.reason and "of rows" in none.reason


def test_npu_5010_takes_no_thin_blocks_of_channels_as_released():
    """1,024 x 8,192 x 2,048: 1,713 us of the MAC array in Intel's schedule; 2,405 here in blocks of 48 channels."""
    hw = HARDWARE["panther_lake"].replace({"tiles": 3, "step.minimum_ns": 0.0})
    found = simulate(at_size.product(1024, 8192, 2048), hw, "2026-as-released", band=False)
    assert found.engines["mac_array"] == pytest.approx(1713, rel=0.1)


def test_weights_of_a_prime_number_of_sixteens_stream_too():
    plan = planned(1, 2048, 16 * 521, "meteor_lake")
    assert 20 <= plan.steps[-1].pieces <= 40


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(
    ("product", "hardware", "pieces"),
    [((128, 2048, 2048), "lunar_lake", 8), ((256, 4096, 1024), "lunar_lake", 32)]
    + [((192, 2560, 1024), "lunar_lake", 16), ((512, 1024, 8192), "lunar_lake", 64)]
    + [((1, 2048, 11008), "lunar_lake", 86), ((1, 2048, 50304), "lunar_lake", 127)]
    + [((1, 2048, 8336), "meteor_lake", 24), ((1, 4096, 11008), "panther_lake", 86)],
)
def test_weights_stream_in_equal_blocks_of_channels(product, hardware, pieces, profile):
    """C8 of 128 x 2,048 x 2,048, C32 of 256 x 4,096 x 1,024; more
    than 8,192 channels in parts: 2 x 43 of 11,008, 6 x 15 and 37 of 50,304."""
    step = planned(*product, hardware, profile).steps[-1]
    assert step.pieces == pieces
    assert "terms" not in step.reason


def test_cuts_over_two_axes_wait_on_npu_3720_as_released_only():
    def waits(*given):
        return "not hidden" in planned(*given).steps[-1].reason

    two = (1024, 2048, 2048)
    assert waits(*two, "meteor_lake", "2026-as-released")
    assert not waits(*two, "meteor_lake")
    assert not waits(*two, "panther_lake", "2026-as-released")
    assert not waits(1, 16384, 2048, "meteor_lake", "2026-as-released")  # one row: the weights stream


def test_descriptors_are_fetched_first_on_npu_5010_only():
    """1 x 16 x 16: a barrier, three fetches and three that enqueue stand in front of two loads; none moves bytes."""
    plan = planned(1, 16, 16, "panther_lake", "2026")
    start = [ask for ask, label in zip(plan.ask, plan.label, strict=True) if label == "start"]
    assert tuple(ask.transfers for ask in start) == (1 + 3, 3)
    assert not any(ask.nbytes for ask in start)
    assert plan.steps[0].tasks[:2] == [0, 1]
    for other in (("lunar_lake", "2026"), ("meteor_lake", "2026-as-released")):
        assert "start" not in planned(1, 16, 16, *other).label


def batch(groups, m, k, n, hardware):
    hw = HARDWARE[hardware]
    plan = compile_graph(at_size.batched(groups, m, k, n), hw, load_profile("2026-as-released"))
    moves = [a for a in plan.ask if isinstance(a, DmaTask) and "ddr" in (a.source, a.destination)]
    return plan, sum(a.nbytes for a in moves) / 1e6


@pytest.mark.parametrize(
    ("sizes", "megabytes"),
    [((12, 197, 64, 197), 2.22), ((12, 197, 197, 64), 2.24), ((16, 577, 577, 64), 15.74)]
    + [((64, 49, 32, 49), 1.70), ((16, 577, 64, 577), 39.65), ((128, 27, 64, 27), 3.07)],
)
def test_bytes_of_batches_that_fill_no_sixteens(sizes, megabytes):
    """Intel's schedules of NPU 5010; the largest is taken apart, the others are one kernel each."""
    assert batch(*sizes, "panther_lake")[1] == pytest.approx(megabytes, rel=0.12)


def test_rows_that_fill_no_lines_stand_in_one_column_in_a_kernel_for_a_batch():
    def last(*given):
        plan, _ = batch(*given)
        works = [a.alternatives[0][0] for a in plan.ask if isinstance(a, MacTask)]
        return next(w for w in works if w.op == MacOp.CONVOLUTION)

    assert last(12, 197, 64, 197, "panther_lake").out_w == 1
    assert last(12, 192, 64, 192, "panther_lake").out_w == 4
    assert last(12, 197, 64, 197, "meteor_lake").out_w == 4


@pytest.mark.parametrize(
    ("hardware", "tiles", "transfers"),
    [("meteor_lake", 2, 80), ("lunar_lake", 4, 12), ("panther_lake", 3, 12)],  # of Intel's schedules
)
def test_a_batch_with_a_constant_each_is_taken_apart_on_npu_3720_alone(hardware, tiles, transfers):
    shape = (1, 16, 64, 64)
    graph = at_size.one_op("MatMul", {"x": shape}, shape, {"w": shape})
    plan = compile_graph(graph, HARDWARE[hardware].replace({"tiles": tiles}), load_profile("2026"))
    moved = sum(ask.transfers for ask in plan.ask if isinstance(ask, DmaTask))
    assert transfers / 2 <= moved <= 2 * transfers
