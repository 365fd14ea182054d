"""An average pooling whose size is rounded up is a DSP kernel on one tile (profile 2026)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.graph import Graph, Node
from npusim.simulation import simulate
from tests.compiler.residency.test_joined_images import HARDWARE, POINT, image, weight


def pooled(size, channels, rounded, kernel=2):
    """A 1x1 convolution, a pooling of stride 2, a 1x1 convolution."""
    out = (size - kernel + rounded) // 2 + 1
    values = [
        image("x", 16, size),
        image("a", channels, size),
        image("p", channels, out),
        image("y", 32, out),
    ]
    values += [weight("wa", channels, 16, 1, 1), weight("wy", 32, channels, 1, 1)]
    pool = {"kernel_shape": (kernel,) * 2, "strides": (2, 2), "ceil_mode": rounded}
    nodes = [
        Node("Conv_a", "Conv", ("x", "wa"), ("a",), POINT),
        Node("Pool", "AveragePool", ("a",), ("p",), pool),
        Node("Conv_y", "Conv", ("p", "wy"), ("y",), POINT),
    ]
    return Graph("pooled", tuple(nodes), {v.name: v for v in values}, ("x",), ("y",), opset=20)


def of_pool(graph, npu, profile="2026-as-released"):
    """The pooling's record."""
    found = simulate(graph, load_hardware(HARDWARE[npu]), profile, band=False).nodes
    return next(n for n in found if n.name == "Pool")


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("npu", HARDWARE)
def test_it_is_a_kernel_though_nothing_is_left_over(npu, profile):
    """64 channels at 56 x 56 by two: a kernel (`avg_pool`), on one tile; not rounded up the MAC array pools."""
    node = of_pool(pooled(56, 64, 1), npu, profile)
    assert (node.engine, node.lowering, node.tiles) == ("dsp", "rounded_up", 1)
    assert of_pool(pooled(56, 64, 0), npu, profile).engine == "mac_array"


@settings(max_examples=20, deadline=None)
@given(size=st.integers(8, 64), channels=st.sampled_from([16, 64, 96]), kernel=st.integers(2, 3))
def test_it_works_through_its_input_and_its_result(size, channels, kernel):
    """Intel's schedules of NPU 5010: 213.8 us for 64 x 56 x 56 by two, 85.8 for 256 x 14 x 14 of stride 1."""
    graph = pooled(size, channels, 1, kernel)
    node = of_pool(graph, "5010")
    elements = graph.values["a"].elements + graph.values["p"].elements
    assert node.dsp_elements == elements
    assert node.busy_us["dsp"] == pytest.approx(elements * 0.949 / 1114, rel=0.02)


def test_the_price_of_intels_schedule():
    assert of_pool(pooled(56, 64, 1), "5010").busy_us["dsp"] == pytest.approx(213.8, rel=0.02)
