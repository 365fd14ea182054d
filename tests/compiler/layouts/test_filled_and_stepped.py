"""Operands that are filled in for the MAC array, and Slices with steps on it, as in Intel's schedules."""

import pytest

from tests.compiler.lowering.test_rare_forms import ddr_bytes, lowered, plan


@pytest.mark.parametrize(
    ("name", "npu", "wanted"),
    [
        ("bin_Mul_1_16_49_128_by_16_1_128", "5010", "mac_array"),
        ("bin_Mul_4_64_512_by_4_1_512", "5010", "mac_array"),
        ("bin_Mul_1_16_49_128_by_16_1_128", "4000", "dsp"),
        ("Mul_4_8_128_64_by_1_4_1_128_64", "5010", "dsp"),
        ("bin_Mul_1_24_512_64_by_1_24_512_1", "5010", "dsp"),
        ("bin_Add_2_16_49_128_by_16_49_1", "3720", "mac_array"),
        ("bin_Add_1_197_1024_by_197_1", "3720", "dsp"),
    ],
)
def test_an_operand_is_filled_in_where_the_array_takes_equal_ones(name, npu, wanted):
    steps = lowered(plan(name, npu))
    assert steps[-1][1] == wanted
    assert (("Broadcast", "dma") in steps) == (wanted == "mac_array")


@pytest.mark.parametrize(
    ("name", "npu", "wanted"),
    [
        ("step_3_0_128_2_with_1_3_128_128", "3720", "stepped"),
        ("step_3_0_64_2_with_1_24_64_64", "5010", "stepped"),
        ("step_2_0_512_2_with_1_64_512", "4000", "stepped"),
        ("step_2_0_256_4_with_1_100_256", "3720", "stepped_expanded"),
        ("step_2_0_256_4_with_1_100_256", "5010", "stepped_copied"),
        ("step_2_0_300_2_with_1_40_300", "3720", "stepped_copied"),
        ("step_2_0_128_2_with_1_16_128", "3720", "strided"),
        ("step_1_0_1000_2_with_8_1000_128", "5010", "strided"),
        ("step_1_0_1024_2_with_512_1024", "3720", "strided"),
    ],
)
def test_a_step_along_rows_or_columns_is_a_convolution(name, npu, wanted):
    assert lowered(plan(name, npu))[-1] == ("Slice", wanted)


def test_a_line_of_uneven_channels_is_filled_through_ddr():
    size, whole, weights = 2 * 100 * 256, 2 * 112 * 256, 20_000  # less than
    found = ddr_bytes(plan("step_2_0_256_4_with_1_100_256"))
    # read, sixteen times as much out and back, whole sixteens out and back, a quarter out
    assert 0 < found - (size + 2 * 16 * size + 2 * whole + size / 4) < weights
    found = ddr_bytes(plan("step_2_0_256_4_with_1_100_256", "5010"))
    assert 0 < found - (3 * size + whole + size / 4) < weights  # a copy within DDR counts once
