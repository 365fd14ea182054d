"""How long the pass takes that turns the right sides of a batch of products, as released."""

import pytest

import npusim
from npusim.graph import DType, Graph, Node, Value

AS_RELEASED = "2026-as-released"


def turning_us(heads: int, terms: int, columns: int, name: str) -> float:
    """Microseconds of the array for values of so many heads, of the graph, that are turned for their products."""
    values = (
        Value("p", (1, heads, 4, terms), DType.FLOAT16),
        Value("v", (1, heads, terms, columns), DType.FLOAT16),
        Value("y", (1, heads, 4, columns), DType.FLOAT16),
    )
    node = Node("product", "MatMul", ("p", "v"), ("y",))
    graph = Graph("values", (node,), {v.name: v for v in values}, ("p", "v"), ("y",), opset=20)
    nodes = npusim.simulate(graph, name, AS_RELEASED, band=False).nodes
    turns = [n for n in nodes if n.op_type == "MemPermute" and n.name.startswith("v")]
    return sum(n.busy_us.get("mac_array", 0.0) for n in turns)


def test_two_of_four_heads_on_a_tile_take_as_long_as_four() -> None:
    """Four heads of 2,601 x 64 on three tiles: [1, 64, 2, 2601] takes 61.5 us in Intel's schedule of NPU 5010; one
    to four heads a tile take the same, five twice as long."""
    times = [turning_us(heads, 2608, 64, "panther_lake") for heads in (3, 4, 9, 12)]
    assert min(times) > 0
    assert times == pytest.approx([times[0]] * 4, rel=0.02)
    assert turning_us(15, 2608, 64, "panther_lake") == pytest.approx(2 * times[0], rel=0.1)


@pytest.mark.parametrize(("heads", "fours"), [(4, 1), (16, 1), (20, 2), (32, 2)])
def test_heads_count_in_fours_on_four_tiles(heads, fours) -> None:
    one = turning_us(4, 1024, 64, "lunar_lake")
    assert turning_us(heads, 1024, 64, "lunar_lake") == pytest.approx(fours * one, rel=0.1)


def test_problems_of_large_sides_are_turned_in_proportion() -> None:
    """256 x 2,048 on NPU 5010: in fours, four of them would be a third too long (Intel's schedule)."""
    assert turning_us(12, 2048, 256, "panther_lake") > 1.5 * turning_us(3, 2048, 256, "panther_lake")
