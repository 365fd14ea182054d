"""Images whose channels the tiles of NPU 3720 share cross in one transfer for both, as released."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.compiler import at_size

#: Intel's compiler, us: channels, pixels a side, kernel and stride of a pooling.
SCHEDULES = {(32, 24, 3, 1): 10.28, (32, 40, 3, 2): 15.6, (32, 56, 2, 2): 25.22, (256, 20, 5, 1): 54.35}


def pooled(channels, side, kernel, stride, name="meteor_lake", profile="2026-as-released"):
    made = (1, channels, side // stride, side // stride)
    attributes = {"kernel_shape": (kernel,) * 2, "strides": (stride,) * 2}
    attributes["pads"] = (kernel // 2 if kernel > stride else 0,) * 4
    graph = at_size.one_op("MaxPool", {"x": (1, channels, side, side)}, made, attributes=attributes)
    return simulate(graph, load_hardware(name).replace({"step.minimum_ns": 0.0}), profile, band=False)


def ports(report, name):
    return {t.engine for t in report.tasks if t.name == name}


def test_all_tiles_get_the_image_and_give_the_result_by_one_port():
    report = pooled(128, 56, 2, 2)
    assert len(ports(report, "x/turned/load")) == 1 == len(ports(report, "y/write"))


@pytest.mark.parametrize(
    "changed", [{"channels": 48}, {"profile": "2026"}, {"name": "panther_lake"}, {"side": 80}]
)
def test_of_uneven_sixteens_by_law_and_on_later_npus_both_ports_bring_it(changed):
    case = {"channels": 128, "side": 56, "kernel": 2, "stride": 2} | changed
    assert len(ports(pooled(**case), "y/write")) == 2


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_lone_pooling_is_near_intels_schedule(case):
    assert 0.85 <= pooled(*case).latency_us / SCHEDULES[case] <= 1.15
