"""Whose weights stream and fit into no tile whole is shared over channels."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor import op_graphs


def run(channels: int, size: int, hardware: str) -> Report:
    graph = loaded(op_graphs.build(f"conv_{channels}_{channels}_3_1_{size}_1", weights=False))
    return simulate(graph, load_hardware(hardware), "2026-as-released")


def test_a_tile_computes_by_the_weights_it_holds() -> None:
    """1,280 channels by 3 x 3 on 16 x 16 pixels, 29.5 MB of weights: MAC-array time of Intel's schedule, 871 us."""
    report = run(1280, 16, "lunar_lake")
    (conv,) = [n for n in report.nodes if n.op_type == "Conv"]
    assert conv.split == "channels" and conv.pieces == 20
    assert report.engines["mac_array"] == pytest.approx(871, rel=0.05)


def test_weights_that_fit_into_a_tile_may_serve_rows() -> None:
    """Twice 64 x 64 x 3 x 3 is 147 KB: nothing streams, and rows are shared where that is faster."""
    (conv,) = [n for n in run(64, 16, "lunar_lake").nodes if n.op_type == "Conv"]
    assert conv.pieces == 1
