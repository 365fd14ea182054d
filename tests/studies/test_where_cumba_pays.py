"""The study says today what its committed output says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("xarray")  # the extra npusim-xamba[sweep]

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "docs" / "studies" / "where_cumba_pays.py"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.mark.slow
def test_where_cumba_pays_prints_its_committed_output():
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, STUDY], capture_output=True, text=True, env=environment, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    hint = "if a change was meant: python docs/studies/where_cumba_pays.py --plots > docs/studies/where_cumba_pays.out"
    committed = STUDY.with_suffix(".out").read_text("utf-8")
    assert NUMBER.sub("#", run.stdout) == NUMBER.sub("#", committed), hint
    now, then = (np.array(NUMBER.findall(text), dtype=float) for text in (run.stdout, committed))
    # A unit of the last digit is left to other versions of NumPy.
    assert np.all(np.abs(now - then) <= 0.011 + 0.001 * np.abs(then)), hint
