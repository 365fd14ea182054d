"""`npusim check` and the line of `npusim run`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.checking.models import INT64, node, value, write
from tests.cli.test_hostile_names import odd_model as odd_model
from tests.cli.test_hostile_names import raw


@pytest.fixture
def refused_model(tmp_path):
    constants = {"w": np.ones((16, 8), np.int64)}
    folder = tmp_path / "refused"
    folder.mkdir()
    return write(folder, [node("MatMul", "x w", "y")], [value("x", (4, 16), INT64)], constants)


def test_exit_codes_tell_the_answer(npusim, model, refused_model, tmp_path):
    assert npusim("check", model).code == 0
    assert npusim("check", refused_model).code == 1
    assert npusim("check", model, "--compiler", "2024.12").code == 3
    assert npusim("check", tmp_path / "none.onnx").code == 2


def test_the_page_names_node_reason_and_remedy(npusim, refused_model):
    code, out, err = npusim("check", refused_model)
    assert code == 1 and not err
    assert "will not compile" in out and "MatMul_y" in out and "int64" in out and "remedy" in out
    assert "refused 1" not in out and "rule" in npusim("check", refused_model, "--verbose").out


def test_json_holds_the_same(npusim, refused_model, tmp_path):
    found = json.loads(npusim("check", refused_model, "--json", "-").out)
    assert found["answer"] == "refused" and found["schema"] == "npusim.check"
    assert found["findings"][0]["node"] == "MatMul_y"
    assert npusim("check", refused_model, "-o", tmp_path / "r.json").code == 1
    assert json.loads((tmp_path / "r.json").read_text())["findings"] == found["findings"]


def test_run_says_in_one_line_that_it_expects_a_refusal(npusim, model, refused_model):
    assert "npusim check" in " ".join(npusim("run", refused_model).out.split())
    assert "npusim check" not in npusim("run", model).out


@pytest.mark.parametrize("options", [[], ["--verbose"], ["--json", "-"]])
def test_hostile_names_reach_no_terminal_raw(npusim, odd_model, options):
    code, out, err = npusim("check", odd_model, *options)
    assert code == 1
    assert not raw(out) and not raw(err)
