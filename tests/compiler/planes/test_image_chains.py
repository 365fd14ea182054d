"""Images of a batch pass convolutions and poolings in a row one after another."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import load_profile
from npusim.graph import Graph
from npusim.measures import ddr_bytes
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu
from tests.vendor.tables import graph_of

TABLE_BYTES = 16


def _row(batch: int, layers: int = 3, channels: int = 32, side: int = 32) -> Graph:
    g = Builder(weights=False)
    x = g.input(batch, channels, side, side)
    for _ in range(layers):
        x = conv_relu(g, x, channels, channels)
    return of_model(g.model(x), "")


def _plan(graph: Graph, hw: str, profile: str = "2026-as-released") -> Plan:
    return compile_graph(graph, load_hardware(hw), load_profile(profile))


def _bytes(plan: Plan) -> float:
    return sum(map(ddr_bytes, plan.ask, plan.repeats))


@pytest.mark.parametrize("batch", [16, 128])
def test_what_they_hand_on_stays(batch: int) -> None:
    """By hand: 32 channels of 32 x 32 in and out, weights of 3 x 3 once, a table of 16 bytes a channel an image."""
    images = batch * 32 * 32 * 32 * 2
    weights = 3 * 32 * 32 * 9 * 2
    tables = 3 * batch * 32 * TABLE_BYTES
    assert _bytes(_plan(_row(batch), "meteor_lake")) == pytest.approx(
        2 * images + weights + tables, rel=0.005
    )


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_twice_the_images_move_twice_the_bytes(profile: str) -> None:
    """Of more images than a network is called for one by one."""
    for hw in ("meteor_lake", "lunar_lake", "panther_lake"):
        once, twice = (_bytes(_plan(_row(n), hw, profile)) for n in (16, 32))
        assert 1.8 * once < twice <= 2 * once


def test_weights_that_do_not_stay_are_read_again() -> None:
    """By hand: of two convolutions of 1.2 MB that stream in pieces the first is read for each image, the second once
    (34.8 and 1.1 times of 32 images in Intel's schedule of a mask head); of four two at most stay on two tiles."""
    few, many = (_bytes(_plan(_row(32, n, 256, 14), "meteor_lake")) for n in (2, 4))
    weights = 256 * 256 * 9 * 2
    images = 2 * 32 * 256 * 14 * 14 * 2
    assert (
        33 * weights < few - images < 35 * weights + images / 2
    )  # the pixels of 14 columns are turned through DDR
    assert many > images + 2 * 32 * weights


@pytest.mark.parametrize(
    ("channels", "side", "images", "once"), [(256, 7, 16, 5), (256, 14, 12, 4), (320, 5, 20, 3)]
)
def test_a_tile_keeps_the_pieces_it_holds_beside_one_that_arrives(
    channels: int, side: int, images: int, once: int
) -> None:
    """By hand: four convolutions in two pieces each on NPU 3720; the first's are read for each image, of the six
    others as many stay as the tile holds less one (of Intel's schedules: 31.6, 33.3 and 96.1 MB with what crosses)."""
    found = _bytes(_plan(_row(images, 4, channels, side), "meteor_lake"))
    piece = channels * channels * 9 * 2 / 2
    weights = piece * (images * (8 - once) + once)
    crossing = 2 * images * channels * side * side * 2
    assert weights + crossing < found < weights + 2 * crossing + 8 * images * channels * TABLE_BYTES


def test_images_turned_inside_leave_weights_less_room() -> None:
    """Two convolutions of 256 channels over 16 images of 7 x 7 on four tiles: their weights fit beside an image, and
    are read 6.5 times in Intel's schedule, since the images turned by the DMA lie inside too. Of 32 x 32 once."""
    weights = 2 * 256 * 256 * 9 * 2
    images = 2 * 16 * 256 * 7 * 7 * 2
    found = _bytes(_plan(_row(16, 2, 256, 7), "lunar_lake")) - images
    assert 2.5 * weights < found < 7 * weights


@pytest.mark.parametrize("hw", ["lunar_lake", "panther_lake"])
def test_all_images_are_turned_before_the_first_is_convolved(hw: str) -> None:
    """By hand: what a sum of 16 images makes is written, read to be turned, written and read by the convolution; the
    convolution's result is written, and read by the sum. On two tiles they are turned as they are used."""

    def moved(layers: int, hw: str) -> float:
        g = Builder(weights=False)
        x = conv_relu(g, g.input(16, 64, 20, 20), 64, 64)
        for _ in range(layers):
            y = g.op("Conv", conv_relu(g, x, 64, 64), g.weight(64, 64, 3, 3), g.weight(64), pads=[1, 1, 1, 1])
            x = g.op("Relu", g.op("Add", x, y))
        return _bytes(_plan(of_model(g.model(g.op("GlobalAveragePool", x)), ""), hw))

    images = 16 * 64 * 20 * 20 * 2
    a_block, on_two = ((moved(4, n) - moved(3, n)) / images for n in (hw, "meteor_lake"))
    assert a_block == pytest.approx(on_two + 2, abs=1.1) and a_block > on_two


@pytest.mark.parametrize(
    ("name", "hw", "megabytes"),
    [
        ("hardnet_patches_b128", "meteor_lake", 12.63),
        ("hardnet_patches_b128", "lunar_lake", 14.25),
        ("onet_b16", "meteor_lake", 16.23),
        ("onet_b16", "panther_lake", 16.62),
        ("resnet18_b4", "meteor_lake", 42.95),
        ("box_head_b16", "meteor_lake", 60.36),
        ("box_head_b16", "panther_lake", 60.23),
    ],
)
def test_as_many_bytes_as_there(name: str, hw: str, megabytes: float) -> None:
    """Of Intel's schedules; every result crossed DDR before, or none did: 329, 328, 1.2, 7.5 and 51.8 MB."""
    tiles = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}[hw]
    graph = graph_of("nets", name)
    assert graph is not None
    machine = load_hardware(hw).replace({"tiles": tiles})
    plan = compile_graph(graph, machine, load_profile("2026-as-released"))
    assert _bytes(plan) / 1e6 == pytest.approx(megabytes, rel=0.1)


