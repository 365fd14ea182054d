"""Numbers for people: three significant digits, a unit that fits, never a zero that hides something."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.terminal.units import SMALLEST_US, digits, nbytes, per_second, rate, scaled, time, times

UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6}


def value_us(text: str) -> float:
    number, unit = text.replace(",", "").split()
    return float(number) * UNITS_US[unit]


@given(st.floats(SMALLEST_US, 1e12))
def test_a_time_read_back_is_the_time_to_half_a_percent(us):
    assert value_us(time(us)) == pytest.approx(us, rel=0.005)


@given(st.floats(0.01, 999e6))
def test_a_time_has_three_digits_and_no_unit_that_is_too_small(us):
    number, unit = time(us).split()
    assert len(re.sub(r"^0\.0*|[.,]", "", number)) == 3
    assert unit == "s" or float(number.replace(",", "")) < 1000


@given(st.floats(-1e9, 1e9))
def test_a_change_keeps_its_sign(us):
    shown = time(us, sign=True)
    if abs(us) < SMALLEST_US:
        assert shown == "0 us"
    else:
        assert shown.startswith("+" if us > 0 else "-")


@given(st.floats(1, 1e15))
def test_a_count_read_back_is_the_count_to_half_a_percent(count):
    number, _, prefix = scaled(count).rpartition(" ")
    factor = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[prefix]
    assert float(number.replace(",", "")) * factor == pytest.approx(count, rel=0.006)


@pytest.mark.parametrize(
    ("us", "shown"),
    [
        (0, "0 us"),
        (0.0004, "0 us"),
        (0.21, "0.210 us"),
        (9.996, "10.0 us"),
        (254.133, "254 us"),
        (999.4, "999 us"),
        (999.6, "1.00 ms"),
        (2229442.285, "2.23 s"),
        (1.5e10, "15,000 s"),
    ],
)
def test_times_by_hand(us, shown):
    assert time(us) == shown


def test_counts_rates_and_bands_by_hand():
    assert scaled(4089184256) + "MAC" == "4.09 GMAC"
    assert (nbytes(17), nbytes(12800), nbytes(0)) == ("17 B", "12.8 KB", "0 B")
    assert rate(882560, 254, "MAC/s") == "3.47 GMAC/s"
    assert times(820, 1234) == "820 to 1,230 us"
    assert times(8200, 12340) == "8.20 to 12.3 ms"
    assert times(3_590_000, 6_380_000) == "3.59 to 6.38 s"
    assert digits(-1234.5) == "-1,230"


@pytest.mark.parametrize(
    ("us", "said"),
    [(360.2, "2,776 per second"), (28_000, "35.7 per second"), (1e6, "1.0 per second"), (2e9, ""), (0, "")],
)
def test_nothing_happens_no_times_a_second(us, said):
    assert per_second(us) == said
