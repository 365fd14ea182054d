"""Queries, keys and values packed in a product's channels are taken where they lie; nothing turns for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiler.fuse.test_neutral import priced

NPUS = ["meteor_lake", "lunar_lake", "panther_lake"]


def projected(npu, tokens, batch, width, way):
    """A projection in three, in PyTorch's order or cut out of the channels, and a softmax of each part."""
    held = {"w": np.zeros((width, 3 * width), np.float16)}
    nodes = [("MatMul", "x w", "a", {})]
    shape = (tokens, batch, width)
    if way == "rows":
        held |= {"s": np.array([tokens, batch, 3, width])}
        nodes += [("Reshape", "a s", "b", {})]
        parts = [("Gather", f"b i{i}", f"p{i}", {"axis": 2}) for i in range(3)]
    else:
        held |= {"s": np.array([1, tokens, batch, 3, width]), "one": np.array([3])}
        nodes += [("Reshape", "a s", "b", {}), ("Transpose", "b", "c", {"perm": [3, 1, 2, 0, 4]})]
        nodes += [("Squeeze", "c one", "d", {})]
        parts = [("Gather", f"d i{i}", f"p{i}", {"axis": 0}) for i in range(3)]
    held |= {f"i{i}": np.array(i) for i in range(3)}
    nodes += parts + [("Softmax", f"p{i}", f"q{i}", {}) for i in range(3)]
    nodes += [("Add", "q0 q1", "r", {}), ("Mul", "r q2", "y", {})]
    return priced(nodes, list(shape), held, npu)


@given(
    npu=st.sampled_from(NPUS), tokens=st.integers(2, 60), batch=st.integers(1, 4),
    width=st.sampled_from([16, 40, 96]),
)  # fmt: skip
def test_the_order_of_the_exporter_costs_nothing(npu, tokens, batch, width):
    asked = (npu, tokens, batch, width)
    turned, plain = projected(*asked, "turned"), projected(*asked, "rows")
    assert turned.latency_us == plain.latency_us and turned.bytes_moved == plain.bytes_moved


@pytest.mark.parametrize("npu", NPUS)
def test_a_list_of_one_number_is_the_same(npu):
    held = {f"i{i}": np.array(i) for i in range(2)} | {"one": np.array([0])}
    start = [("Exp", "x", "a", {}), ("Transpose", "a", "b", {"perm": [1, 0, 2]})]
    end = [("Softmax", "p0", "q", {}), ("Add", "q p1", "y", {})]
    gathers = [("Gather", f"b i{i}", f"p{i}", {"axis": 0}) for i in range(2)]
    squeezes = [("Squeeze", f"c{i} one", f"p{i}", {}) for i in range(2)]
    found = [priced([*start, *gathers, *end], [40, 2, 64], held, npu)]
    lists = [("Gather", f"b l{i}", f"c{i}", {"axis": 0}) for i in range(2)]
    held |= {f"l{i}": np.array([i]) for i in range(2)}
    found.append(priced([*start, *lists, *squeezes, *end], [40, 2, 64], held, npu))
    assert found[0].latency_us == found[1].latency_us
    assert all("Transpose" not in {n.op_type for n in f.nodes} for f in found)


@pytest.mark.parametrize("perm, index", [([2, 0, 3, 1, 4], 1), ([0, 2, 1, 3, 4], 1)])
def test_heads_that_turn_as_well_are_turned_as_they_were_written(perm, index):
    nodes = [
        ("Exp", "x", "a", {}),
        ("Transpose", "a", "b", {"perm": perm}),
        ("Gather", "b i", "y", {"axis": 0}),
    ]
    found = priced(nodes, [2, 30, 3, 4, 16], {"i": np.array(index)})
    assert any(n.name == "nb" for n in found.nodes)
