"""Several lines as one image: counted by hand, and shapes of Intel's schedules of NPU 3720."""

from dataclasses import replace

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.lowering.batched_lines import is_batched_line, lines_at_once
from npusim.compiler.lowering.filled_lines import pooled_in_columns
from npusim.compiler.plan import DmaTask, Plan
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Value
from npusim.onnx_io import of_model
from npusim.work import MacOp, MacWork
from tests.vendor.builder import Builder

PROFILES = ["2026", "2026-as-released"]


def line(*shape: int) -> Value:
    return Value("x", shape, DType.FLOAT16)


def window(batch: int, places: int, taps: int, stride: int, channels: int) -> MacWork:
    read = batch * places * stride
    return MacWork(
        MacOp.CONVOLUTION, batch * places, 1, channels, channels, read, 1, kernel_h=taps, stride_h=stride
    )


def test_lines_that_keep_their_length_are_rows() -> None:
    (work,) = lines_at_once((window(8, 512, 5, 1, 128),), line(8, 128, 512), line(8, 128, 512))
    assert isinstance(work, MacWork)
    assert (work.out_h, work.out_w, work.in_h, work.in_w) == (8, 512, 8, 512)
    assert (work.kernel_h, work.kernel_w, work.stride_h, work.stride_w) == (1, 5, 1, 1)


def test_lines_that_become_shorter_and_images_of_a_column_are_columns() -> None:
    for before, after in (
        (line(4, 128, 512), line(4, 128, 256)),
        (line(4, 128, 512, 1), line(4, 128, 256, 1)),
    ):
        (work,) = lines_at_once((window(4, 256, 3, 2, 128),), before, after)
        assert isinstance(work, MacWork)
        assert (work.out_h, work.out_w, work.in_h, work.in_w) == (256, 4, 512, 4)
        assert (work.kernel_h, work.kernel_w, work.stride_h, work.stride_w) == (3, 1, 2, 1)


def test_one_line_pixels_and_images_stay() -> None:
    assert not any(map(is_batched_line, (line(1, 8, 64), line(8, 64, 1, 1), line(8, 64, 4, 4), line(8, 64))))
    works = (window(1, 512, 5, 1, 128),)
    assert lines_at_once(works, line(1, 128, 512), line(1, 128, 512)) is works


def moved(batch: int, *windows: tuple[int, int], profile: str) -> float:
    """MB through DDR of windows (taps, stride) of 64 channels over 512 places."""
    g = Builder()
    x = g.input(batch, 64, 512)
    for taps, stride in windows:
        pad = taps // 2
        w = g.weight(64, 64, taps), g.weight(64)
        x = g.op("Relu", g.op("Conv", x, *w, pads=[pad, pad], strides=[stride]))
    hw = load_hardware("meteor_lake").replace({"tiles": 2})
    plan = compile_graph(of_model(g.model(x), "lines.onnx"), hw, load_profile(profile))
    tasks = (t for t in plan.ask if isinstance(t, DmaTask) and "ddr" in (t.source, t.destination))
    return sum(t.nbytes for t in tasks) / 1e6


@pytest.mark.parametrize("profile", PROFILES)
def test_weights_of_several_lines_are_read_once_and_results_stay(profile: str) -> None:
    """Two lines: 131 KB in, 131 out, three times 25 of weights; 339 KB in Intel's schedule."""
    assert moved(2, (3, 1), (3, 1), (3, 1), profile=profile) == pytest.approx(0.339, rel=0.02)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_line_crosses_ddr_in_front_of_a_window_that_shortens_it_and_behind(profile: str) -> None:
    """262 KB out and in, and 131 behind it, beside 262 in, 131 out and weights."""
    least = 0.262 + 2 * 0.262 + 2 * 0.131 + 0.131
    assert moved(4, (3, 1), (3, 2), (3, 1), profile=profile) == pytest.approx(least + 0.076, rel=0.02)


def test_lines_are_pooled_one_by_one_in_columns() -> None:
    """16 of 128 places by two: 16 x 32 rows of four columns become 16 x 16."""
    pool = MacWork(MacOp.MAX_POOL, 16 * 64, 1, 64, 64, 16 * 128, 1, kernel_h=2, stride_h=2)
    (work,) = lines_at_once((pool,), line(16, 64, 128), line(16, 64, 64))
    assert isinstance(work, MacWork)
    assert (work.out_h, work.out_w, work.in_h, work.in_w) == (16 * 16, 4, 16 * 32, 4)
    assert not pooled_in_columns(512, window(4, 256, 3, 2, 128))  # no pooling
    assert not pooled_in_columns(500, replace(pool, kernel_h=8, stride_h=8))  # 62 results fill no fours


def _plan(*nodes: str, batch: int, hw: str, profile: str) -> Plan:
    """Two convolutions of 64 channels over 256 places, then `nodes`; the last, if there are any, names the batch."""
    g = Builder(weights=False)
    x = g.input(batch, 64, 256)
    for _ in range(2):
        x = g.op("Relu", g.op("Conv", x, g.weight(64, 64, 3), g.weight(64), pads=[1, 1]))
    for kind in nodes:
        if kind == "MaxPool":
            x = g.op(kind, x, kernel_shape=[2], strides=[2])
        elif kind == "ReduceMean":
            x = g.op(kind, x, axes=[2], keepdims=0)
        else:
            x = g.op(kind, x, g.const([batch, 1, -1]))
    machine = load_hardware(hw).replace({"tiles": 3})
    return compile_graph(of_model(g.model(x), "lines.onnx"), machine, load_profile(profile))


def _crossing(plan: Plan) -> float:
    tasks = (t for t in plan.ask if isinstance(t, DmaTask) and "ddr" in (t.source, t.destination))
    return sum(t.nbytes for t in tasks)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("hw", ["lunar_lake", "panther_lake"])
def test_lines_that_nothing_calls_are_one_image_there_too(hw: str, profile: str) -> None:
    """Weights cross once: what names its batch, and eleven lines; called are up to ten."""
    assert set(_plan("Reshape", batch=8, hw=hw, profile=profile).repeats) == {1}
    assert max(_plan(batch=8, hw=hw, profile=profile).repeats) == 8
    assert set(_plan(batch=11, hw=hw, profile=profile).repeats) == {1}


@pytest.mark.parametrize("profile", PROFILES)
def test_lines_cross_around_poolings_and_in_front_of_means(profile: str) -> None:
    plain, pooled, mean = (
        _crossing(_plan(*nodes, "Reshape", batch=8, hw="panther_lake", profile=profile))
        for nodes in ((), ("MaxPool",), ("ReduceMean",))
    )
    whole = 8 * 64 * 256 * 2
    assert pooled == pytest.approx(plain + 2 * whole - whole / 2, rel=0.01)  # out, in; half of it leaves
    assert mean > plain + whole
