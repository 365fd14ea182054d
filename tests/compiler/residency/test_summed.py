"""A window, the kernel behind it and an addition that run at the same time; few results of a folded image."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, silu
from tests.vendor.nets.vision import relu6

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}


def bottleneck(side: int, channels: int):
    """YOLO's: a 1x1, then 3x3 and Swish, added to what came in, and a 1x1 behind."""
    g = Builder()
    x = silu(g, conv(g, g.input(1, channels, side, side), channels, channels, 1))
    x = g.op("Add", x, silu(g, conv(g, x, channels, channels, 3)))
    return g.model(conv(g, x, channels, channels, 1))


def stem(width: int, side: int, kernel: bool):
    """A 3x3 over an image of three channels, and a depthwise 3x3, with or without a kernel in between."""
    g = Builder()
    x = conv(g, g.input(1, 3, side, side), 3, width, 3, 2)
    x = g.op("HardSwish", x) if kernel else relu6(g, x)
    return g.model(conv(g, conv(g, x, width, width, 3, 1, width), width, width, 1))


def planned(model, npu: str, profile: str = "2026-as-released"):
    name, tiles = HARDWARE[npu]
    return compile_graph(loaded(model), load_hardware(name).replace({"tiles": tiles}), load_profile(profile))


def crossing(plan) -> float:
    return sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask) and "ddr" in (a.source, a.destination))


@pytest.mark.parametrize(
    ("npu", "side", "channels", "together"),
    [
        ("3720", 40, 64, True),
        ("3720", 16, 128, True),
        ("3720", 10, 256, False),  # small
        ("3720", 64, 32, False),  # its kernel takes longer
        ("4000", 38, 64, True),
        ("4000", 32, 64, False),
        ("5010", 40, 64, False),  # Swish is the lookup unit's
    ],
)
def test_a_window_its_kernel_and_a_sum_run_at_the_same_time(npu, side, channels, together):
    plan = planned(bottleneck(side, channels), npu)
    found = [s.reason for s in plan.steps if "2 strips (Conv, Swish, Add)" in s.reason]
    assert len(found) == 3 * together
    default = planned(bottleneck(side, channels), npu, "2026")
    assert sum("2 strips (Conv, Swish, Add)" in s.reason for s in default.steps) == len(found)


@pytest.mark.parametrize(
    ("width", "side", "kernel", "stays"),
    [(16, 256, False, True), (16, 224, False, True), (16, 224, True, False), (32, 256, False, False)],
)
def test_few_results_of_a_folded_image_stay_in_rows_for_a_depthwise_window(width, side, kernel, stays):
    plan = planned(stem(width, side, kernel), "3720")
    result = width * side * side / 4 * 2
    crosses = [a for a, label in zip(plan.ask, plan.label, strict=True) if isinstance(a, DmaTask)
               and a.destination == "ddr" and ("Clip_1" in label or "Conv_0" in label)]  # fmt: skip
    assert (sum(a.nbytes for a in crosses) < result) == stays


def test_taps_that_see_nothing_but_padding_are_left_out():
    def model(apart: int, window: int):
        g = Builder()
        weights = g.weight(64, 1, window, window), g.weight(64)
        pads = [apart * (window // 2)] * 4
        x = g.op("Conv", g.input(1, 64, 16, 16), *weights, dilations=[apart] * 2, pads=pads, group=64)
        return g.model(x)

    for npu in HARDWARE:
        one, far = planned(model(1, 1), npu), planned(model(18, 3), npu)
        assert crossing(far) <= 1.1 * crossing(one)


@pytest.mark.parametrize(("factor", "kernel"), [(2, False), (4, True), (8, True)])
def test_lines_between_pixels_are_a_kernel_and_leave_the_graph_through_two_passes(factor, kernel):
    g = Builder()
    x = conv(g, g.input(1, 64, 32, 32), 64, 21, 1)
    x = g.op("Resize", x, "", g.const_f32([1.0, 1.0, factor, factor]), mode="linear")
    plan = planned(g.model(x), "3720")
    step = next(s for s in plan.steps if s.node.op_type == "Resize")
    assert (step.engine == "dsp") == kernel
    if (
        kernel
    ):  # written three times and read twice (Intel's schedules of 21 channels; of 19 at twice the size)
        result = 21 * (32 * factor) ** 2 * 2
        assert crossing(plan) == pytest.approx(5 * result, rel=0.1)
