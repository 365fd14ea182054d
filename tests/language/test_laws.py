"""Laws of built models, over configs and passes drawn at random."""

import json
from dataclasses import replace
from functools import cache
from math import prod

import numpy as np
import onnx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument, BadModel
from npusim.graph import DType
from npusim.language import FAMILIES, build, counts, from_keys
from npusim.language.blocks.experts import Experts
from npusim.language.build import _random
from npusim.language.storage import Width, quantised
from tests.language.exports import LLAMA_TINY, past_name, run
from tests.language.test_families import DATA, NAMES


@cache
def config_of(name):
    return from_keys(json.loads(str(np.load(DATA / f"{name}.npz")["config"])), name)


CONFIGS = st.sampled_from(NAMES).map(config_of)
PASSES = st.fixed_dictionaries(
    {
        "tokens": st.sampled_from([1, 2, 7, 19]),
        "past": st.sampled_from([0, 1, 6, 40]),
        "batch": st.integers(1, 3),
        "weights": st.sampled_from(["fp32", "fp16", "int8", "int4", "nf4", "nf4-double"]),
        "cache": st.sampled_from(["fp16", "int8"]),
        "group": st.sampled_from([32, 64, 128, -1]),
        "embedding": st.sampled_from([None, None, "int8"]),
        "head": st.sampled_from([None, None, "int8", "int4", "nf4"]),
        "last_logits": st.booleans(),
        "with_cache": st.booleans(),
        "present": st.sampled_from(["all", "new"]),
    }
)
WIDTHS = {"float32": 4, "float16": 2, "int8": 1, "uint8": 1, "int4": 0.5}


def test_every_family_has_a_reference():
    assert {config_of(name).family for name in NAMES} | {"gemma3"} == set(FAMILIES)


