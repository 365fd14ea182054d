"""Results of kernels between convolutions on planes, and numbers a channel that scale them: what crosses DDR."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.cutting.split import weight_bytes
from npusim.compiler.plan import DmaTask
from npusim.compiler.residency.quantised_kernels import even_fours
from npusim.compiler.rules.profile import load_profile
from npusim.compiler.sharing.tile_sharing import shares_channels
from npusim.work import MacOp, MacWork
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, silu

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}


def block(
    rows: int, channels: int, kernel: int = 3, stride: int = 1, gate: bool = False, alone: bool = False
):
    """1x1, HardSwish, depthwise, HardSwish, 1x1, and an addition of what came in."""
    g, ci = Builder(), 48
    x = g.op("Relu", conv(g, g.input(1, ci, rows, rows), ci, ci, 3, 1))
    y = g.op("HardSwish", conv(g, x, ci, channels, 1))
    y = g.op("HardSwish", conv(g, y, channels, channels, kernel, stride, channels))
    if gate:
        s = conv(g, g.op("GlobalAveragePool", y), channels, channels, 1)
        y = g.op("Mul", y, g.op("Sigmoid", s))
    y = conv(g, y, channels, ci, 1)
    return g.model(y if alone else g.op("Add", x, y))


def moved(model, npu: str) -> dict[str, float]:
    """Bytes that cross DDR, by transfer."""
    name, tiles = HARDWARE[npu]
    plan = compile_graph(
        loaded(model), load_hardware(name).replace({"tiles": tiles}), load_profile("2026-as-released")
    )
    found: dict[str, float] = {}
    for label, ask in zip(plan.label, plan.ask, strict=True):
        if isinstance(ask, DmaTask) and "ddr" in (ask.source, ask.destination):
            found[label] = found.get(label, 0.0) + ask.nbytes
    return found


@pytest.mark.parametrize(
    ("npu", "rows", "channels", "alone", "first", "second"),
    [
        ("4000", 14, 576, False, False, True),  # both share channels, the 1x1 behind them rows
        ("4000", 14, 288, False, True, True),  # rows, channels, rows
        ("4000", 56, 96, False, True, False),  # rows: the window wants its neighbours', a 1x1 does not
        ("3720", 14, 576, False, False, True),
        ("3720", 14, 576, True, True, True),  # rows, 7 and 7 of 14 pixels: no whole fours
        ("3720", 28, 288, False, False, False),  # rows, 14 and 14 of 28 pixels
        ("3720", 30, 240, False, True, True),
        ("5010", 14, 576, False, False, False),  # the array looks its activations up
    ],
)
def test_a_result_crosses_ddr_where_its_reader_is_shared_another_way(
    npu, rows, channels, alone, first, second
):
    found = moved(block(rows, channels, alone=alone), npu)
    names = {n.removesuffix("/load") for n in found if n.endswith("/load")}
    assert ("HardSwish_3" in names, "HardSwish_5" in names) == (first, second)


def bottleneck(rows: int, channels: int, first: int = 3):
    """Two convolutions with a Swish each and an addition of what came in, as in detection nets; a 1x1 behind."""
    g = Builder()
    x = g.op("Relu", conv(g, g.input(1, channels, rows, rows), channels, channels, 1))
    y = silu(g, conv(g, silu(g, conv(g, x, channels, channels, first)), channels, channels, 3))
    return g.model(conv(g, g.op("Add", x, y), channels, channels, 1))


@pytest.mark.parametrize(
    ("npu", "rows", "channels", "first", "crossing"),
    [
        ("3720", 40, 32, 3, (False, False)),  # by rows, 20 a tile
        ("3720", 26, 64, 1, (True, True)),  # by rows, 13 a tile: no whole fours of pixels (YOLOv5n at 416)
        (
            "3720",
            20,
            128,
            3,
            (True, False),
        ),  # by channels; the second window, its kernel and the sum are cut together
        ("4000", 20, 128, 3, (True, True)),
        ("4000", 28, 64, 3, (True, True)),  # a window reads what is added: it lies with the rows around
        ("4000", 28, 64, 1, (True, False)),  # a 1x1 does
    ],
)
def test_results_of_kernels_cross_to_windows_and_additions(npu, rows, channels, first, crossing):
    found = moved(bottleneck(rows, channels, first), npu)
    names = {n.removesuffix("/load") for n in found if n.endswith("/load")}
    assert ("Mul_4" in names, "Mul_7" in names) == crossing


def test_bytes_of_a_bottleneck_as_scheduled():
    """64 channels of 26 x 26 on NPU 3720 (YOLOv5n at 416): 87 KB out and back behind both of its kernels."""
    found = moved(bottleneck(26, 64, 1), "3720")
    size = 64 * 26 * 26 * 2
    assert [found[f"{n}/{way}"] for n in ("Mul_4", "Mul_7") for way in ("write", "load")] == [size] * 4


@pytest.mark.parametrize(
    ("rows", "terms", "channels", "taps", "stride", "two", "four"),
    [
        (20, 128, 128, 3, 1, True, True),
        (40, 128, 128, 3, 1, False, True),
        (80, 64, 64, 3, 1, False, False),
        (20, 64, 128, 3, 2, True, True),
        (26, 128, 128, 3, 2, False, False),
        (20, 512, 256, 1, 1, True, True),
        (24, 384, 192, 1, 1, False, True),
        (40, 64, 64, 1, 1, False, False),
    ],
)
def test_small_planes_of_many_channels_are_shared_by_channels(rows, terms, channels, taps, stride, two, four):
    work = MacWork(
        MacOp.CONVOLUTION, rows, rows, channels, terms, rows * stride, rows * stride, kernel_h=taps, kernel_w=taps,
        stride_h=stride, stride_w=stride,
    )  # fmt: skip
    assert (shares_channels(work, False), shares_channels(work, True)) == (two, four)


@pytest.mark.parametrize("npu", HARDWARE)
def test_numbers_that_scale_channels_come_back_as_weights(npu):
    found = moved(block(14, 576, gate=True), npu)
    gate = next(n for n in found if n.endswith("/copy")).removesuffix("/copy")
    sizes = [found[f"{gate}/{way}"] / 576 for way in ("write", "copy", "load")]
    assert sizes == [2, 30, 32]


def test_what_is_scaled_on_all_tiles_is_loaded_by_both_that_read_it():
    """480 x 20 x 20 on NPU 4000: written once, loaded for its mean and to be scaled."""
    found = moved(block(20, 480, gate=True), "4000")
    size = 480 * 20 * 20 * 2
    assert found["HardSwish_5/write"] == pytest.approx(size)
    assert found["HardSwish_5/load"] == pytest.approx(2 * size)


@pytest.mark.parametrize(("side", "each"), [(1, 48), (3, 48), (5, 80), (7, 144)])
def test_taps_of_depthwise_weights_are_stored_in_sixteens(side, each):
    work = MacWork(
        MacOp.DEPTHWISE, 14, 14, 64, 64, 14, 14, kernel_h=side, kernel_w=side, input_bytes=2, weight_bytes=2,
        output_bytes=2,
    )  # fmt: skip
    assert weight_bytes(work) == 64 * each


def test_rows_shared_evenly_are_whole_fours_of_pixels():
    assert [n for n in (7, 14, 15, 18, 20, 28, 30, 36, 60) if even_fours(n, n, 2)] == [7, 15, 20, 28, 36, 60]
