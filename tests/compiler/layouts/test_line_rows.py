"""Large lines are read as rows of places by their convolutions, as Intel's compiler 8.4 does."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.compiler.layouts.test_lines import MACHINES, moved
from tests.vendor.builder import Builder


def line(channels, places, taps, dilation=1, convolutions=1, results=None):
    g = Builder()
    x = g.input(1, channels, places)
    for _ in range(convolutions):
        weights = g.weight(results or channels, channels, taps), g.weight(results or channels)
        x = g.op("Relu", g.op("Conv", x, *weights, pads=[dilation * (taps // 2)] * 2, dilations=[dilation]))
    return g.model(x)


def columns(model, name, profile="2026-as-released"):
    """Places in a row of what the convolutions make."""
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    plan = compile_graph(of_model(model, "line.onnx"), hw, load_profile(profile))
    works = [t.alternatives[0][0] for t in plan.ask if isinstance(t, MacTask)]
    return {int(w.out_w) for w in works if max(w.kernel_h, w.kernel_w) > 1}


@pytest.mark.parametrize(
    ("channels", "places", "taps", "name", "wanted"),
    [
        (512, 1040, 3, "meteor_lake", 52),
        (512, 1040, 3, "lunar_lake", 20),
        (512, 1040, 3, "panther_lake", 26),
        (512, 1500, 3, "panther_lake", 75),
        (512, 480, 5, "panther_lake", 20),
        (512, 640, 3, "panther_lake", 16),  # 503 million multiply-accumulates
        (512, 632, 3, "panther_lake", 1),  # 497
        (512, 600, 3, "meteor_lake", 1),
        (512, 1250, 3, "panther_lake", 1),  # no fours of rows
    ],
)
def test_rows_are_as_many_as_divide_the_line_in_fours_up_to_sixteen_a_tile(
    channels, places, taps, name, wanted
):
    assert columns(line(channels, places, taps), name) == {wanted}


def test_taps_between_those_of_a_dilated_window_count():
    assert columns(line(256, 2048, 3, dilation=4), "panther_lake") == {64}
    assert columns(line(256, 1500, 3, dilation=2), "panther_lake") == {1}  # 492 million of five taps


def test_on_npu_5010_channels_that_are_no_sixteens_stay_a_line():
    for channels, results in ((250, 256), (256, 250)):
        assert columns(line(channels, 2000, 5, results=results), "panther_lake") == {1}
        assert columns(line(channels, 2000, 5, results=results), "lunar_lake") == {50}


def test_a_lone_line_is_read_so_by_profile_2026_too_by_degrees():
    """Just large enough, it takes the slots of a column (tests/compiler/lowering/test_lone_lines.py)."""
    assert columns(line(512, 1040, 3), "panther_lake", "2026") == columns(
        line(512, 1040, 3), "panther_lake", "2026-as-released"
    )


CHAINS = [
    (line(384, 1024, 5, convolutions=2), 10.48, 0),
    (line(256, 1024, 3, 4, convolutions=3), 9.56, 2 * 0.524),
]


@pytest.mark.parametrize(("model", "mb", "borders"), CHAINS)
def test_so_are_those_inside_a_graph_from_ddr(model, mb, borders):
    """Each is copied with its border, if it was made in one piece, then row by row: bytes of Intel's schedules.
    Profile 2026 never copies it with its border, for the law of more scratchpad."""
    found = moved(model, "panther_lake") / 1e6
    assert found == pytest.approx(mb, rel=0.1)
    assert moved(model, "panther_lake", "2026") / 1e6 == pytest.approx(found - borders, rel=0.01)
