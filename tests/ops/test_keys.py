"""What tells equal nodes can always be hashed, and differs where an attribute does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from onnx import GraphProto, helper

from npusim.ops.keys import attributes_key

leaves = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.lists(st.integers(0, 9), max_size=4).map(np.array),
    st.text("ab", max_size=2).map(lambda name: GraphProto(name=name)),
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.dictionaries(st.sampled_from(["axis", "body", "scales"]), values, max_size=3))
def test_any_attributes_have_a_key(attributes):
    assert hash(attributes_key(attributes)) == hash(attributes_key(dict(attributes)))


def test_two_subgraphs_and_two_long_arrays_in_lists_are_told_apart():
    graphs = [helper.make_graph([helper.make_node(op, ["x"], ["y"])], "g", [], []) for op in ("Relu", "Abs")]
    arrays = [[np.arange(5_000)], [np.where(np.arange(5_000) == 2_500, 0, np.arange(5_000))]]
    for one, other in (graphs, arrays):
        assert attributes_key({"a": one}) != attributes_key({"a": other})
