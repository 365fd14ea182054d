"""Changed models: an answer or one sentence, never another exception.

The hour: NPUSIM_FUZZ_EXAMPLES=100000 python -m pytest tests/fuzzing. A crash becomes a test where its kind is tested.
"""

import math
import os
from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim import hardware, load, simulate
from npusim.errors import NpusimError
from tests.fuzzing.mutations import mutate
from tests.fuzzing.seeds import SEEDS

EXAMPLES = int(os.environ.get("NPUSIM_FUZZ_EXAMPLES", "0"))
QUICK = settings(max_examples=EXAMPLES or 80)
LONG = settings(max_examples=EXAMPLES or 2500, derandomize=not EXAMPLES)
NPUS = [hardware(name) for name in ("lunar_lake", "meteor_lake")]


def answer_or_sentence(path: Path, npu: object, upper_bound: bool, allow_unmodelled: bool) -> None:
    try:
        report = simulate(load(path, upper_bound=upper_bound), npu, allow_unmodelled=allow_unmodelled)
    except NpusimError as error:
        assert str(error) and "\n" not in str(error)
        return
    assert math.isfinite(report.latency_us) and report.latency_us >= 0
    assert all(math.isfinite(node.duration_us) for node in report.nodes)


def changed(data: st.DataObject, seed: bytes) -> bytes | None:
    model = onnx.ModelProto.FromString(seed)
    try:
        mutate(model, lambda n: data.draw(st.integers(0, n - 1)))
        return model.SerializeToString()
    except (ValueError, TypeError):  # no protobuf can hold it
        return None


def check(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = changed(data, SEEDS[data.draw(st.integers(0, len(SEEDS) - 1))])
    if content is not None:
        path = tmp_path_factory.getbasetemp() / "fuzzed.onnx"
        path.write_bytes(content)
        answer_or_sentence(
            path, data.draw(st.sampled_from(NPUS)), data.draw(st.booleans()), data.draw(st.booleans())
        )


@QUICK
@given(data=st.data())
def test_a_changed_model_is_an_answer_or_one_sentence(tmp_path_factory, data):
    check(tmp_path_factory, data)


@pytest.mark.slow
@LONG
@given(data=st.data())
def test_many_changed_models_are_answers_or_sentences(tmp_path_factory, data):
    check(tmp_path_factory, data)
