"""OpenVINO reads what is built, at every width of weights, and its CPU plugin gives the logits of transformers.

Intel's compiler for NPUs takes its graphs from there.
"""

import numpy as np
import pytest

from npusim.language import build
from tests.language.exports import values_of
from tests.language.test_families import NAMES, Reference

openvino = pytest.importorskip("openvino", reason="needs the extra 'openvino'")
pytestmark = pytest.mark.slow
TOKENS = 8


@pytest.fixture(scope="module")
def core():
    return openvino.Core()


def read(core, model):
    return core.read_model(model.SerializeToString())


@pytest.mark.parametrize("name", NAMES)
def test_openvino_gives_the_same_logits(core, name):
    reference = Reference(name)
    model = build(
        reference.config, tokens=TOKENS, past=0, weights="fp32", last_logits=False,
        weights_values=values_of(reference.weights),
    )  # fmt: skip
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(read(core, model), "CPU", exact)
    known = {"input_ids": reference.ids[:, :TOKENS], "position_ids": np.arange(TOKENS)[None]}
    known["attention_mask"] = np.ones((1, TOKENS), np.int64)
    names = [i.get_any_name() for i in compiled.inputs]
    reference.check(compiled({n: known[n] for n in names})["logits"], 0)


@pytest.mark.parametrize(
    "weights, cache, group", [("int8", "int8", 32), ("int4", "fp16", 32), ("int4", "fp16", -1)]
)
@pytest.mark.parametrize("name", NAMES)
def test_openvino_reads_stored_weights(core, name, weights, cache, group):
    config = Reference(name).config
    model = build(
        config, weights=weights, cache=cache, group=group, past=TOKENS,
        weights_values=np.random.default_rng(0),
    )  # fmt: skip
    found = read(core, model)
    assert list(found.output("logits").shape) == [1, 1, config.vocab]
