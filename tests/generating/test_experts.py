"""Experts: a token reads those it is sent to, once, as they are stored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.generating.passes import run
from npusim.generating.traffic import traffic
from npusim.language import build, counts, from_keys
from npusim.language.bound_experts import experts_bound
from npusim.model_files import load
from tests.generating.models import LLAMA, conditions, config, passes

KEYS = LLAMA | {
    "model_type": "qwen3_moe",
    "head_dim": 64,
    "num_experts": 32,
    "num_experts_per_tok": 4,
    "moe_intermediate_size": 128,
}


@settings(max_examples=15)
@given(
    st.sampled_from(("fp16", "int8", "int4")),
    st.sampled_from((32, -1)),
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from((1, 2, 5)),
)
def test_bytes_of_a_pass_are_those_of_the_chosen_experts(weights, group, few, times, tokens):
    keys = KEYS | {"num_experts": 8 * few * times, "num_experts_per_tok": few}
    found = from_keys(keys, "x")
    graph = load(build(found, tokens=tokens, past=40, weights=weights, group=group, present="new"))
    by_hand = counts(found).read_bytes(weights, group, tokens=tokens)
    assert traffic(experts_bound(graph)).weights == pytest.approx(by_hand, rel=0.02, abs=4096)


@pytest.mark.parametrize("weights", ["fp16", "int4"])
def test_no_copy_is_written_and_the_same_is_multiplied(tmp_path, weights):
    on = conditions()
    model = passes(config(tmp_path, KEYS, hidden_size=1024, moe_intermediate_size=768), weights=weights)
    bound = run(model.graph(1, 100), on, 100, 1)
    gathered = run(load(model.proto(1, 100)), on, 100, 1)
    assert bound.macs == gathered.macs
    assert bound.moved_bytes < gathered.moved_bytes and bound.time_us < gathered.time_us
    assert bound.moved_bytes < 1.15 * (bound.must.read + bound.must.new)


def test_a_graph_without_experts_is_itself():
    graph = load(build(from_keys(LLAMA, "x")))
    assert experts_bound(graph) is graph
