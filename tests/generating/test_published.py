"""Predictions beside tokens a second that others published."""

import pytest

import npusim
from npusim.generating.published import PUBLISHED
from tests.generating.models import LLAMA, config

SHAPES = {
    "Llama-2-7B": {"num_key_value_heads": 32, "intermediate_size": 11_008, "vocab_size": 32_000},
    "DeepSeek-R1-Distill-Llama-8B": {
        "num_key_value_heads": 8, "intermediate_size": 14_336, "vocab_size": 128_256,
    },
}  # fmt: skip
LARGE = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "tie_word_embeddings": False,
}
NPUS = {"3720": "meteor_lake", "4000": "lunar_lake"}


def predicted(row, folder):
    return npusim.generate(
        config(folder, LLAMA, **LARGE, **SHAPES[row.model]), NPUS[row.generation], weights=row.weights, group=-1,
        measured=row.tokens_per_s,
    )  # fmt: skip


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.model)
def test_no_published_figure_is_impossible_and_the_models_are_those(row, tmp_path):
    found = predicted(row, tmp_path)
    assert found.parameters == pytest.approx(row.parameters * 1e9, rel=0.01)
    assert row.tokens_per_s < found.bound.tokens_per_s
    assert found.measured.verdict in ("as predicted", "slower than we predict")


def test_lunar_lake_is_within_35_percent_and_in_the_band(tmp_path):
    found = predicted(PUBLISHED[0], tmp_path)
    assert found.tokens_per_s == pytest.approx(PUBLISHED[0].tokens_per_s, rel=0.35)
    assert found.band[0] < PUBLISHED[0].tokens_per_s < found.band[1]
    assert found.first_token_us == pytest.approx(1.09e6, rel=0.35)


def test_meteor_lake_says_that_its_published_figures_are_half_as_fast(tmp_path):
    found = predicted(PUBLISHED[1], tmp_path)
    assert any("upper limit" in warning for warning in found.warnings)
