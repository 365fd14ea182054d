"""The constants of a product that is alone, tile by tile: transfers counted by hand, and the law of doubling."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DMA0, DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.op_graphs import build


def _transfers(op: str, profile: str) -> list[int]:
    plan = compile_graph(
        loaded(build(op, weights=False)),
        load_hardware("meteor_lake").replace({"tiles": 2}),
        load_profile(profile),
    )
    asked = zip(plan.ask, plan.label, strict=True)
    return [a.transfers for a, n in asked if isinstance(a, DmaTask) and n.endswith("/weights")]


def test_weights_table_and_map_of_each_tile() -> None:
    """4 x 32 by 64 and 53 channels: five and seven loads there, one of them the rows; 64 rows by 40 channels are shared
    over rows, whose constants cross at once, but by law."""
    assert _transfers("mm_4_32_64", "2026-as-released") == [2, 2]
    assert _transfers("mm_4_32_53", "2026-as-released") == [3, 3]
    assert _transfers("mm_256_64_40", "2026-as-released") == [1]
    assert _transfers("mm_4_32_53", "2026") == [3, 3]
    assert _transfers("mm_256_64_40", "2026") == [2, 2]


@pytest.mark.parametrize("sizes", [(16, 16, 16), (1, 16, 48), (64, 16, 64), (128, 64, 48)])
def test_twice_the_rows_terms_or_channels_never_cost_less(sizes: tuple[int, int, int]) -> None:
    """Of whole sixteens: the map of 24 channels is half a microsecond, which 48 have no more."""
    machine = load_hardware("meteor_lake").replace({"tiles": 2})

    def took(*shape: int) -> float:
        graph = loaded(build("_".join(map(str, ("mm", *shape))), weights=False))
        return float(simulate(graph, machine, "2026", band=False).latency_us)

    once = took(*sizes)
    for axis in range(3):
        twice = took(*(n * (1 + (a == axis)) for a, n in enumerate(sizes)))
        assert 0.999 * once <= twice <= 2.3 * once


def test_ports_are_where_tiles_are() -> None:
    plan = compile_graph(
        loaded(build("mm_4_32_64", weights=False)), load_hardware("meteor_lake"), load_profile("2026")
    )
    ports = [e for e, n in zip(plan.queue, plan.label, strict=True) if n.endswith("/weights")]
    assert ports == [DMA0, DMA0 + 1]


def test_products_that_read_the_same_rows_are_alone_together() -> None:
    """The gated pair of a SwiGLU of 4 x 32 x 64: the constants of either as one product's."""
    assert _transfers("swiglu_4_32_64", "2026-as-released") == [2, 2, 2, 2]


@pytest.mark.parametrize("npu", ["meteor_lake", "panther_lake"])
@pytest.mark.parametrize("sizes", [(2, 64, 64), (5, 128, 80), (64, 64, 48)])
def test_a_gated_pair_keeps_the_law_of_doubling(sizes: tuple[int, int, int], npu: str) -> None:
    def took(*shape: int) -> float:
        graph = loaded(build("_".join(map(str, ("swiglu", *shape))), weights=False))
        return float(simulate(graph, load_hardware(npu), "2026", band=False).latency_us)

    once = took(*sizes)
    for axis in range(3):
        twice = took(*(n * (1 + (a == axis)) for a, n in enumerate(sizes)))
        assert 0.98 * once <= twice <= 2.3 * once
