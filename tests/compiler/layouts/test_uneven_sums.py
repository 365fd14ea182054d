"""Sums of images whose channels fill no sixteens: the image they are added as, and what crosses DDR for it."""

from dataclasses import replace

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu


def planned(g: Builder, out: str, npu: str, tiles: int, crossing: bool = True) -> Report:
    profile = load_profile("2026")
    if not crossing:
        profile = replace(profile, memory=replace(profile.memory, uneven_sums_cross=()))
    hardware = load_hardware(npu).replace({"tiles": tiles})
    return simulate(of_model(g.model(out), ""), hardware, profile, band=False)


def residual(channels: int, side: int) -> tuple[Builder, str]:
    """A stem, two blocks of a window of one channel each, a 1x1 and a sum, and a 3 x 3 at a stride of two."""
    g = Builder(weights=False)
    x = conv_relu(g, g.input(1, 3, 2 * side, 2 * side), 3, channels, 3, 2)
    for _ in range(2):
        y = conv(g, conv(g, x, channels, channels, 3, groups=channels), channels, channels, 1)
        x = g.op("Relu", g.op("Add", x, y))
    return g, conv(g, x, channels, 32, 3, 2)


def megabytes(side: int, tiles: int, crossing: bool) -> float:
    return planned(*residual(24, side), "panther_lake", tiles, crossing).bytes_moved / 1e6


@pytest.mark.parametrize("side", [112, 128])
def test_a_sum_shared_by_other_rows_than_its_image_crosses(side: int) -> None:
    """24 x 112 x 112 is added as 16 x 147 x 128, of which each of three tiles has 49 rows, of the image 38, 37, 37: of
    two sums each operand is read, what a convolution made for it and the sum itself are written, and that is read."""
    image = 24 * side * side * 2 / 1e6
    more = megabytes(side, 3, crossing=True) - megabytes(side, 3, crossing=False)
    assert 4 * image < more < 8 * image


@pytest.mark.parametrize(("side", "tiles"), [(120, 3), (128, 2), (128, 1), (96, 3)])
def test_it_stays_where_every_tile_has_as_many_rows(side: int, tiles: int) -> None:
    """And where it lies with its padding (96 x 96)."""
    assert megabytes(side, tiles, crossing=True) == megabytes(side, tiles, crossing=False)


@pytest.mark.parametrize(("npu", "tiles"), [("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)])
@pytest.mark.parametrize(("channels", "side"), [(24, 56), (40, 48), (56, 40)])
def test_padded_channels_are_added_as_whole_sixteens(channels: int, side: int, npu: str, tiles: int) -> None:
    """24 channels take as long as 32 (Intel's schedules of 24 x 96 x 96 on NPU 5010: 2.2 us; 42 % more before)."""
    even = -(-channels // 16) * 16
    took = [
        sum(
            n.busy_us.get("mac_array", 0.0)
            for n in planned(*residual(c, side), npu, tiles).nodes
            if n.op_type == "Add"
        )
        for c in (channels, even)
    ]
    assert took[0] == pytest.approx(took[1], rel=1e-9)


def joined(kernel: bool) -> tuple[Builder, str]:
    """A CSP block of 24 channels on 40 x 40: a sum beside another branch, behind Swish or not."""
    g = Builder(weights=False)

    def act(y: str) -> str:
        return g.op("Mul", y, g.op("Sigmoid", y)) if kernel else g.op("Relu", y)

    x = act(conv(g, g.input(1, 16, 80, 80), 16, 32, 3, 2))
    a, b = (act(conv(g, x, 32, 24, 1)) for _ in range(2))
    y = g.op("Add", act(conv(g, act(conv(g, a, 24, 24, 1)), 24, 24, 3)), a)
    return g, conv(g, act(conv(g, g.op("Concat", y, b, axis=1), 48, 64, 1)), 64, 32, 3, 2)


def test_what_kernels_hand_to_a_sum_that_is_joined_is_cut_out_of_its_padding() -> None:
    """Both operands are written and read back: 77 KB each (Intel's schedules of such a block on NPU 3720 and 4000);
    behind ReLU, which rides behind the convolution, the sum is added with its padding (4 graphs, three NPUs)."""
    bytes_of = {k: planned(*joined(k), "meteor_lake", 2).bytes_moved for k in (True, False)}
    operand = 24 * 40 * 40 * 2
    reads = [n for n in planned(*joined(True), "meteor_lake", 2).nodes if n.op_type == "Add"]
    assert reads[0].bytes_moved == pytest.approx(3 * operand, rel=0.01)
    assert bytes_of[True] > bytes_of[False]
