"""A built Llama is the exported one: the same numbers through onnxruntime, the same counts at full size."""

import json
import re

import numpy as np
import onnx
import pytest

from npusim.language import FAMILIES, build, counts, from_keys, read_config
from tests.language.exports import LLAMA_TINY, LLM, llama_weights, run, values_of
from tests.shared import needs_shared

pytestmark = needs_shared
DECODE = LLM / "small" / "llamatiny_dec_kv16_dy.onnx"
CONFIG = from_keys(LLAMA_TINY, "llamatiny")


@pytest.mark.parametrize("folder", ["configs", "configs_tf4"])
def test_parameters_are_those_counted_on_the_meta_device(folder):
    """The table of the README there, exactly, in both spellings."""
    text = (LLM / "README.md").read_text()
    rows = re.findall(r"([a-z][\w.-]+) \| (\d[\d,]+)", text[text.index("| name | parameters") :])
    known = [name for name in rows if _family(folder, name[0]) in FAMILIES]
    assert len(rows) == 12 and len(known) >= 6
    for name, expected in known:
        assert counts(read_config(LLM / folder / name)).parameters == int(expected.replace(",", "")), name


def _family(folder, name):
    return json.loads((LLM / folder / name / "config.json").read_text())["model_type"]


def side(data, prefix):
    return {name.removeprefix(prefix): data[name] for name in data.files if name.startswith(prefix)}


def assert_close(found, expected):
    assert expected.keys() <= found.keys()
    for name, data in expected.items():
        np.testing.assert_allclose(found[name], data, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.fixture(scope="module")
def values():
    return values_of(llama_weights(DECODE))


@pytest.mark.parametrize(
    "name, tokens, past", [("llamatiny_dec_kv16_dy", 1, 16), ("llamatiny_pre_L16_dy", 16, 0)]
)
def test_numbers_of_a_step_and_of_a_prompt(values, name, tokens, past):
    data = np.load(LLM / "small" / f"{name}.npz")
    model = build(CONFIG, tokens=tokens, past=past, weights="fp32", last_logits=False, weights_values=values)
    onnx.checker.check_model(model, full_check=True)
    expected = side(data, "out_")
    found = run(model, side(data, "in_"))
    if expected["logits"].shape[1] == 1:
        found["logits"] = found["logits"][:, -1:]
    assert_close(found, expected)


def test_a_prompt_then_a_step_is_the_whole(values):
    data = np.load(LLM / "small" / "llamatiny_chain.npz")
    prompt = build(CONFIG, tokens=16, past=0, weights="fp32", weights_values=values)
    first = run(prompt, side(data, "in1_"))
    step = build(CONFIG, tokens=1, past=16, weights="fp32", weights_values=values)
    cache = {name.replace("present", "past_key_values"): d for name, d in first.items() if name != "logits"}
    second = run(step, {**side(data, "in2_"), **cache})
    assert_close(second, side(data, "out2_"))
    np.testing.assert_allclose(second["logits"][:, -1], data["full_logits"][:, -1], rtol=1e-4, atol=1e-4)