def test_channels_that_fill_no_sixteens_are_filled_up_in_ddr() -> None:
    """By hand: 16 images of 24 channels copied with 32, read so, and written with 24 (so in Intel's schedule of three
    convolutions of one tap, 8.94 MB on NPU 3720), and weights of each image."""
    found = _bytes(_plan(_row(16, 3, 24, 56), "meteor_lake"))
    padded, images = (2 * 16 * c * 56 * 56 for c in (32, 24))
    weights = 3 * 16 * 32 * 32 * 9 * 2
    assert found == pytest.approx(2 * padded + images + weights, rel=0.02)


def test_a_sum_of_batches_is_filled_up_and_turned_behind() -> None:
    """24 channels of 4 images of 28 x 28, two inverted residuals of a MobileNet: 4.63 MB on NPU 3720; 3.58 before."""
    g = Builder(weights=False)
    x = conv_relu(g, g.input(4, 3, 56, 56), 3, 24, stride=2)
    for _ in range(2):
        y = conv_relu(g, conv_relu(g, x, 24, 144, 1), 144, 144, groups=144)
        x = g.op("Add", x, g.op("Conv", y, g.weight(24, 144, 1, 1), g.weight(24)))
    x = g.op("Flatten", g.op("GlobalAveragePool", conv_relu(g, x, 24, 192, 1)), axis=1)
    graph = of_model(g.model(g.op("Gemm", x, g.weight(100, 192), transB=1)), "")
    assert _bytes(_plan(graph, "meteor_lake")) / 1e6 == pytest.approx(4.63, rel=0.1)
