"""Results of kernels between convolutions on planes, and numbers a channel that scale them: what crosses DDR."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.kernel_sharing import even_fours
from npusim.compiler.plan import DmaTask
from npusim.compiler.profile import load_profile
from npusim.compiler.split import weight_bytes
from npusim.work import MacOp, MacWork
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

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
