"""Two activations of one row, or images of one channel, multiplied (Intel's schedules, simulated)."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.builder import Builder


def product(npu: str, shape: tuple[int, ...], profile: str):
    """The Mul of two activations of `shape`, as it is planned."""
    g = Builder()
    made = g.op("Mul", g.op("Tanh", g.input(*shape)), g.op("Tanh", g.input(*shape)))
    report = simulate(loaded(g.model(made)), load_hardware(npu), profile, band=False)
    return next(n for n in report.nodes if n.op_type == "Mul")


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("shape", [(1, 384), (1, 1, 2048)])
def test_a_row_has_no_tables_on_5010(shape, profile) -> None:
    """Both operands and the result are all that may cross: 6.1 KB of 1,024 elements in Intel's schedule."""
    node = product("panther_lake", shape, profile)
    assert node.lowering == "mac_array"
    assert node.bytes_moved <= 3 * 2 * shape[-1]


@pytest.mark.parametrize(("npu", "lowering"), [("meteor_lake", "scale_shift"), ("panther_lake", "mac_array")])
@pytest.mark.parametrize("shape", [(1, 1, 384, 16), (1, 1, 512, 16), (1, 1, 64, 64)])
def test_an_image_of_one_channel_is_a_row(npu, lowering, shape) -> None:
    assert product(npu, shape, "2026-as-released").lowering == lowering


@pytest.mark.parametrize("npu", ["meteor_lake", "lunar_lake", "panther_lake"])
@pytest.mark.parametrize("shape", [(1, 1, 528, 16), (1, 4, 96, 16), (1, 384, 16)])
def test_what_is_longer_or_has_channels_is_a_kernel(npu, shape) -> None:
    assert product(npu, shape, "2026-as-released").lowering == "dsp"


def test_profile_2026_takes_no_image_as_a_row() -> None:
    """512 x 16 as a scale would take longer than 1,024 x 16 as a kernel."""
    assert product("lunar_lake", (1, 1, 512, 16), "2026").lowering == "dsp"
