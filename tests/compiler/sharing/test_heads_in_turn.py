"""A softmax of two or three heads is a kernel each where products are taken apart, of Intel's schedules."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.op_graphs import build


@pytest.mark.parametrize(
    ("op", "us"), [("attention_3_24_38", 14.78), ("attention_2_30_20", 9.93), ("attention_5_16_20", 5.07)]
)
def test_two_and_three_heads_take_a_kernel_each_and_five_one(op, us):
    machine = load_hardware("panther_lake").replace({"tiles": 3})
    report = simulate(loaded(build(op, weights=False)), machine, "2026-as-released")
    assert report.engines["dsp"] == pytest.approx(us, rel=0.04)
