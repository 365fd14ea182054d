"""Operands of an Einsum are turned once for all readers, and stay inside where the DMA turns them in one tile."""

import pytest

import npusim
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets import state_space

SMALL = state_space.Sizes(512, 16, 64, 64, 64)


def planned(name: str, equations: list[str], *shapes: tuple[int, ...]):
    """The plan of contractions of the same operands, each of them made by a kernel."""
    g = Builder(weights=False)
    made = [g.op("Exp", g.input(*shape)) for shape in shapes]
    outs = [g.op("Einsum", *made, equation=equation) for equation in equations]
    graph = loaded(g.model(*outs))
    return compile_graph(graph, npusim.hardware(name), load_profile("2026"), "fp16", False, None)


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_an_operand_is_turned_once_for_two_products(name) -> None:
    shape = (1, 2, 64, 16, 64)
    once = planned(name, ["bclhn,bcshn->bchls"], shape, shape)
    twice = planned(name, ["bclhn,bcshn->bchls", "bclhn,bcshn->bchls"], shape, shape)
    turns = lambda plan: sum(s.lowering == "operand" for s in plan.steps)
    assert turns(once) == turns(twice) == 2


@pytest.mark.parametrize(("name", "rows", "inside"), [("lunar_lake", 64, True), ("lunar_lake", 256, False)])
def test_what_the_dma_turns_stays_inside_where_it_fits_into_a_tile_twice(name, rows, inside) -> None:
    shape = (1, 2, rows, 24, 64)  # 0.39 and 1.57 MB, a tile has 1.5
    plan = planned(name, ["bclhn,bcshn->bchls"], shape, shape)
    size = 2 * rows * 24 * 64 * 2.0
    turning = {k for k, s in enumerate(plan.steps) if s.lowering == "operand"}
    asks = [a for a, k in zip(plan.ask, plan.step, strict=True) if k in turning and isinstance(a, DmaTask)]
    written = sum(a.nbytes for a in asks if a.destination == "ddr")
    assert written == pytest.approx(0 if inside else 2 * size)


@pytest.mark.parametrize(("name", "megabytes"), [("meteor_lake", 34.62), ("lunar_lake", 35.70)])
def test_a_small_mamba2_layer_moves_what_it_moves_in_intels_schedules(name, megabytes) -> None:
    g = Builder(weights=False)
    report = npusim.simulate(
        loaded(g.model(state_space.mamba2(g, 256, SMALL))), npusim.hardware(name), band=False
    )
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.15)
