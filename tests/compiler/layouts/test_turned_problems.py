"""How long the pass takes that turns the right sides of a batch of products, as released."""

import pytest

import npusim
from npusim.graph import DType, Graph, Node, Value
from npusim.report.record import NodeReport

AS_RELEASED = "2026-as-released"


def turning(heads: int, terms: int, columns: int, name: str, profile: str = AS_RELEASED) -> list[NodeReport]:
    """The steps that turn values of so many heads, of the graph, for their products."""
    values = (
        Value("p", (1, heads, 4, terms), DType.FLOAT16),
        Value("v", (1, heads, terms, columns), DType.FLOAT16),
        Value("y", (1, heads, 4, columns), DType.FLOAT16),
    )
    node = Node("product", "MatMul", ("p", "v"), ("y",))
    graph = Graph("values", (node,), {v.name: v for v in values}, ("p", "v"), ("y",), opset=20)
    nodes = npusim.simulate(graph, name, profile, band=False).nodes
    return [n for n in nodes if n.op_type == "MemPermute" and n.name.startswith("v")]


def turning_us(heads: int, terms: int, columns: int, name: str) -> float:
    """Microseconds of the array that those steps take."""
    return sum(n.busy_us.get("mac_array", 0.0) for n in turning(heads, terms, columns, name))


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


@pytest.mark.parametrize(
    ("heads", "terms", "columns", "by_dma"),
    [
        (6, 32, 190, True),  # `memperm_NCWH/unrolled_permuteDMA` of 73 KB in Intel's schedules of all three
        (40, 80, 33, True),
        (21, 64, 228, True),
        (40, 164, 104, False),  # `memperm_NCWH/expand`, to_maxpool of 112 columns, slice
        (10, 36, 304, False),  # whole sixteens
        (16, 40, 300, False),  # two passes
    ],
)
@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_columns_that_fill_no_sixteens_are_turned_by_the_dma(heads, terms, columns, by_dma, name) -> None:
    (turn,) = turning(heads, terms, columns, name)
    assert (turn.lowering == "dma_permute") == by_dma


def test_what_the_dma_turns_crosses_a_tile_and_comes_back() -> None:
    """6 x 32 x 190 numbers of two bytes, into a tile and out; their product loads them again."""
    (turn,) = turning(6, 32, 190, "panther_lake")
    assert turn.bytes_moved == 2 * 2 * 6 * 32 * 190


@pytest.mark.parametrize("heads", [4, 8, 24])
def test_twice_as_many_heads_are_turned_in_twice_the_time_by_law(heads) -> None:
    """As released 16 heads, turned by two passes, take 3.1 times as long as 8, which the DMA turns; here all do."""

    def latency(heads: int) -> float:
        return sum(n.duration_us for n in turning(heads, 64, 300, "panther_lake", "2026"))

    assert latency(2 * heads) < 2.3 * latency(heads)
