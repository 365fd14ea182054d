"""Windows of an image that are cut into slices, each of which reads it among zeros from DDR."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.compiler.layouts.test_lines import MACHINES
from tests.vendor.builder import Builder
from tests.vendor.nets.late_pictures import strip


def moved(model, name, profile="2026-as-released"):
    """Kilobytes that cross DDR, without the graph's own image and result."""
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    plan = compile_graph(of_model(model, "strips.onnx"), hw, load_profile(profile))
    inner = [
        t for t, label in zip(plan.ask, plan.label, strict=True) if not label.startswith(("x0", "Conv_4"))
    ]
    return sum(t.nbytes for t in inner if isinstance(t, DmaTask)) / 1e3


def strips(channels, rows, columns, taps):
    """A 1x1, a strip along rows, one along columns, beside their input, a 1x1."""
    g = Builder()
    image = g.op("Conv", g.input(1, 16, rows, columns), g.weight(channels, 16, 1, 1))
    x = image
    for high, wide in ((1, taps), (taps, 1)):
        pads = [high // 2, wide // 2] * 2
        x = g.op("Conv", x, g.weight(channels, 1, high, wide), pads=pads, group=channels)
    return g.model(g.op("Conv", g.op("Add", x, image), g.weight(16, channels, 1, 1)))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(
    ("shape", "taps", "kilobytes"),  # Intel's on NPU 3720, 4000, 5010
    [
        ((64, 40, 40), 21, (1666, 1958, 1858)),
        ((160, 20, 20), 21, (1445, 1463, 1441)),
        ((80, 36, 36), 31, (2406, 2891, 2728)),
    ],
)
def test_strips_read_their_image_once_a_slice(shape, taps, kilobytes, profile):
    model = strips(*shape, taps)
    for name, wanted in zip(("meteor_lake", "lunar_lake", "panther_lake"), kilobytes, strict=True):
        assert moved(model, name, profile) == pytest.approx(wanted, rel=0.05)


def test_a_slice_more_is_an_image_more():
    """Of 48 rows: 36 KB of pixels, twelve zeros beside each row in place of ten, and the part the slice sees."""
    on = "lunar_lake"
    two, three = (moved(strips(48, 48, 48, taps), on) for taps in (21, 23))
    image = 48 * 48 * 48 * 2 / 1e3
    assert 2 * image < three - two < 3 * image  # in both strips


def test_windows_the_array_has_stay_inside():
    image = 48 * 48 * 48 * 2 / 1e3
    assert moved(strips(48, 48, 48, 15), "panther_lake") < 4 * image
    assert moved(strips(48, 48, 48, 17), "panther_lake") > 7 * image


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(("name", "crossings"), [("meteor_lake", 3), ("lunar_lake", 1), ("panther_lake", 2)])
def test_sums_of_slices_cross_where_the_next_slice_leaves_no_room(name, crossings, profile):
    """1.638 MB of 32 channels at 160 x 160, written and read (`spill_write` in Intel's schedules): 41 taps are four
    slices on NPU 3720 and 4000 and three on 5010; 41 of 16 channels stay, beside half the image and half the sum."""

    def kilobytes(channels):
        g = Builder()
        return moved(g.model(strip(g, (160, 160), channels, channels, (1, 41))), name, profile)

    small, large = kilobytes(16), kilobytes(32)
    assert large - 2 * small == pytest.approx(2 * crossings * 1638.4, rel=0.03)


@settings(max_examples=min(20, settings().max_examples), deadline=None)
@given(
    taps=st.integers(16, 70),
    padded=st.booleans(),
    name=st.sampled_from(sorted(MACHINES)),
    profile=st.sampled_from(["2026", "2026-as-released"]),
)
def test_a_slice_that_sees_less_than_the_image_moves_no_bytes_back(taps, padded, name, profile):
    """7 x 38 to 67 over a spectrogram of 187 x 96 without padding along its bands (musicnn): the first slice sees
    fewer columns than there are."""
    g = Builder(weights=False)
    x = g.op("Relu", g.op("Conv", g.input(1, 16, 187, 96), g.weight(16, 16, 1, 1)))
    pads = [3, taps // 2 if padded else 0] * 2
    graph = of_model(g.model(g.op("Conv", x, g.weight(204, 16, 7, taps), pads=pads)), "")
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    plan = compile_graph(graph, hw, load_profile(profile))
    assert min(t.nbytes for t in plan.ask if isinstance(t, DmaTask)) >= 0
    assert all(math.isfinite(node.duration_us) for node in simulate(graph, hw, profile, band=False).nodes)
