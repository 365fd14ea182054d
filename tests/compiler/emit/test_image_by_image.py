"""Images of a batch that a convolution takes one after another have transfers of their own, weights too."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.compiler import at_size

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
#: Intel's compiler, us and MB: batch, channels, channels made, window, pixels a side.
SCHEDULES = {
    ("meteor_lake", 8, 8, 16, 3, 16): (28.4, 0.22),
    ("panther_lake", 8, 8, 16, 3, 16): (11.2, 0.24),
    ("meteor_lake", 5, 15, 8, 1, 16): (17.0, 0.106),
}


def run(name, batch, channels, made, window, side, profile="2026-as-released"):
    shape, weight = (batch, channels, side, side), (made, channels, window, window)
    attributes = {"kernel_shape": (window, window), "pads": (window // 2,) * 4}
    graph = at_size.one_op("Conv", {"x": shape}, (batch, made, side, side), {"w": weight}, attributes)
    return simulate(graph, load_hardware(name).replace({"step.minimum_ns": 0.0}), profile, band=False)


def waits_us(name, transfers):
    dma = load_hardware(name).dma
    return transfers * float(dma.latency_ns) / 1e3 / float(dma.ports)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("name", NPUS)
@settings(max_examples=min(10, settings().max_examples), deadline=None)
@given(
    batch=st.integers(2, 12), channels=st.sampled_from([6, 15, 16, 24, 32]), side=st.sampled_from([8, 16, 32])
)
def test_more_images_take_longer_and_twice_as_many_at_most_two_and_a_half_times_as_long(
    name, profile, batch, channels, side
):
    once, twice = (run(name, n * batch, channels, 16, 3, side, profile).latency_us for n in (1, 2))
    assert once <= twice * 1.001 and twice <= 2.5 * once


@pytest.mark.parametrize("case", SCHEDULES)
def test_small_images_are_near_intels_schedule(case):
    us, megabytes = SCHEDULES[case]
    report = run(*case)
    assert 0.8 <= report.latency_us / us <= 1.25
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.15)


def test_the_transfers_of_small_images_wait_for_one_another():
    """Two loads, one of weights and two writes an image on NPU 3720."""
    assert run("meteor_lake", 8, 6, 6, 3, 8).latency_us > waits_us("meteor_lake", 8 * 5)


def test_channels_that_fill_no_sixteens_are_copied_with_such_within_ddr():
    """Ten images of 15 x 96 x 96 as sixteen channels: 2.9 MB; four channels are taken as they are."""
    copies = {n.name: n.bytes_moved for n in run("meteor_lake", 10, 15, 11, 3, 96).nodes}
    assert copies["x/padded"] == 10 * 16 * 96 * 96 * 2
    assert "x/padded" not in {n.name for n in run("meteor_lake", 4, 4, 32, 3, 32).nodes}


@pytest.mark.parametrize("rows, crosses", [(28, True), (40, False), (56, False)])
def test_poolings_of_a_batch_read_more_than_28_rows_where_they_were_turned(rows, crosses):
    shape, made = (4, 64, rows, rows), (4, 64, rows // 2, rows // 2)
    graph = at_size.one_op(
        "MaxPool", {"x": shape}, made, attributes={"kernel_shape": (2, 2), "strides": (2, 2)}
    )
    report = simulate(graph, load_hardware("meteor_lake"), "2026-as-released", band=False)
    assert ("turned" in "".join(t.name for t in report.tasks if "write" in t.name)) is crosses


@pytest.mark.parametrize("name, us", [("meteor_lake", 138.9), ("panther_lake", 66.0)])
def test_scaled_images_cross_so_too(name, us):
    """Four images of 256 x 23 x 45, whose pixels the DMA turns."""
    shape, each = (4, 256, 23, 45), dict.fromkeys(("scale", "b", "mean", "var"), (256,))
    graph = at_size.one_op("BatchNormalization", {"x": shape}, shape, each)
    hw = load_hardware(name).replace({"step.minimum_ns": 0.0})
    assert 0.8 <= simulate(graph, hw, "2026-as-released", band=False).latency_us / us <= 1.2
