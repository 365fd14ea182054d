"""Average poolings that do not count their padding are joined in DDR, as in Intel's schedules."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.profile import load_profile
from npusim.measures import ddr_bytes
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

IMAGE_BYTES = 56 * 56 * 64 * 2


def _moved(hw: str, profile: str = "2026-as-released", **attributes: object) -> float:
    g = Builder(weights=False)
    x = conv(g, g.input(1, 64, 56, 56), 64, 64, 1)
    x = g.op("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], **attributes)
    graph = of_model(g.model(conv(g, x, 64, 64, 1)), "")
    plan = compile_graph(graph, load_hardware(hw), load_profile(profile))
    return sum(map(ddr_bytes, plan.ask, plan.repeats))


@pytest.mark.parametrize(
    (
        "hw",
        "images",
    ),  # written behind the pooling and read; in front of it written, its edges read, or all of it
    [("meteor_lake", 3 + 8 / 56), ("lunar_lake", 2), ("panther_lake", 4 + 8 / 56)],
)
def test_parts_are_joined_in_ddr(hw: str, images: float) -> None:
    counted = _moved(hw, pads=[1] * 4, count_include_pad=1)
    assert _moved(hw, pads=[1] * 4) - counted == pytest.approx(images * IMAGE_BYTES)


@pytest.mark.parametrize("hw", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_a_large_one_is_cut(hw: str) -> None:
    g = Builder(weights=False)
    x = g.op("AveragePool", g.input(1, 1024, 112, 224), kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
    plan = compile_graph(of_model(g.model(x), ""), load_hardware(hw), load_profile("2026-as-released"))
    assert plan.steps[-1].pieces > 1


def test_elsewhere_it_stays_inside() -> None:
    """Nothing reaches over the edge; another profile."""
    assert _moved("lunar_lake") < 2.5 * IMAGE_BYTES
    with_padding = _moved("lunar_lake", "2026", pads=[1] * 4, count_include_pad=1)
    assert _moved("lunar_lake", "2026", pads=[1] * 4) == with_padding
