"""Scores that stand where weights do cross DDR behind their softmax."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate


def _attention(pixels: int, heads: int, values_left: bool) -> Graph:
    """Softmax of scores, then values by scores (channels first) or scores by values (rows first)."""
    sides = (32, pixels) if values_left else (pixels, 32)
    shapes = {"s": (pixels, pixels), "p": (pixels, pixels), "v": sides, "o": sides}
    shapes |= {"q": (pixels, 32), "k": (32, pixels)}
    values = {n: Value(n, (1, heads, *s), DType.FLOAT16) for n, s in shapes.items()}
    operands = ("v", "p") if values_left else ("p", "v")
    nodes = (
        Node("scores", "MatMul", ("q", "k"), ("s",), {}),
        Node("soft", "Softmax", ("s",), ("p",), {"axis": -1}),
        Node("product", "MatMul", operands, ("o",), {}),
    )
    return Graph("attention", nodes, values, ("q", "k", "v"), ("o",), opset=17)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("pixels", [100, 169])
def test_scores_on_the_right_are_written_and_read(pixels: int, profile: str) -> None:
    """NPU 5010, 169 pixels in 4 heads: softmax/part CMX>DDR 228 kB in Intel's schedule."""
    report = simulate(_attention(pixels, 4, True), load_hardware("panther_lake"), profile)
    scores = 4 * pixels**2 * 2
    assert sum(t.nbytes for t in report.tasks if t.node == "soft" and t.destination == "ddr") == scores
    other = simulate(_attention(pixels, 4, False), load_hardware("panther_lake"), profile)
    assert not any(t.destination == "ddr" and t.nbytes and t.node == "soft" for t in other.tasks)
