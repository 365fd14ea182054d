"""Weights of which every tile fetches its own share: a transfer a tile for them, and one for their table."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from tests.compiler.at_size import convolution


def transfers(npu: str, tiles: int, graph) -> list[int]:
    """Transfers of each task that brings weights."""
    hw = load_hardware(npu).replace({"tiles": tiles})
    plan = compile_graph(graph, hw, load_profile("2026"))
    asks = [a for a, n in zip(plan.ask, plan.label, strict=True) if n.endswith("/weights")]
    return [a.transfers for a in asks if isinstance(a, DmaTask)]


@pytest.mark.parametrize(
    ("npu", "tiles", "expected"),
    [("meteor_lake", 2, 4), ("lunar_lake", 4, 8), ("panther_lake", 3, 8), ("lunar_lake", 1, 1)],
)
def test_many_weights_cross_tile_by_tile(npu: str, tiles: int, expected: int) -> None:
    """160 x 960 on 7 x 7 pixels in Intel's schedules: 4, 8 and 8 transfers, those of a tile left over in halves."""
    assert sum(transfers(npu, tiles, convolution(160, 960, 1, 1, 7))) == max(expected, 2)
    if tiles > 1:
        assert sum(transfers(npu, tiles, convolution(576, 576, 3, 1, 7, groups=576))) == expected


@pytest.mark.parametrize(("npu", "tiles"), [("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)])
def test_few_weights_cross_at_once(npu: str, tiles: int) -> None:
    """24 x 144 on 56 x 56 pixels and its windows: `fused_constant`, once for all tiles."""
    assert transfers(npu, tiles, convolution(24, 144, 1, 1, 56)) == [1]
    assert transfers(npu, tiles, convolution(144, 144, 3, 1, 56, groups=144)) == [1]
