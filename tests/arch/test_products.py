"""Names of products lead to the NPU in them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.errors import BadHardware


@pytest.mark.parametrize(
    "name, npu",
    [
        ("Core Ultra 7 155H", "3720"), ("Intel Core Ultra 7 165H", "3720"), ("155h", "3720"), ("135U", "3720"),
        ("Core Ultra 9 285H", "3720"), ("Core Ultra 7 270K Plus", "3720"), ("Arrow Lake", "3720"),
        ("Core Ultra 7 258V", "4000"), ("Ultra 9 288V", "4000"), ("238V", "4000"),
        ("Core Ultra X9 388H", "5010"), ("Core Ultra 7 355", "5010"), ("4000", "4000"), ("NPU 3720", "3720"),
        ("Intel(R) Core(TM) Ultra 7 258V", "4000"), ("Intel® Core™ Ultra 7 processor 155H", "3720"),
    ],
)  # fmt: skip
def test_a_product_is_understood(name, npu):
    assert load_hardware(name).generation == npu


@pytest.mark.parametrize("name", ["155", "475H", "Core i7 1355U", "258W", "Ultra", "9999"])
def test_what_is_no_product_with_an_npu_is_refused(name):
    with pytest.raises(BadHardware, match="no hardware named"):
        load_hardware(name)
