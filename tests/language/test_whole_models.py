"""Parameters of whole models beside those that transformers counts of what its classes assume (`make_references.py
--defaults`): GPT-2 with 124 M, Mixtral 8x7B with 46.7 G, ..."""

import json
from pathlib import Path

import pytest

from npusim.language import counts, from_keys

DEFAULTS = json.loads(Path(__file__).with_name("data").joinpath("defaults.json").read_text("utf-8"))


@pytest.mark.parametrize("name", DEFAULTS)
def test_parameters_are_those_that_transformers_counts(name):
    told = DEFAULTS[name]
    assert counts(from_keys(told["config"], name)).parameters == told["parameters"]
