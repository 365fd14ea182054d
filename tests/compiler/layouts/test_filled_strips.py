"""Images of the graph that are padded in DDR for what reads one channel at a time, NPU 3720, as released."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.compiler import at_size

#: Channels, rows and columns: Intel's compiler, us, of a mean over all pixels.
MEANS = {(475, 44): 234.4, (640, 45): 334.0, (928, 71): 1160.0, (1472, 41): 645.5}


def mean_of(channels, side, name="meteor_lake", profile="2026-as-released"):
    graph = at_size.one_op("GlobalAveragePool", {"x": (1, channels, side, side)}, (1, channels, 1, 1))
    return simulate(graph, load_hardware(name).replace({"step.minimum_ns": 0.0}), profile, band=False)


def copied(report):
    return sum(n.bytes_moved for n in report.nodes if n.name == "x/padded")


@pytest.mark.parametrize("case", MEANS)
def test_a_mean_over_an_image_that_does_not_fit_is_near_intels_schedule(case):
    assert 0.9 <= mean_of(*case).latency_us / MEANS[case] <= 1.1


def test_its_rows_are_copied_with_whole_sixteens_of_columns():
    """475 x 44 rows of 48 columns."""
    assert copied(mean_of(475, 44)) == 475 * 44 * 48 * 2


@pytest.mark.parametrize("channels, side", [(26, 118), (64, 197), (224, 69), (64, 236), (475, 20)])
def test_strips_of_columns_and_images_that_fit_are_padded_as_they_are_loaded(channels, side):
    assert copied(mean_of(channels, side)) == 0


def test_by_law_none_is():
    assert copied(mean_of(475, 44, profile="2026")) == 0
