"""When a product is taken apart for those who read its channels: as in Intel's schedules of NPU 4000 and 5010."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.fuse.cut_products import cut_products
from npusim.graph import Graph
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, cut, linear, rmsnorm, silu
from tests.vendor.placement import HARDWARE


def products(few: int, one_row: bool) -> int:
    """Of a gated layer over 32 rows: 128 channels of gate and 128 + `few` of values cut out of one product."""
    g = Builder()
    x = g.input(1, 32, 64)
    gate, value, rest = g.op(
        "Split", linear(g, x, 64, 256 + few, False), g.const([128, 128, few]), count=3, axis=2
    )
    value = g.op("Softmax", value, axis=1)
    y = rmsnorm(g, g.op("Mul", value, silu(g, gate)), 128)
    y = cut(g, y, 1, 31, 32) if one_row else y
    graph = cut_products(loaded(g.model(y, rest)))
    return sum(n.op_type == "MatMul" for n in graph.nodes)


@pytest.mark.parametrize(
    ("few", "one_row", "count"),
    [
        (16, False, 3),
        (16, True, 1),  # a slice of one row ends at the gate: 192 x 1,024 by 4,384 is one product there
        (24, False, 1),  # 24 heads: 3,352 channels are one product there
    ],
)
def test_products_taken_apart(few, one_row, count) -> None:
    assert products(few, one_row) == count


def gated_image(by_slices: bool, window: int, size: int) -> Graph:
    """Tanh and sigmoid of the halves of a convolution's 64 channels, multiplied, behind and in front of a 3x3."""
    g = Builder()
    y = conv(g, g.input(1, 32, size, size), 32, 32)
    y = conv(g, y, 32, 64, window)
    halves = [cut(g, y, 1, 0, 32), cut(g, y, 1, 32, 64)] if by_slices else g.op("Split", y, count=2, axis=1)
    z = g.op("Mul", g.op("Tanh", halves[0]), g.op("Sigmoid", halves[1]))
    return loaded(g.model(conv(g, z, 32, 32)))


def convolutions(graph: Graph, images_alone: bool = False) -> int:
    return sum(n.op_type == "Conv" for n in cut_products(graph, images_alone).nodes)


@pytest.mark.parametrize("window", [1, 3])
def test_a_convolution_is_taken_apart_for_slices_not_for_a_split_without_sizes(window) -> None:
    assert convolutions(gated_image(False, window, 40)) == 3
    assert convolutions(gated_image(True, window, 40)) == 4


@pytest.mark.parametrize(
    ("sizes", "axes", "everywhere", "images"),
    [((32, 32), 2, 2, 2), ((16, 48), 2, 2, 2), ((24, 40), 2, 1, 1), ((32, 32), 1, 2, 1)],
)
def test_a_split_with_sizes_in_whole_sixteens_takes_a_convolution_apart(
    sizes, axes, everywhere, images
) -> None:
    """On NPU 3720 of images only, not of lines."""
    g = Builder()
    x = g.op(
        "Conv", g.input(1, 32, *[40] * axes), g.weight(64, 32, *[3] * axes), g.weight(64), pads=[1] * 2 * axes
    )
    parts = g.op("Split", x, g.const(list(sizes)), count=2, axis=1)
    graph = loaded(g.model(g.op("Concat", parts[1], g.op("Tanh", parts[0]), axis=1)))
    assert (convolutions(graph), convolutions(graph, images_alone=True)) == (everywhere, images)


@pytest.mark.parametrize(("kind", "found"), [("Relu", 2), ("LeakyRelu", 2), ("Sigmoid", 1)])
def test_what_rides_behind_the_array_rides_behind_each_part(kind, found) -> None:
    g = Builder()
    parts = g.op(
        "Split", g.op(kind, conv(g, g.input(1, 32, 40, 40), 32, 64)), g.const([16, 48]), count=2, axis=1
    )
    graph = loaded(g.model(g.op("Concat", parts[1], g.op("Tanh", parts[0]), axis=1)))
    assert convolutions(graph) == convolutions(graph, images_alone=True) == found
    assert sum(n.op_type == kind for n in cut_products(graph).nodes) == found


@pytest.mark.parametrize(("npu", "tiles", "mb", "us"), [("4000", 4, 1.3, 0.0), ("5010", 3, 0.9, 34.6)])
def test_halves_of_a_split_image_and_what_kernels_make_of_them_stay_inside(npu, tiles, mb, us) -> None:
    """56 x 56, a window of 3: bytes, and the total of NPU 5010, in Intel's schedules."""
    hw = load_hardware(HARDWARE[npu]).replace({"tiles": tiles, "step.minimum_ns": 0.0})
    report = simulate(gated_image(False, 3, 56), hw, "2026-as-released", band=False)
    assert report.bytes_moved / 1e6 == pytest.approx(mb, rel=0.15)
    if us:
        assert report.latency_us == pytest.approx(us, rel=0.15)
        assert next(n for n in report.nodes if n.op_type == "Mul").engine == "mac_array"
