"""Columns of uneven channels become channels; a window over the result is cut apart from them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.layouts.folded_columns import folded
from npusim.compiler.lowering.place import Placed
from npusim.graph import DType, Node, Value
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv
from tests.vendor.tables import graph_of


def bytes_between(npu: str, tiles: int, channels: int, pixels: int) -> float:
    """MB that cross DDR in a network of one bottleneck: six times `channels`, a depthwise window, a projection."""
    g = Builder(weights=False)
    wide = 6 * channels
    x = conv(g, g.input(1, 3, 2 * pixels, 2 * pixels), 3, 48, 3, 2)
    x = conv(g, g.op("Relu", x), 48, channels, 1)
    y = g.op("Relu", conv(g, x, channels, wide, 1))
    y = g.op("Relu", conv(g, y, wide, wide, 3, 2, wide))
    y = conv(g, y, wide, 32, 1)
    graph = of_model(g.model(conv(g, y, 32, 32, 1)), "")
    report = simulate(graph, load_hardware(npu).replace({"tiles": tiles}), "2026", band=False)
    return report.bytes_moved / 1e6


@pytest.mark.parametrize(("npu", "tiles"), [("meteor_lake", 2), ("panther_lake", 3)])
def test_pairs_of_columns_are_cut_apart_from_a_window(npu: str, tiles: int) -> None:
    """24 channels on 112 x 112 to 144, 3.6 MB, cross DDR twice (MobileNet-v2 of 1.4 in Intel's schedules); 32 to 192 on
    as many pixels pass from strip to strip, though they are more."""
    pairs, plain = (bytes_between(npu, tiles, c, 112) for c in (24, 32))
    assert pairs > 2 * 3.6 > plain


def stem_bytes(pixels: int, results: int, behind: int) -> float:
    """MB that cross DDR on NPU 5010 in an image's convolution, a depthwise window (`behind` of 1: none), and others."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, pixels, pixels), 3, results, 3, 2))
    if behind > 1:
        x = g.op("Relu", conv(g, x, results, results, behind, 1, results))
    x = conv(g, conv(g, x, results, 16, 1), 16, 32, 3, 2)
    graph = of_model(g.model(x), "")
    return simulate(graph, load_hardware("panther_lake"), "2026", band=False).bytes_moved / 1e6


def test_24_results_of_a_folded_image_are_shared_over_channels() -> None:
    """192 results of sixteen columns at 14 columns, 64 a tile of NPU 5010: image and result cross DDR (Intel's schedule
    2.35 MB, with a 1x1 convolution behind 0.52); 32 channels and other widths stay."""
    assert stem_bytes(224, 24, 3) == pytest.approx(2.35, rel=0.02)
    assert stem_bytes(224, 24, 1) == pytest.approx(0.52, rel=0.05)
    assert stem_bytes(224, 32, 3) < 0.7 and stem_bytes(192, 24, 3) < 0.6


@pytest.mark.parametrize(
    ("pixels", "activation", "megabytes"),
    [
        (
            224,
            "HardSwish",
            3.35,
        ),  # of Intel's schedules: image, result, read by the kernel, which keeps what it makes
        (208, "HardSwish", 2.89),
        (224, "Relu", 1.14),  # a depthwise window reads it where it lies, the tiles share rows
    ],
)
def test_results_of_a_stem_cross_to_a_kernel_by_channels(
    pixels: int, activation: str, megabytes: float
) -> None:
    """32 channels of a stem at a stride of two on NPU 3720, a depthwise 3x3 and a 1x1 behind (EfficientNet-B0)."""
    g = Builder(weights=False)
    x = g.op(activation, conv(g, g.input(1, 3, pixels, pixels), 3, 32, 3, 2))
    x = conv(g, conv(g, x, 32, 32, 3, 1, 32), 32, 32, 1)
    report = simulate(
        of_model(g.model(x), ""), load_hardware("meteor_lake").replace({"tiles": 2}), "2026", band=False
    )
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.03)


