"""Products: any sum of products of two operands is the same after it became a MatMul."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xamba.build import check, constant, copy, model, ops, run, value
from xamba import verify
from xamba.passes.contraction import Contraction

h = onnx.helper


@st.composite
def equations(draw):
    """Two operands, each with some of the labels a..e, and a result with some of theirs; and lengths."""
    left = draw(st.permutations("abcde"))[: draw(st.integers(1, 4))]
    right = draw(st.permutations("abcde"))[: draw(st.integers(1, 4))]
    both = sorted({*left, *right})
    result = [x for x in draw(st.permutations(both)) if draw(st.booleans())]
    lengths = {x: draw(st.sampled_from([1, 2, 3, 5])) for x in both}
    return "".join(left), "".join(right), "".join(result), lengths


def einsum_model(left, right, result, lengths, dtype="float32"):
    node = h.make_node("Einsum", ["a", "b"], ["y"], equation=f"{left},{right}->{result}")
    shape = lambda labels: [lengths[x] for x in labels]
    inputs = [value("a", shape(left), dtype), value("b", shape(right), dtype)]
    return model([node], inputs, [value("y", shape(result), dtype)])


@given(equations(), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_any_einsum_of_two_is_the_same(case, seed):
    left, right, result, lengths = case
    before = einsum_model(*case)
    after = copy(before)
    Contraction().run(after)
    check(after)
    rng = np.random.default_rng(seed)
    feeds = {
        n: rng.integers(-4, 5, [lengths[x] for x in t]).astype(np.float32)
        for n, t in (("a", left), ("b", right))
    }
    wanted = np.einsum(f"{left},{right}->{result}", feeds["a"], feeds["b"])
    found = run(after, feeds)[0]
    assert found.shape == wanted.shape and np.array_equal(found, wanted)  # whole numbers: no rounding


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_any_broadcast_product_and_its_sum_is_the_same(data):
    rank = data.draw(st.integers(2, 5))
    full = [data.draw(st.sampled_from([1, 2, 3])) for _ in range(rank)]
    narrow = lambda: [d if data.draw(st.booleans()) else 1 for d in full]
    a, b = narrow(), narrow()
    shape = np.broadcast_shapes(a, b)
    axes = sorted(data.draw(st.sets(st.integers(0, rank - 1), min_size=1)))
    keep = data.draw(st.integers(0, 1))
    nodes = [
        h.make_node("Mul", ["a", "b"], ["p"]),
        h.make_node("ReduceSum", ["p", "axes"], ["y"], keepdims=keep),
    ]
    out = [1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]
    m = model(nodes, [value("a", a), value("b", b)], [value("y", out)], [constant("axes", axes)])
    Contraction().run(m)
    check(m)
    rng = np.random.default_rng(0)
    feeds = {"a": rng.integers(-4, 5, a).astype(np.float32), "b": rng.integers(-4, 5, b).astype(np.float32)}
    wanted = (feeds["a"] * feeds["b"]).sum(tuple(axes), keepdims=bool(keep))
    found = run(m, feeds)[0]
    assert found.shape == wanted.shape and np.array_equal(found, wanted)


def scores(heads: int, rows: int, state: int, batch="N", repeat=None) -> ir.Model:
    """``G = C B^T`` of Mamba-2 with both operands repeated for all heads, times a decay for each head."""
    nodes = [
        h.make_node("Tile", ["c", "heads"], ["c1"]),
        h.make_node("Tile", ["b", "heads"], ["b1"]),
        h.make_node("Unsqueeze", ["c1", "two"], ["c2"]),
        h.make_node("Unsqueeze", ["b1", "one"], ["b2"]),
        h.make_node("Mul", ["c2", "b2"], ["p"]),
        h.make_node("ReduceSum", ["p", "last"], ["g"], keepdims=0),
        h.make_node("Transpose", ["decay"], ["l"], perm=[0, 2, 3, 1]),
        h.make_node("Mul", ["g", "l"], ["m"]),
        h.make_node("Einsum", ["m", "x"], ["y"], equation="blsh,bshp->blhp"),
    ]
    constants = [
        constant("heads", [1, 1, heads, 1]),
        constant("one", [1]),
        constant("two", [2]),
        constant("last", [-1]),
    ]
    inputs = [
        value("c", [batch, rows, 1, state]),
        value("b", [batch, rows, 1, state]),
        value("decay", [batch, heads, rows, rows]),
        value("x", [batch, rows, heads, 7]),
    ]
    return model(nodes, inputs, [value("y", [batch, rows, heads, 7])], constants)


@pytest.mark.parametrize("heads, rows, state", [(3, 5, 4), (24, 16, 8)])
def test_scores_are_made_once_for_all_heads_and_nothing_large_is_turned(heads, rows, state):
    before = scores(heads, rows, state)
    after = copy(before)
    Contraction().run(after)
    check(after)
    assert Counter(ops(after))["MatMul"] == 2 and not {"Einsum", "ReduceSum", "Tile"} & set(ops(after))
    turned = [n for n in after.graph if n.op_type == "Transpose"]
    sizes = [np.prod([d for d in n.outputs[0].shape if isinstance(d, int)]) for n in turned]
    assert heads * rows * rows not in sizes, "the decay or the scores are turned"
    for batch in (1, 3):
        assert verify(before, after, dims={"N": batch}).ok


def test_a_matmul_of_two_copies_is_made_once():
    nodes = [
        h.make_node("Expand", ["a", "shape"], ["a1"]),
        h.make_node("Expand", ["b", "shape"], ["b1"]),
        h.make_node("MatMul", ["a1", "b1"], ["y"]),
    ]
    m = model(
        nodes,
        [value("a", [2, 1, 4, 4]), value("b", [2, 1, 4, 4])],
        [value("y", [2, 6, 4, 4])],
        [constant("shape", [1, 6, 1, 1])],
    )
    before = copy(m)
    result = Contraction().run(m)
    assert "once for 6" in result.rewritten[0].by and verify(before, m).ok
    product = next(n for n in m.graph if n.op_type == "MatMul")
    assert list(product.outputs[0].shape) == [2, 4, 4]


def test_infinities_and_nan_come_out_as_before():
    before = einsum_model("ab", "cb", "ac", {"a": 3, "b": 4, "c": 2})
    after = copy(before)
    Contraction().run(after)
    a = np.ones((3, 4), np.float32)
    a[0, 1], a[2, 3] = np.inf, np.nan
    feeds = {"a": a, "b": np.array([[1, 0, 2, 1], [1, 1, 1, 1]], np.float32)}
    assert np.array_equal(run(before, feeds)[0], run(after, feeds)[0], equal_nan=True)
