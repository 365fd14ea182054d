"""The study of tokens prints what docs/studies/tokens.out says: its rows of two models, and the laws of its tables."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.shared import SHARED, needs_shared

STUDIES = Path(__file__).resolve().parents[2] / "docs" / "studies"
CONFIGS = SHARED / "graphs" / "llm" / "configs"
HINT = "if a change was meant: python docs/studies/tokens.py CONFIGS --plots > docs/studies/tokens.out"
ROW = re.compile(r"^(\S+)?\s+(fp16|int8|int4)?.*?(\w+_lake)((?:\s+[\d.]+){5})$")


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("tokens_study", STUDIES / "tokens.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(text: str) -> dict[tuple[str, str, str], list[float]]:
    """(model, weights, NPU) -> first token and tokens a second at each context, of the first table."""
    found, model, weights = {}, "", ""
    for line in text.splitlines():
        match = ROW.match(line)
        if match:
            model, weights = match[1] or model, match[2] or weights
            found[model, weights, match[3]] = [float(number) for number in match[4].split()]
    return found


COMMITTED = (STUDIES / "tokens.out").read_text("utf-8")


@needs_shared
@pytest.mark.slow
def test_two_models_are_as_the_committed_table_says(study, capsys):
    models = ("mamba2-130m", "llama-3.2-1b")
    study.speeds(CONFIGS, models)
    now, then = rows(capsys.readouterr().out), rows(COMMITTED)
    assert len(now) == 14 and now.keys() <= then.keys()
    for key, numbers in now.items():
        assert numbers == pytest.approx(then[key], rel=0.15), (key, HINT)


@needs_shared
@pytest.mark.slow
def test_the_chosen_passes_save_what_the_committed_table_says(study, capsys):
    config, lunar = CONFIGS / "mamba2-130m", "lunar_lake"
    before, after = (
        study.time_us(config, "fp16", study.REWRITES[n], 1024, 0, lunar) for n in ("as built", "chosen")
    )
    lines = [line.split() for line in COMMITTED.splitlines() if line.startswith("mamba2-130m")]
    then = {
        " ".join(words[1:-4]): float(words[-3]) for words in lines if "built" in words or "chosen" in words
    }
    assert [before / 1e3, after / 1e3] == pytest.approx([then["as built"], then["chosen"]], rel=0.15), HINT


def test_in_the_committed_table_attention_slows_with_the_context_and_state_spaces_do_not():
    found = rows(COMMITTED)
    assert len(found) == 35
    for (model, _, _), (_, *per_s) in found.items():
        assert all(a >= b for a, b in pairwise(per_s))
        assert (len(set(per_s)) == 1) == model.startswith("mamba")


def test_in_the_committed_table_fewer_bits_are_never_slower_and_newer_npus_neither():
    found = rows(COMMITTED)
    for (model, weights, npu), numbers in found.items():
        if weights == "int4" and (model, "fp16", npu) in found:
            assert all(a >= b for a, b in zip(numbers[1:], found[model, "fp16", npu][1:], strict=True))
        if npu == "meteor_lake":
            newer = found[model, weights, "lunar_lake"]
            assert newer[0] <= numbers[0] and all(a >= b for a, b in zip(newer[1:], numbers[1:], strict=True))
