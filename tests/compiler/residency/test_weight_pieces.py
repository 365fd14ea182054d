"""Convolutions that fit and are cut over channels for their weights: which results are joined in DDR."""

import pytest

from npusim.compiler.plan import DmaTask
from tests.compiler.planes.test_planes import HARDWARE, moved, planned
from tests.compiler.scratchpad.test_image_sums import last_stage


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_a_large_result_of_heavy_weights_is_written_and_read_for_its_sum(name):
    """1,024 channels on 22 x 22: 991 kB out and in a sum in Intel's schedules of all three NPUs."""
    plan = planned(last_stage(22, 1024), HARDWARE[name])
    assert moved(plan, "c3/write") == 1024 * 22 * 22 * 2 == moved(plan, "c3/load")


@pytest.mark.parametrize("name", sorted(HARDWARE))
@pytest.mark.parametrize(("size", "wide"), [(16, 1024), (28, 512)])
def test_small_results_and_few_weights_stay(name, size, wide):
    """0.52 MB behind 0.52 MB of weights, 0.80 MB behind 0.13: nothing crosses in Intel's schedules."""
    plan = planned(last_stage(size, wide), HARDWARE[name])
    assert moved(plan, "c7/write") == moved(plan, "c7/load") == 0


def test_a_window_over_channels_is_read_by_an_expansion_over_rows():
    """256 channels of 16 x 16 on NPU 5010: 131 kB out and in a block, 8.38 MB of three of them (here two)."""
    plan = planned(last_stage(16, 1024), HARDWARE["panther_lake"])
    assert moved(plan, "c2/write") == 256 * 16 * 16 * 2 == moved(plan, "c2/load")


def test_more_scratchpad_moves_no_more():
    """A tile's share of the weights decides: of a larger tile it is a smaller one."""
    hardware = HARDWARE["panther_lake"]
    totals = []
    for share in (1.0, 1.25, 1.5, 2.0):
        room = int(hardware.scratchpad.capacity_bytes * share)
        plan = planned(last_stage(22, 1024), hardware.replace({"scratchpad.capacity_bytes": room}))
        totals.append(sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask)))
    assert totals == sorted(totals, reverse=True)
