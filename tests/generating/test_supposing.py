"""What-ifs of a language model: what is planned, what is told, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.generating.passes import Conditions, run
from npusim.generating.supposing import what_ifs_of
from npusim.language import counts, read_config
from tests.generating.models import LLAMA, conditions, config, passes

ASKED = st.sampled_from(
    [
        "precision:weights=int4,group=64",
        "precision:weights=nf4,group=64,outliers=0.0045",
        "precision:weights=int3,outliers=0.01,outliers_as=list",
        "precision:weights=int8,activations=int8",
        "sparsity:weights=0.5",
        "prune:ffn=0.5",
        "keep:capacity_mb=1,gb_per_s=300",
        "engine:file=examples/engines/logic.yaml",
    ]
)


def under(text, hw="lunar_lake"):
    on = conditions(hw)
    return Conditions(on.hw, on.profile, on.precision, what_ifs_of(text))


@settings(max_examples=12)
@given(ASKED, st.sampled_from(("meteor_lake", "lunar_lake", "panther_lake")), st.integers(3, 900))
def test_no_supposition_beats_the_bytes_it_leaves(tmp_path_factory, text, hw, past):
    graph = passes(config(tmp_path_factory.mktemp("c"), LLAMA)).graph(1, past)
    on = under(text, hw)
    found = run(graph, on, past, 1)
    plain = run(graph, conditions(hw), past, 1)
    assert found.must.read <= plain.must.read
    assert found.time_us >= found.must.read / float(on.hw.ddr.bandwidth_gb_per_s) / 1e3
    assert sum(found.parts_us.values()) == pytest.approx(found.time_us)


@pytest.mark.parametrize("weights", ["int4", "nf4", "nf4-double"])
def test_packed_weights_move_what_is_supposed_of_them(tmp_path, weights):
    """Half of them zero: values and a bit each, 3 bits in place of 4."""
    graph = passes(config(tmp_path, LLAMA, vocab_size=8192), weights=weights).graph(1, 100)
    sparse, plain = (run(graph, on, 100, 1) for on in (under("sparsity:weights=0.5"), conditions()))
    packed = counts(read_config(tmp_path)).weight_bytes("int4", -1) - 2 * 256 * 8192  # without the table
    for fewer in (plain.must.weights - sparse.must.weights, plain.moved_bytes - sparse.moved_bytes):
        assert fewer == pytest.approx(packed / 4, rel=0.05)


def test_the_answer_is_that_of_its_passes_and_says_what_is_without(tmp_path):
    model = config(tmp_path, LLAMA)
    text = "precision:weights=int4,group=64"
    found = npusim.generate(model, prompt=64, tokens=16, what_ifs=text)
    plain = npusim.generate(model, prompt=64, tokens=16)
    assert found.without_tokens_per_s == pytest.approx(plain.tokens_per_s)
    assert plain.what_ifs == () and plain.without_tokens_per_s is None
    assert found.tokens_per_s > plain.tokens_per_s
    assert found.memory.weight_bytes < plain.memory.weight_bytes / 3
    (one,) = found.what_ifs
    assert one.asked == text and "in int4" in one.sentence


def test_narrower_weights_as_built_and_as_supposed_read_the_same(tmp_path):
    """int4 with a scale for 64: built with its scales, supposed of fp16 weights."""
    model = config(tmp_path, LLAMA, tie_word_embeddings=False)
    built = npusim.generate(model, prompt=64, tokens=16, weights="int4", group=64)
    supposed = npusim.generate(model, prompt=64, tokens=16, what_ifs="precision:weights=int4,group=64")
    assert supposed.step.must.weights == pytest.approx(built.step.must.weights, rel=1e-3)


def test_energy_is_counted_of_a_token(tmp_path):
    model = config(tmp_path, LLAMA)
    asked = ["energy", "precision:weights=int4,group=64"]
    found = npusim.generate(model, prompt=64, tokens=16, what_ifs=asked)
    energy, _ = found.what_ifs
    assert energy.numbers["DDR_ratio"] < 0.5 and "of the power virus" in energy.sentence
    alone = npusim.generate(model, prompt=64, tokens=16, what_ifs=asked[1])
    assert found.tokens_per_s == alone.tokens_per_s


@pytest.mark.parametrize("name", ["pad", "skip", "split"])
def test_what_composes_runs_says_where_to_ask_it(tmp_path, name):
    with pytest.raises(BadArgument, match="one pass: npusim run CONFIG"):
        npusim.generate(config(tmp_path, LLAMA), what_ifs=name)
