"""Weights without their zeros take the time of all of them where each tile fetches its own."""

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, Plan
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def _plan(rows: int, groups: int, profile: str = "2026-as-released") -> Plan:
    g = Builder(weights=False)
    graph = of_model(g.model(conv(g, g.input(1, 512, rows, rows), 512, 512, 3, 1, groups)), "")
    return compile_graph(graph, load_hardware("meteor_lake"), load_profile(profile))


def _weights(plan: Plan) -> list[DmaTask]:
    return [a for a, n in zip(plan.ask, plan.label, strict=True) if n.endswith("/weights")]  # type: ignore[misc]


def test_each_tiles_own_weights_are_counted_with_their_zeros() -> None:
    """512 channels in 32 groups: 147,456 bytes of weights a tile, as many of map and 4,096 of table; Intel's estimate
    gives the weights the time of 2,359,296."""
    found = _weights(_plan(7, 32))
    moved, counted = sum(a.nbytes for a in found), sum(a.nbytes * a.counted for a in found)
    assert moved == 512 * 16 * 9 * 2 + 512 * 512 * 9 / 8 + 512 * 16
    assert round(counted) == 512 * 512 * 9 * 2 + 512 * 512 * 9 / 8 + 512 * 16


def test_elsewhere_bytes_take_the_time_of_bytes() -> None:
    """Where tiles share rows one block crosses; without groups there are no zeros; another profile counts none."""
    for plan in (_plan(28, 32), _plan(7, 1), _plan(7, 32, "2026")):
        assert {a.counted for a in _weights(plan)} == {1.0}