def test_two_readers_of_a_stem_by_channels_load_it_once() -> None:
    """1x1 convolutions of a RegNetX's first block on NPU 3720: 2.99 MB in Intel's schedule, 2.19 by rows."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, 224, 224), 3, 32, 3, 2))
    y = g.op("Relu", conv(g, x, 32, 48, 1))
    y = conv(g, g.op("Relu", conv(g, y, 48, 48, 3, 2, 2)), 48, 48, 1)
    x = conv(g, g.op("Relu", g.op("Add", y, conv(g, x, 32, 48, 1, 2))), 48, 64, 1)
    report = simulate(
        of_model(g.model(x), ""), load_hardware("meteor_lake").replace({"tiles": 2}), "2026", band=False
    )
    assert report.bytes_moved / 1e6 == pytest.approx(2.99, rel=0.02)


def crossing(name: str, npu: str, tiles: int) -> dict[str, float]:
    """MB that each node of a network reads from DDR and writes there, its weights aside."""
    graph = graph_of("nets", name)
    assert graph is not None
    report = simulate(graph, load_hardware(npu).replace({"tiles": tiles}), "2026", band=False)
    found: dict[str, float] = {}
    for t in report.tasks:
        if t.nbytes and t.source != t.destination and "weight" not in t.name:
            found[t.node] = found.get(t.node, 0.0) + t.nbytes / 1e6
    return found


@pytest.mark.parametrize(("npu", "tiles"), [("lunar_lake", 4), ("panther_lake", 3)])
def test_72_channels_cross_between_folded_convolutions_and_windows(npu: str, tiles: int) -> None:
    """MobileNet-v3 at 384 pixels: 96 x 96 x 72, 1.33 MB each, as in Intel's schedules."""
    moved = crossing("mobilenet_v3l_384", npu, tiles)
    one = 96 * 96 * 72 * 2 / 1e6
    for node, times in (("Conv_13", 2), ("Conv_15", 1), ("Conv_17", 1)):
        assert moved[node] == pytest.approx(times * one, rel=0.07), node


@pytest.mark.parametrize(("npu", "tiles"), [("lunar_lake", 4), ("panther_lake", 3)])
def test_the_smaller_side_decides_what_a_pass_fills_up(npu: str, tiles: int) -> None:
    """A Faster R-CNN on MobileNet-v3 at 384 x 512: 96 x 128 x 72 has more pixels than 104 x 104, which a pass fills up,
    and crosses DDR: 1.84 MB in with the window's rows around, 1.77 out in Intel's schedules."""
    moved = crossing("frcnn_mnv3_rpn_384x512", npu, tiles)
    one = 96 * 128 * 72 * 2 / 1e6
    for node, times in (("Conv_13", 2), ("Conv_17", 1)):
        assert moved[node] == pytest.approx(times * one, rel=0.07), node


@pytest.mark.parametrize(("npu", "tiles"), [("meteor_lake", 2), ("lunar_lake", 4)])
def test_a_window_is_cut_apart_from_pairs_of_columns_behind_it(npu: str, tiles: int) -> None:
    """MobileNet-v2 at 512 pixels: 96 to 24 on 128 x 128 as 192 to 48 on 128 x 64, so 3.1 MB of the window in front of
    it cross DDR."""
    moved = crossing("mobilenet_v2_512", npu, tiles)
    one = 128 * 128 * 96 * 2 / 1e6
    assert moved["Conv_7"] == pytest.approx(one, rel=0.02) and moved["Conv_9"] >= one


def folds(between: str, size: int = 128, tile_bytes: float = 1439 * 1024) -> list[int]:
    """Which of two convolutions is folded: 64 to 24 channels, then `between`."""
    values: dict[str, Value] = {}
    steps: list[Placed] = []

    def step(op: MacOp, ci: int, co: int, taps: int, *reads: str) -> str:
        name = f"t{len(steps)}"
        values[name] = Value(name, (1, co, size, size), DType.FLOAT16)
        work = MacWork(op, size, size, co, ci, size, size, kernel_h=taps, kernel_w=taps)
        node = Node(name, "Conv", reads, (name,))
        steps.append(Placed(node, "mac_array", (work,), "mac_array", "", reads, (name,), 64.0, 0.0))
        return name

    values["x"] = Value("x", (1, 64, size, size), DType.FLOAT16)
    x = step(MacOp.CONVOLUTION, 64, 24, 1, "x")
    if between == "window":
        x = step(MacOp.DEPTHWISE, 24, 24, 3, x)
    taps, co = {"3x3": (3, 64), "window": (1, 64), "1x1": (1, 64)}[between]
    x = step(MacOp.CONVOLUTION, 24, co, taps, x)
    step(MacOp.DEPTHWISE, co, co, 3, x)
    done = folded(steps, values, tile_bytes, frozenset())
    return [k for k, s in enumerate(steps) if s.writes[0] in done]


def test_one_channel_group_is_padded_by_both_or_by_none() -> None:
    """Compiled so for NPU 5010: 64 to 24 on 128 x 128 in front of 24 to 64, of a window, and of 3x3 (in pairs and in
    fours, on all three NPUs)."""
    assert folds("1x1") == [0, 1] and folds("window") == [0, 2] and folds("3x3") == [0, 1]
    assert folds("1x1", size=126) == [0, 1] and folds("1x1", size=127) == []
    assert folds("1x1", size=64) == [] and folds("1x1", tile_bytes=1e9) == []


