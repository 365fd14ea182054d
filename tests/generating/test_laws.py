"""Laws of tokens: what they read, what bounds them, and how their time moves with context and bandwidth."""

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from npusim.generating.answer import answer
from npusim.generating.asked import Asked
from npusim.generating.graphs import Built
from npusim.generating.passes import run
from npusim.generating.traffic import traffic
from npusim.language import FAMILIES, counts, from_keys, read_config
from npusim.language.blocks.experts import Experts
from tests.generating.models import LLAMA, MAMBA, conditions, config, passes
from tests.language.test_laws import TINY

DDR = "ddr__bandwidth_gb_per_s"
#: A small model of any family; its weights are many beside masks and positions.
WIDER = TINY | {"hidden_size": 128, "intermediate_size": 512, "vocab_size": 2048, "num_heads": 4, "head_dim": 64,
    "mamba_d_ssm": 256, "n_inner": 512, "ffn_dim": 512, "num_experts": 32, "num_local_experts": 32,
    "moe_intermediate_size": 64, "linear_key_head_dim": 32, "linear_value_head_dim": 32}  # fmt: skip
MASKS = 0.02  # positions, masks and tables of the rotation, in relation to very small models


@st.composite
def llamas(draw):
    heads = draw(st.sampled_from((2, 4, 8)))
    width = draw(st.sampled_from((32, 64)))
    return {
        **LLAMA,
        "num_attention_heads": heads,
        "num_key_value_heads": draw(st.sampled_from([k for k in (1, 2, 4, 8) if k <= heads])),
        "head_dim": width,
        "hidden_size": heads * width,
        "intermediate_size": 64 * draw(st.integers(2, 12)),
        "num_hidden_layers": draw(st.integers(1, 3)),
        "vocab_size": 256 * draw(st.integers(2, 8)),
        "tie_word_embeddings": draw(st.booleans()),
    }


asked = st.fixed_dictionaries(
    {
        "weights": st.sampled_from(("fp16", "int8", "int4", "nf4", "nf4-double")),
        "group": st.sampled_from((32, -1)),
        "cache": st.sampled_from(("fp16", "int8")),
        "batch": st.integers(1, 3),
    }
)


@settings(max_examples=25)
@given(llamas(), asked, st.integers(1, 700))
def test_bytes_of_a_token_are_weights_and_cache_by_hand(keys, how, past):
    with tempfile.TemporaryDirectory() as folder:
        path = config(Path(folder), keys)
        found = traffic(passes(path, **how).graph(1, past))
        by_hand = counts(read_config(path))
    weights = by_hand.read_bytes(how["weights"], how["group"], tokens=how["batch"])
    assert found.weights == pytest.approx(weights, rel=MASKS, abs=2048)
    assert found.cache == by_hand.cache_bytes(past, how["cache"], how["batch"])
    one_more = by_hand.cache_bytes(past + 1, how["cache"], how["batch"])
    assert found.new == pytest.approx(one_more - found.cache)


@settings(max_examples=12)
@given(llamas(), asked, st.sampled_from(("meteor_lake", "lunar_lake", "panther_lake")), st.integers(64, 600))
def test_tokens_never_exceed_the_bound_and_the_parts_are_the_whole(keys, how, hw, prompt):
    with tempfile.TemporaryDirectory() as folder:
        path = config(Path(folder), keys)
        what = Asked(prompt=prompt, tokens=32, **how).checked()
        found = answer(passes(path, prompt=prompt, tokens=32, **how), what, conditions(hw))
    assert found.tokens_per_s <= found.bound.tokens_per_s
    assert found.band[0] <= found.tokens_per_s <= found.band[1]
    low, high = found.first_token_band_us
    assert low <= found.first_token_us <= high
    assert math.isclose(sum(found.step.parts_us.values()), found.step.time_us, rel_tol=1e-9)
    assert math.isclose(sum(found.prompt_parts_us.values()), found.first_token_us, rel_tol=1e-9)
    assert all(part >= 0 for part in (*found.step.parts_us.values(), *found.prompt_parts_us.values()))


@settings(max_examples=40)
@given(st.sampled_from(sorted(FAMILIES)), asked, st.integers(1, 300), st.integers(1, 3))
def test_bytes_of_a_token_are_those_by_hand_in_every_family(family, how, past, layers):
    """Weights, and cache and state; of windows no more rows than they keep."""
    found = from_keys({"model_type": family, **WIDER, "num_hidden_layers": layers, "n_layer": layers}, family)
    assume(not (how["weights"].startswith("nf4") and any(isinstance(b, Experts) for b in found.blocks())))
    what = Asked(**how).checked()
    must = traffic(Built(found, what).graph(1, past))
    by_hand = counts(found)
    weights = by_hand.read_bytes(how["weights"], how["group"], tokens=how["batch"])
    assert must.weights == pytest.approx(weights, rel=MASKS, abs=2048 * layers)
    kept = by_hand.cache_bytes(past, how["cache"], how["batch"]) + by_hand.state_bytes(how["batch"])
    assert must.cache == kept


@settings(max_examples=12)
@given(
    st.sampled_from(sorted(FAMILIES)) | llamas(),
    st.floats(10, 100),
    st.floats(1.01, 3.0),
    st.integers(64, 900),
)
def test_more_bandwidth_never_slows(model, bandwidth, more, past):
    keys = {"model_type": model, **WIDER} if isinstance(model, str) else model
    graph = Built(from_keys(keys, "x"), Asked()).graph(1, past)
    slow, fast = (
        run(graph, conditions(**{DDR: ddr}), past, 1).time_us for ddr in (bandwidth, bandwidth * more)
    )
    assert fast <= slow * (1 + 1e-9)


@settings(max_examples=15)
@given(llamas(), asked, st.integers(256, 2047))
def test_tokens_a_second_fall_with_the_context_of_attention(keys, how, past):
    model, on = Built(from_keys(keys, "x"), Asked(**how)), conditions()
    near, far = (run(model.graph(1, p), on, p, 1).time_us for p in (past, 4 * past + 3))
    assert near < far


@settings(max_examples=8)
@given(
    st.sampled_from(("mamba", "mamba2", "falcon_mamba")), asked, st.integers(2, 5000), st.integers(2, 5000)
)
def test_tokens_a_second_of_a_recurrence_do_not_depend_on_the_context(family, how, one, other):
    assume(how["cache"] == "fp16")
    model, on = Built(from_keys({"model_type": family, **WIDER}, "x"), Asked(**how)), conditions()
    assert model.recurrent
    assert len({run(model.graph(1, past), on, past, 1).time_us for past in (one, other)}) == 1


@pytest.mark.parametrize("keys", [LLAMA, MAMBA], ids=["llama", "mamba"])
def test_a_pass_takes_the_same_with_its_band_and_without(tmp_path, keys):
    model, on = passes(config(tmp_path, keys)), conditions()
    with_band, without = (run(model.graph(1, 300), on, 300, 1, band=band) for band in (True, False))
    assert with_band.time_us == without.time_us and with_band.parts_us == without.parts_us
    assert with_band.doubts and not without.doubts
