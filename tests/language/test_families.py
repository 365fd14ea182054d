"""Each family beside transformers: a tiny random model, its logits as a prompt, in parts, and token by token.

The references are made by `make_references.py`.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from npusim.language import build, counts, from_keys
from npusim.language.blocks.delta_net import DeltaNet
from npusim.language.blocks.experts import Experts
from tests.language.exports import past_name, run, values_of

DATA = Path(__file__).with_name("data")
NAMES = sorted(path.stem for path in DATA.glob("*.npz"))


def short_chunks(config):
    """The model with chunks of 8 tokens where transformers has a fixed 64: results do not depend on it."""

    def shorter(block):
        return replace(block, chunk=8) if isinstance(block, DeltaNet) else block

    layers = tuple(
        tuple(replace(branch, mixers=tuple(map(shorter, branch.mixers))) for branch in layer)
        for layer in config.layers
    )
    return replace(config, layers=layers)


class Reference:
    """A tiny model, its tokens and the logits of transformers."""

    def __init__(self, name):
        data = np.load(DATA / f"{name}.npz")
        self.config = short_chunks(from_keys(json.loads(str(data["config"])), name))
        self.ids, self.logits = data["ids"], data["logits"]
        self.weights = {
            n: data[n].astype(np.float32) for n in data.files if n not in ("config", "ids", "logits")
        }

    def run(self, past, tokens, states, **options):
        """The next tokens behind `past`; all outputs, states named as inputs."""
        model = build(
            self.config, tokens=tokens, past=past, weights="fp32", last_logits=False,
            weights_values=values_of(self.weights), **options,
        )  # fmt: skip
        onnx.checker.check_model(model, full_check=True)
        inputs = {
            "input_ids": self.ids[:, past : past + tokens],
            "position_ids": np.arange(past, past + tokens)[None],
            "attention_mask": np.ones((1, past + tokens), np.int64),
            **states,
        }
        found = run(model, inputs)
        logits = found.pop("logits")
        return logits, {past_name(name): data for name, data in found.items()}

    def check(self, logits, start, atol=2e-4):
        expected = self.logits[:, start : start + logits.shape[1]]
        np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=atol)


@pytest.fixture(scope="module", params=NAMES)
def reference(request):
    return Reference(request.param)


def test_a_prompt_is_that_of_transformers(reference):
    tokens = reference.ids.shape[1]
    for block in reference.config.blocks():
        if isinstance(block, Experts) and tokens * block.chosen > block.count:
            pytest.skip("so many tokens are shared among the experts as if balanced: not the model's results")
    logits, _ = reference.run(0, tokens, {})
    reference.check(logits, 0)


def test_a_prompt_in_parts_and_token_by_token_is_the_whole(reference):
    """Parts of several lengths, one token among them, each from the states of the part before."""
    past, states = 0, {}
    for tokens in (5, 8, 1, 1, 6, 1, 2):
        logits, states = reference.run(past, tokens, states)
        reference.check(logits, past)
        past += tokens


def test_parameters_are_those_of_the_reference(reference):
    assert counts(reference.config).parameters == sum(w.size for w in reference.weights.values())