def bottleneck_bytes(npu: str, tiles: int, channels: int, pixels: int, before: int = 96) -> float:
    """MB that cross DDR in a network of one bottleneck of 24 to so many channels behind a convolution of `before`."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, 2 * pixels, 2 * pixels), 3, before, 3, 2))
    x = conv(g, x, before, 24, 1)
    y = g.op("Relu", conv(g, x, 24, channels, 1))
    y = g.op("Relu", conv(g, y, channels, channels, 3, 1, channels))
    x = g.op("Add", x, conv(g, y, channels, 24, 1))
    x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, 24, 64, 3, 2)), 64, 64, 3, 2))
    x = g.op("Conv", g.op("GlobalAveragePool", x), g.weight(16, 64, 1, 1))
    hw = load_hardware(npu).replace({"tiles": tiles})
    return simulate(of_model(g.model(x), ""), hw, "2026", band=False).bytes_moved / 1e6


def test_a_pass_fills_up_what_is_large_beside_its_weights() -> None:
    """72 channels of 104 x 104 are 33.8 times 144 x 160 weights, and cross behind the window only: 3.61 MB on NPU 4000
    in Intel's schedule, 3.36 of 56 channels on 112 x 112."""
    assert bottleneck_bytes("lunar_lake", 4, 72, 104, 64) == pytest.approx(3.61, rel=0.02)
    assert bottleneck_bytes("lunar_lake", 4, 56, 112) == pytest.approx(3.36, rel=0.02)


@pytest.mark.parametrize(("npu", "tiles"), [("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)])
def test_an_image_without_padding_is_not_folded(npu: str, tiles: int) -> None:
    """64 results of 7 x 7 at a stride of two over 224 pixels: 64 x 7 x 7 x 16 weights and a table by hand; padded, 109
    columns are 112 and folded, with weights of eight columns (Intel's schedules: 28 and 229 KB)."""
    stored = []
    for padding in (0, 3):
        g = Builder(weights=False)
        x = g.op(
            "Conv",
            g.input(1, 3, 224, 224),
            g.weight(64, 3, 7, 7),
            g.weight(64),
            strides=[2, 2],
            pads=[padding] * 4,
        )
        x = g.op("Conv", g.op("GlobalAveragePool", g.op("Relu", x)), g.weight(16, 64, 1, 1))
        report = simulate(
            of_model(g.model(x), ""), load_hardware(npu).replace({"tiles": tiles}), "2026", band=False
        )
        stored.append(sum(t.nbytes for t in report.tasks if t.node == "Conv_0" and "weight" in t.name))
    assert stored[0] == 64 * (7 * 7 * 16 * 2 + 16) and stored[1] > 2 * stored[0]


def test_on_npu_3720_a_kernel_behind_a_window_reads_it_from_ddr() -> None:
    """HardSwish of 72 channels of 96 x 96 between a window and folded columns: 6.96 MB in Intel's schedule, five times
    the image beside 0.3; what it makes stays."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, 192, 192), 3, 96, 3, 2))
    x = conv(g, x, 96, 24, 1)
    y = g.op("HardSwish", conv(g, x, 24, 72, 1))
    y = g.op("HardSwish", conv(g, y, 72, 72, 3, 1, 72))
    x = g.op("Add", x, conv(g, y, 72, 24, 1))
    x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, 24, 64, 3, 2)), 64, 64, 3, 2))
    x = g.op("Conv", g.op("GlobalAveragePool", x), g.weight(16, 64, 1, 1))
    hw = load_hardware("meteor_lake").replace({"tiles": 2})
    report = simulate(of_model(g.model(x), ""), hw, "2026", band=False)
    assert report.bytes_moved / 1e6 == pytest.approx(6.96, rel=0.06)


@pytest.mark.parametrize(("npu", "tiles", "intel"), [("meteor_lake", 2, 25.93), ("lunar_lake", 4, 25.86)])
def test_a_first_convolution_of_one_tap_is_folded_too(npu: str, tiles: int, intel: float) -> None:
    """3 channels of 512 x 512 to 16 by 1 x 1, twice convolved behind it: MB of Intel's schedules (39.4 and 22.6 where
    it was padded to sixteen channels)."""
    g = Builder(weights=False)
    x = g.op("Relu", g.op("Conv", g.input(1, 3, 512, 512), g.weight(16, 3, 1, 1), g.weight(16)))
    x = g.op("Relu", g.op("Conv", x, g.weight(16, 16, 3, 3), g.weight(16), pads=[1] * 4))
    x = g.op("Relu", g.op("Conv", x, g.weight(32, 16, 3, 3), g.weight(32), strides=[2, 2], pads=[1] * 4))
    report = simulate(
        of_model(g.model(x), ""), load_hardware(npu).replace({"tiles": tiles}), "2026", band=False
    )
    assert report.bytes_moved / 1e6 == pytest.approx(intel, rel=0.05)
