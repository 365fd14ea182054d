"""Concats of images of which some lie plane by plane, as the graph's caller wrote them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

NPUS = [("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)]


def joined(npu: str, tiles: int, planes: tuple[int, ...], made: tuple[int, ...], readers: int) -> float:
    """MB of a Concat of `planes` of the graph and of convolutions' results, read by as many convolutions."""
    g = Builder(weights=False)
    x = g.input(1, 64, 40, 56)
    inputs = [g.input(1, n, 40, 56) for n in planes]
    parts = [*inputs, *(g.op("Relu", conv(g, x, 64, n, 3)) for n in made)]
    whole = g.op("Concat", *parts, axis=1)
    out = g.op("Relu", conv(g, whole, sum((*planes, *made)), 64, 3))
    for _ in range(readers - 1):
        out = g.op("Add", out, g.op("Relu", conv(g, whole, sum((*planes, *made)), 64, 3)))
    out = g.op("Relu", conv(g, out, 64, 64, 3))
    hardware = load_hardware(npu).replace({"tiles": tiles})
    return simulate(of_model(g.model(out), ""), hardware, "2026", band=False).bytes_moved / 1e6


@pytest.mark.parametrize(
    ("npu", "tiles", "intel"), [(*n, mb) for n, mb in zip(NPUS, (2.67, 3.68, 3.63), strict=True)]
)
def test_planes_beside_as_many_results_are_turned_by_themselves(npu: str, tiles: int, intel: float) -> None:
    """64 channels of the graph beside 96: read, written and, on NPU 4000 and 5010, copied to their place."""
    assert joined(npu, tiles, (64,), (96,), 1) == pytest.approx(intel, rel=0.03)


@pytest.mark.parametrize(("npu", "tiles"), NPUS[1:])
def test_more_planes_than_results_are_turned_as_one(npu: str, tiles: int) -> None:
    """All 224 channels (1.0 MB) are written and read for it, whatever order they stand in; of 64 and 160 only 64."""
    more, fewer = joined(npu, tiles, (64, 64), (96,), 1), joined(npu, tiles, (64,), (64, 96), 1)
    assert more > fewer + 0.5
