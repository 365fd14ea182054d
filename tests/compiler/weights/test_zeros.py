"""Weights without their zeros take the time of all of them where each tile fetches its own."""

from dataclasses import replace

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.cutting.split import weight_bytes
from npusim.compiler.plan import DmaTask, Plan
from npusim.compiler.rules.profile import load_profile
from npusim.compiler.weights.zeros import counted_in_groups
from npusim.onnx_io import of_model
from npusim.work import MacOp, MacWork
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def _plan(rows: int, groups: int, profile: str = "2026-as-released") -> Plan:
    g = Builder(weights=False)
    graph = of_model(g.model(conv(g, g.input(1, 512, rows, rows), 512, 512, 3, 1, groups)), "")
    return compile_graph(graph, load_hardware("meteor_lake"), load_profile(profile))


def _weights(plan: Plan) -> list[DmaTask]:
    return [a for a, n in zip(plan.ask, plan.label, strict=True) if n.endswith("/weights")]  # type: ignore[misc]


def test_the_map_is_counted_as_all_weights_with_their_zeros() -> None:
    """512 channels in 32 groups: 147,456 bytes of weights, twice as many of map, 8,192 of table; the map takes the time
    of 4,718,592, all weights in 16 bits."""
    found = _weights(_plan(7, 32))
    moved, counted = sum(a.nbytes for a in found), sum(a.nbytes * a.counted for a in found)
    assert moved == 512 * 16 * 9 * 2 + 512 * 512 * 9 / 8 + 512 * 16
    assert round(counted) == 512 * 16 * 9 * 2 + 512 * 512 * 9 * 2 + 512 * 16


def test_eight_bits_halve_the_weights_and_not_the_map() -> None:
    """A map's bits are as many, and each is counted as two bytes still."""
    work = MacWork(MacOp.CONVOLUTION, 7, 7, 512, 512, kernel_h=3, kernel_w=3, weight_groups=32)
    narrow = replace(work, input_bytes=1.0, weight_bytes=1.0)
    for one, size in ((work, 2), (narrow, 1)):
        counted = counted_in_groups(one) * weight_bytes(one)
        assert round(counted) == 512 * 16 * 9 * size + 512 * 512 * 9 * 2 + 512 * 16


def test_elsewhere_bytes_take_the_time_of_bytes() -> None:
    """Where tiles share rows one block crosses; without groups there are no zeros; another profile counts none."""
    for plan in (_plan(28, 32), _plan(7, 1), _plan(7, 32, "2026")):
        assert {a.counted for a in _weights(plan)} == {1.0}
