"""Configs in the form of the state-spaces package, and language parts of models that also see."""

import pytest

from npusim.errors import BadModel
from npusim.language import counts, from_keys

MAMBA = {
    "d_model": 768, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {}, "rms_norm": True, "residual_in_fp32": True,
    "fused_add_norm": True, "pad_vocab_size_multiple": 8,
}  # fmt: skip
MAMBA2 = {
    **MAMBA, "ssm_cfg": {"layer": "Mamba2"}, "pad_vocab_size_multiple": 16, "d_intermediate": 0, "attn_layer_idx": [],
    "attn_cfg": {}, "tie_embeddings": True,
}  # fmt: skip
LLAMA = {
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
    "vocab_size": 512, "num_key_value_heads": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "family", "parameters"),
    [
        (MAMBA, "mamba", 129_135_360),  # as transformers counts mamba-130m, mamba2-130m, mamba2-2.7b
        (MAMBA2, "mamba2", 128_989_632),
        ({**MAMBA2, "d_model": 2560, "n_layer": 64}, "mamba2", 2_702_599_680),
    ],
)
def test_state_spaces_configs_have_the_parameters_of_their_twins(keys, family, parameters):
    found = from_keys(keys, "m")
    assert (found.family, counts(found).parameters) == (family, parameters)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"attn_layer_idx": [9]}, "'attn_layer_idx' is \\[9\\]"),
        ({"d_intermediate": 2048}, "'d_intermediate' is 2048"),
        ({"ssm_cfg": {"layer": "Mamba9"}}, "known are Mamba1, Mamba2"),
        ({"ssm_cfg": 3}, "'ssm_cfg' must be keys and values"),
        ({"d_model": -1}, "'d_model' must be a whole number"),
        ({"rms_norm": False}, "LayerNorm"),
    ],
)
def test_what_that_form_says_beyond_is_refused(more, sentence):
    with pytest.raises(BadModel, match=f"'config.json': .*{sentence}"):
        from_keys({**MAMBA2, **more}, "m")


def test_the_language_part_of_a_model_that_also_sees():
    seen = from_keys(
        {"model_type": "some_vlm", "text_config": LLAMA, "vision_config": {"hidden_size": 9}}, "m"
    )
    assert counts(seen).parameters == counts(from_keys(LLAMA, "m")).parameters
    for part in ({"model_type": "t5"}, {"model_type": {"a": 1}}, {}, 3):
        with pytest.raises(BadModel, match="'some_vlm' is not known"):
            from_keys({"model_type": "some_vlm", "text_config": part}, "m")
    with pytest.raises(BadModel, match="has no 'model_type'"):
        from_keys({"model_type": [], "text_config": LLAMA}, "m")
