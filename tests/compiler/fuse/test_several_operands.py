"""Sum, Max and Min of several operands are ops of two; what these hand on stays, and small slices come a tile each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.judge import machine
from tests.vendor.op_graphs import build

NPUS = {"3720": 2, "4000": 4, "5010": 3}


def report(op, npu, profile="2026"):
    """The report of an op named as tests/vendor/op_graphs.py names it."""
    return simulate(loaded(build(op, weights=False)), machine(npu, NPUS[npu]), profile, band=False)


@given(
    count=st.integers(3, 5), channels=st.sampled_from([16, 64, 375]), rows=st.sampled_from([8, 24, 40]),
    kind=st.sampled_from(["Sum", "Max", "Min"]), npu=st.sampled_from(sorted(NPUS)),
)  # fmt: skip
def test_every_operand_is_loaded_once_and_one_result_written(count, channels, rows, kind, npu):
    """By hand: count operands and one result of two bytes an element cross DDR, whatever is between them."""
    found = report(f"sum_{kind}_{count}_1_{channels}_{rows}_24", npu)
    assert found.bytes_moved == pytest.approx((count + 1) * channels * rows * 24 * 2)
    assert [node.op_type for node in found.nodes] == [{"Sum": "Add"}.get(kind, kind)] * (count - 1)


@pytest.mark.parametrize("npu", sorted(NPUS))
def test_a_sum_of_two_is_an_addition(npu):
    """At the same price."""
    assert (
        report("sum_Sum_2_1_64_32_32", npu).latency_us
        == report("bin_Add_1_64_32_32_by_1_64_32_32", npu).latency_us
    )


@pytest.mark.parametrize("npu", sorted(NPUS))
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_twice_the_channels_cost_up_to_twice(npu, profile):
    """Of 16 rows of 24 columns, as long as two operands fit (beyond, what is between crosses DDR twice)."""
    channels = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
    times = [report(f"sum_Sum_3_1_{c}_16_24", npu, profile).latency_us for c in channels]
    steps = [(c, b / a) for c, a, b in zip(channels[1:], times, times[1:], strict=False)]
    assert not [step for step in steps if not 1.0 <= step[1] <= 2.3]


@pytest.mark.parametrize("npu", sorted(NPUS))
def test_an_image_of_no_whole_sixteens_is_filled_up_as_it_is_loaded(npu):
    """2,178 numbers cross as they are, thrice."""
    assert report("Add_66_11_3_by_1_66_11_3", npu).bytes_moved == pytest.approx(3 * 2178 * 2)


@pytest.mark.parametrize("npu", sorted(NPUS))
@pytest.mark.parametrize("shape", ["16_64", "42_282", "128_1024"])
def test_what_is_divided_by_a_constant_is_multiplied(npu, shape):
    """Whatever the constant's size: its inverse is a constant, too."""
    divided, multiplied = (report(f"{op}_{shape}_by_{shape}", npu) for op in ("Divc", "Mulc"))
    assert divided.latency_us <= 1.01 * multiplied.latency_us
