"""A product of few rows shares its channels among the tiles: no tile holds all weights, so it is cut less often."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.sharing.pieces import FEW_ROWS
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights

#: Pieces in Intel's schedules (2026) of 1 to 64 rows, NPU 3720, 4000, 5010: terms, channels -> at most so many.
INTEL = {(768, 768): (2, 1, 2), (1536, 768): (3, 2, 3), (768, 3072): (4, 4, 4), (2048, 2048): (8, 8, 16)}
NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def product(hardware, rows, terms, channels):
    graph = loaded(
        model([node("MatMul", "x w", "y")], {"x": [1, rows, terms]}, ["y"], {"w": weights(terms, channels)})
    )
    report = simulate(graph, load_hardware(hardware), "2026")
    return next(n.pieces for n in report.nodes if n.op_type == "MatMul"), report.latency_us


@pytest.mark.parametrize("at", range(3), ids=NPUS)
@pytest.mark.parametrize("rows", [1, 4, 16, 64])
@pytest.mark.parametrize("size", INTEL, ids=str)
def test_never_in_more_pieces_than_intels_compiler_makes(size, rows, at):
    assert product(NPUS[at], rows, *size)[0] <= INTEL[size][at]


@pytest.mark.slow
@settings(max_examples=min(25, settings().max_examples), deadline=None)
@given(
    hardware=st.sampled_from(NPUS),
    rows=st.integers(1, FEW_ROWS // 8).map(lambda n: 16 * n),  # full grids
    terms=st.sampled_from([256, 768, 1536, 3072]),
    channels=st.sampled_from([256, 768, 3072]),
)
def test_twice_the_rows_are_never_faster(hardware, rows, terms, channels):
    fewer, more = (product(hardware, r, terms, channels)[1] for r in (rows, 2 * rows))
    assert fewer <= 1.03 * more  # a full grid of rows may be cheaper than half of one
