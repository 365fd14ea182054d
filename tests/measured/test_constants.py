"""What a device says of itself gives the constants of the facts sheet's parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.measured.constants import implied, sentence

PARTS = [  # the sheet's: 155H under Windows, 155H in a container, 270K Plus
    (5734.4, 1400),
    (4300.8, 1050),
    (6553.6, 1600),
]


@pytest.mark.parametrize(("gops", "mhz"), PARTS)
def test_the_clock_follows_from_the_peak(gops, mhz):
    facts = {"platform": "3720", "tiles_max": 2, "gops": {"float16": gops, "int8_t": 2 * gops}}
    found = implied(facts)
    assert (found.generation, found.tiles) == ("3720", 2) and found.mac_clock_mhz == pytest.approx(mhz)
    assert found.options == f"--hw meteor_lake --tiles 2 --clock {mhz}"
    text = sentence(facts, 1300.0, 2)
    assert f"DEVICE_GOPS {gops:g} in fp16" in text and "simulated were a MAC clock of 1300 MHz" in text


def test_five_tiles_of_a_238v():
    found = implied({"platform": "NPU4000", "tiles_max": 5, "gops": None})
    assert found.options == "--hw lunar_lake --tiles 5"
    assert sentence({"platform": "4000", "tiles_max": 5}, 1850.0, 4).endswith("simulated were 4 tiles")


ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dictionaries(st.text(), st.floats())
)


@given(ANY, ANY, ANY)
def test_whatever_a_device_answers_is_no_error(platform, tiles, gops):
    facts = {"platform": platform, "tiles_max": tiles, "gops": gops}
    found = implied(facts)
    assert found.mac_clock_mhz >= 0
    sentence(facts, 1300.0, 2)
