"""Several lines as one image: counted by hand, and shapes of Intel's schedules of NPU 3720."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.lowering.batched_lines import is_batched_line, lines_at_once
from npusim.compiler.plan import DmaTask
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
