"""What a product hands to the next one: where it stays on NPU 5010, and rows that are no multiple of four."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import gelu, layernorm, linear


def moved_mb(rows: int, width: int, inner: int) -> list[float]:
    """MB to and from DDR of both products of a normalised feed-forward, Gelu behind the first, on NPU 5010."""
    g = Builder(weights=False)
    x = layernorm(g, g.input(1, rows, width), width)
    y = linear(g, gelu(g, linear(g, x, width, inner)), inner, width)
    report = simulate(of_model(g.model(y), ""), load_hardware("panther_lake"), "2026-as-released", band=False)
    return [n.bytes_moved / 1e6 for n in report.nodes if n.op_type == "MatMul"]


@pytest.mark.parametrize(
    "what, first_mb",
    [
        ((160, 512, 2048), 2.13),
        ((257, 384, 1536), 1.21),
        ((320, 384, 1536), 1.21),
        ((400, 512, 1024), 1.07),
        ((512, 256, 1024), 0.54),
        ((328, 384, 1536), 2.21),
        ((384, 384, 1536), 2.39),
        ((640, 256, 1024), 1.85),
        ((224, 512, 2048), 3.05),
    ],
)
def test_a_result_stays_where_it_fits_beside_input_and_weights(what, first_mb) -> None:
    """Bytes of the first product in Intel's schedules of NPU 5010: its weights, and its result where that leaves."""
    assert moved_mb(*what)[0] == pytest.approx(first_mb, rel=0.02)


def test_rows_of_a_products_result_are_padded_once() -> None:
    """577 x 384 x 1,536 x 384: 2.99 MB out of the first product and 2.97 into the second, Intel's schedule of NPU 5010;
    no copy between them."""
    first, second = moved_mb(577, 384, 1536)
    assert first == pytest.approx(2.99, rel=0.02)
    assert second == pytest.approx(2.97 + 0.44 + 0.44, rel=0.02)  # written, and cut to its rows by a copy


@given(quarters=st.integers(10, 60), rest=st.integers(1, 3))
def test_uneven_rows_move_what_whole_fours_do(quarters, rest) -> None:
    """Between the products a row more costs its own bytes; a copy of all rows would cost as many again."""
    rows = 4 * quarters + rest
    uneven, even = sum(moved_mb(rows, 128, 512)), sum(moved_mb(4 * quarters + 4, 128, 512))
    result = 2 * rows * 128 / 1e6  # leaves the graph, cut to its rows by a copy
    assert uneven <= even + 2 * result + 0.01