#: Keys that make a tiny model of any family; each takes those it knows. A new page is tried with them.
TINY = {
    "hidden_size": 32, "num_hidden_layers": 4, "vocab_size": 40, "intermediate_size": 48, "sliding_window": 5,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "original_max_position_embeddings": 64,
    "num_experts": 16, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16,
    "num_local_experts": 16,
    "state_size": 8, "num_heads": 4, "n_groups": 2, "chunk_size": 4, "mamba_d_ssm": 32, "mamba_n_heads": 4,
    "mamba_d_state": 8, "mamba_chunk_size": 4, "linear_num_value_heads": 4, "linear_num_key_heads": 2,
    "linear_value_head_dim": 8, "linear_key_head_dim": 8, "block_multiple_of": 16, "full_attn_idxs": [1, 3],
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_is_its_parts(family):
    """Seven tokens at once, or three, then one, then three: the same logits. Holds for every page, a new one too."""
    config = from_keys({"model_type": family, **TINY}, family)
    ids = np.arange(7)[None] * 5 % config.vocab

    def logits(past, tokens, states):
        model = build(
            config, tokens=tokens, past=past, weights="fp32", weights_values=np.random.default_rng(7)
        )
        inputs = {
            "input_ids": ids[:, past : past + tokens],
            "position_ids": np.arange(past, past + tokens)[None],
            "attention_mask": np.ones((1, past + tokens), np.int64),
        }
        found = run(model, inputs | states)
        return found.pop("logits"), {past_name(name): data for name, data in found.items()}

    whole, _ = logits(0, 7, {})
    _, states = logits(0, 3, {})
    _, states = logits(3, 1, states)
    parts, _ = logits(4, 3, states)
    np.testing.assert_allclose(parts, whole, rtol=1e-3, atol=1e-3 * np.abs(whole).max())


def takes(config, asked):
    """Whether a width is on offer for the model: no op of ONNX holds experts as NF4."""
    return not (asked["weights"].startswith("nf4") and any(isinstance(b, Experts) for b in config.blocks()))


@given(CONFIGS, PASSES)
@settings(max_examples=25)
def test_a_built_graph_is_valid_and_has_the_shapes_it_says(config, asked):
    assume(takes(config, asked))
    model = build(config, weights_values=np.random.default_rng(0), **asked)
    onnx.checker.check_model(model, full_check=True)
    graph = npusim.load(model)
    tokens, past, batch = asked["tokens"], asked["past"], asked["batch"]
    shape = (batch, 1 if asked["last_logits"] else tokens, config.vocab)
    assert graph.values["logits"].shape == shape
    for declared in (*model.graph.input, *model.graph.output):
        sizes = tuple(d.dim_value for d in declared.type.tensor_type.shape.dim)
        if declared.name in graph.values:
            assert graph.values[declared.name].shape == sizes
    if past and asked["with_cache"] and asked["present"] == "all":
        into = set(graph.inputs) - {"input_ids", "attention_mask", "position_ids"}
        assert into == {past_name(name) for name in graph.outputs if name != "logits"}


@given(CONFIGS, PASSES)
@settings(max_examples=30)
def test_weights_and_caches_of_a_graph_are_those_counted_by_hand(config, asked):
    """Bytes of the tensors in the file against formulas over the table of the model."""
    assume(takes(config, asked))
    graph = build(config, **asked).graph
    held = [
        prod(t.dims) * WIDTHS[DType[onnx.TensorProto.DataType.Name(t.data_type)].label]
        for t in graph.initializer
        if t.data_location == onnx.TensorProto.EXTERNAL and "cache_scale" not in t.name
    ]
    found = counts(config)
    if asked["weights"] != "fp32":  # which is for proofs: its scales would be float32 too
        expected = found.weight_bytes(asked["weights"], asked["group"], asked["embedding"], asked["head"])
        assert sum(held) == expected
    if asked["past"]:
        width = 2 if asked["weights"] == "fp32" and asked["cache"] == "fp16" else 1
        rows = sum(_bytes(v) for v in graph.input if v.name.startswith("past_key_values"))
        assert rows == width * found.cache_bytes(asked["past"], asked["cache"], asked["batch"])


def _bytes(value):
    tensor = value.type.tensor_type
    label = DType[onnx.TensorProto.DataType.Name(tensor.elem_type)].label
    return prod(d.dim_value for d in tensor.shape.dim) * WIDTHS[label]


@pytest.mark.slow
@given(CONFIGS, st.sampled_from(["int8", "int4"]), st.sampled_from([32, -1]))
@settings(max_examples=12)
def test_stored_weights_are_the_numbers_they_stand_for(config, weights, group):
    """A model of integers and scales gives the logits of a float model of the same numbers."""
    inputs = {
        "input_ids": np.arange(6)[None] % config.vocab,
        "position_ids": np.arange(6)[None],
        "attention_mask": np.ones((1, 6), np.int64),
    }
    passing = {"tokens": 6, "past": 0, "group": group}
    stored = build(config, weights=weights, weights_values=np.random.default_rng(1), **passing)
    suffix = f"_{weights}"
    held = {t.name for t in stored.graph.initializer}
    drawn = _random(np.random.default_rng(1))
    tables = {f"{config.prefix}.{config.embedding}.weight"} if weights == "int8" else set()

    def values(name, shape):
        data = drawn(name, shape)
        if name == "lm_head.weight" and config.tied:
            data = drawn(f"{config.prefix}.{config.embedding}.weight", shape[::-1]).T
        if name + suffix not in held:
            return data
        if name in tables:  # a scale a row
            return numbers(data.T, weights, -1).T
        return numbers(data, weights, group)

    found = run(stored, inputs, as_written=True)["logits"].astype(np.float32)
    floats = build(replace(config, tied=False), weights="fp16", weights_values=values, **passing)
    expected = run(floats, inputs)["logits"].astype(np.float32)
    np.testing.assert_allclose(found, expected, atol=0.04 * np.abs(expected).max())


def numbers(data, weights, group):
    """What the integers and scales of a matrix stand for."""
    whole, scale = quantised(data, Width(weights), group)
    inputs = data.shape[-2]
    scale = scale.astype(np.float16).astype(np.float32)
    if scale.ndim < data.ndim:
        return whole * scale
    return whole * np.repeat(scale, inputs // scale.shape[-2], axis=-2)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"tokens": 0}, "tokens must be from 1"),
        ({"past": -1}, "past must be from 0"),
        ({"batch": 0}, "batch must be from 1"),
        ({"layers": 3}, "layers must be from 1 to 2, not 3"),
        (
            {"weights": "int2"},
            "weights 'int2' is not on offer; choose among fp32, fp16, int8, int4, nf4, nf4-double",
        ),
        ({"cache": "int4"}, "cache 'int4' is not on offer; choose among fp16, int8"),
        ({"group": 48}, "group 48 is not on offer; choose among 32, 64, 128, -1"),
        ({"embedding": "int4"}, "embedding 'int4' is not on offer"),
        ({"head": "int2"}, "head 'int2' is not on offer"),
        ({"present": "none"}, "present 'none' is not on offer; choose among all, new"),
    ],
)
def test_what_is_not_on_offer_is_a_sentence(options, sentence):
    with pytest.raises(BadArgument, match=sentence):
        build(from_keys(LLAMA_TINY, "tiny"), **options)


KEYS = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(sorted(_keys(name))))
)


@cache
def _keys(name):
    return json.loads(str(np.load(DATA / f"{name}.npz")["config"]))


NONSENSE = [None, True, -1, 0, 1, 3, 64, 1.5, 2**20, 2**70, 1e300, "x", [], {}, [1, "a"], [2], float("nan")]


@given(KEYS, st.sampled_from(NONSENSE), st.sampled_from([1, 3]))
@settings(max_examples=120)
def test_any_key_may_be_nonsense(drawn, value, tokens):
    """A config is read, counted and built, or refused with a sentence; nothing else happens."""
    name, key = drawn
    try:
        found = from_keys(_keys(name) | {key: value}, name)
    except BadModel as error:
        assert str(error)
        return
    counts(found).read_bytes()
    if len(found.layers) < 100:
        graph = npusim.load(build(found, tokens=tokens, past=2))
        assert graph.values["logits"].elements == found.vocab
