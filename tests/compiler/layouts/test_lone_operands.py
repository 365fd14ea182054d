"""The right side of one product of two inputs of the graph: which products have it turned, and where it goes then."""

import pytest

import npusim
from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.report.record import NodeReport

AS_RELEASED, LAWFUL = "2026-as-released", "2026"


def product(op: str, rows: int, terms: int, columns: int, transposed: int = 0) -> Graph:
    sides = ((rows, terms), (columns, terms) if transposed else (terms, columns), (rows, columns))
    values = tuple(Value(n, shape, DType.FLOAT16) for n, shape in zip("aby", sides, strict=True))
    attributes = {"transB": transposed} if op == "Gemm" else {}
    node = Node("product", op, ("a", "b"), ("y",), attributes=attributes)
    return Graph("one", (node,), {v.name: v for v in values}, ("a", "b"), ("y",), opset=20)


def turns(graph: Graph, name: str, profile: str = AS_RELEASED) -> list[NodeReport]:
    nodes = npusim.simulate(graph, name, profile, band=False).nodes
    return [n for n in nodes if n.op_type == "MemPermute"]


def microseconds(graph: Graph, name: str) -> float:
    return npusim.simulate(graph, name, LAWFUL, band=False).latency_us


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
@pytest.mark.parametrize("profile", [AS_RELEASED, LAWFUL])
def test_a_gemm_turns_it_as_a_product_does_and_not_where_it_comes_so(name, profile) -> None:
    """`reorder_in_1/to_maxpool` in Intel's schedules of both."""
    sizes = (64, 128, 192)
    times = [
        npusim.simulate(product(op, *sizes), name, profile, band=False).latency_us
        for op in ("Gemm", "MatMul")
    ]
    assert times[0] == pytest.approx(times[1])
    assert len(turns(product("Gemm", *sizes), name, profile)) == 1
    assert not turns(product("Gemm", *sizes, transposed=1), name, profile)


@pytest.mark.parametrize("name", ["meteor_lake", "panther_lake"])
@pytest.mark.parametrize(
    ("rows", "terms", "columns", "crosses"),
    [
        (16, 352, 192, True),
        (80, 128, 320, True),
        (256, 512, 512, True),
        (64, 64, 64, False),
        (160, 64, 96, False),
        (200, 512, 192, False),
    ],
)
def test_it_crosses_ddr_for_more_channels_than_rows(rows, terms, columns, crosses, name) -> None:
    """All of it is loaded, and where it crosses written once and read once: as in Intel's schedules of these sizes."""
    whole = npusim.simulate(product("Gemm", rows, terms, columns), name, AS_RELEASED, band=False)
    sides = 2 * (rows * terms + rows * columns + terms * columns * (3 if crosses else 1))
    assert whole.bytes_moved == pytest.approx(sides, rel=0.05)


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_by_law_the_same_way_is_taken_whatever_there_is_more_of(name, axis) -> None:
    for sizes in ((16, 64, 64), (64, 128, 192), (200, 128, 192), (256, 512, 512)):
        twice = [n * (1 + (k == axis)) for k, n in enumerate(sizes)]
        once, doubled = (microseconds(product("Gemm", *n), name) for n in (sizes, twice))
        assert 0.999 <= doubled / once <= 2.3


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_a_further_tile_is_no_slower(name) -> None:
    graph = product("Gemm", 256, 512, 512)
    own = load_hardware(name)
    one, all_of_them = (
        npusim.simulate(graph, own.replace({"tiles": n}), LAWFUL, band=False).latency_us
        for n in (1, own.tiles)
    )
    assert all_of_them <= one
