"""Average poolings that do not count their padding: edges and corners of a lone one, in profile 2026."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.compiler import at_size

#: Intel's compiler, us: its schedules of 3 x 3 and of 5 x 5 at stride 1 that do not count their padding.
SCHEDULES = {
    ("meteor_lake", 64, 30, 3): 51.05,
    ("panther_lake", 64, 30, 3): 24.36,
    ("meteor_lake", 48, 20, 5): 40.16,
    ("panther_lake", 48, 20, 5): 17.84,
    ("meteor_lake", 16, 8, 3): 25.5,
    ("meteor_lake", 32, 224, 3): 381.4,
    ("panther_lake", 32, 224, 3): 146.7,
}


def run(name, channels, side, kernel, counted=0, wide=0):
    shape = (1, channels, side, wide or side)
    attributes = {
        "kernel_shape": (kernel, kernel),
        "strides": (1, 1),
        "pads": (kernel // 2,) * 4,
        "count_include_pad": counted,
    }
    graph = at_size.one_op("AveragePool", {"x": shape}, shape, attributes=attributes)
    machine = load_hardware(name).replace({"step.minimum_ns": 0.0})
    return simulate(graph, machine, "2026", band=False)


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_lone_pooling_is_near_intels_schedule(case):
    assert 0.8 <= run(*case).latency_us / SCHEDULES[case] <= 1.2


def test_one_that_counts_its_padding_has_no_edges():
    assert "x/edges" in {n.name for n in run("meteor_lake", 64, 30, 3).nodes}
    assert "x/edges" not in {n.name for n in run("meteor_lake", 64, 30, 3, counted=1).nodes}


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
@pytest.mark.parametrize("channels", [16, 128, 1024])
@pytest.mark.parametrize("side", [16, 112])
def test_edges_are_made_once_whatever_the_pieces_of_the_image(name, channels, side):
    """Cut in three pieces with their edges, 96 x 112 x 80 and 96 x 224 x 80 cost 153 and 427 us on NPU 4000."""
    once, twice = (run(name, channels, side, 3, wide=n).latency_us for n in (80, 160))
    assert once <= twice <= 2.3 * once
