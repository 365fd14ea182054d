"""The study of what-ifs says today what its committed output says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.shared import SHARED, needs_shared

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "docs" / "studies" / "what_if.py"
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


@pytest.mark.slow
@needs_shared
def test_what_if_prints_its_committed_output():
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, STUDY, str(SHARED / "graphs")],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    hint = "if a change was meant: python docs/studies/what_if.py GRAPHS > docs/studies/what_if.out"
    committed = STUDY.with_suffix(".out").read_text("utf-8")
    assert NUMBER.sub("#", run.stdout) == NUMBER.sub("#", committed), hint
    now, then = (np.array(NUMBER.findall(text), dtype=float) for text in (run.stdout, committed))
    # A unit of the last of three digits is left to other versions of NumPy and to small moves of the model.
    assert np.all(np.abs(now - then) <= 0.011 + 0.011 * np.abs(then)), hint
