"""The study prints what docs/studies/xamba.out says; its solver and draws are what they claim."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npusim
from tests.shared import SHARED

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
STUDIES = ROOT / "docs" / "studies"
sys.path.append(str(STUDIES))
import constants  # noqa: E402


@pytest.mark.slow
def test_the_study_prints_its_committed_output():
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    graphs = [str(SHARED / "graphs")] if SHARED.is_dir() else []
    run = subprocess.run(
        [sys.executable, STUDIES / "xamba.py", *graphs],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    hint = "if a change was meant: python docs/studies/xamba.py GRAPHS > docs/studies/xamba.out"
    committed = (STUDIES / "xamba.out").read_text()
    if not graphs:  # the last table needs a real export
        committed = committed[: committed.index("\nMamba-2 130M as transformers 5")]
    assert NUMBER.sub("#", run.stdout).split() == NUMBER.sub("#", committed).split(), hint
    now, then = (np.array(NUMBER.findall(text), dtype=float) for text in (run.stdout, committed))
    # Prices may move a little; a gain that changes its size has to be printed again.
    assert np.all(np.abs(now - then) <= 0.02 + 0.15 * np.abs(then)), hint
    assert max(map(len, run.stdout.splitlines())) <= 120


def test_draws_stay_in_the_stated_ranges_and_their_middle_is_the_most_frequent():
    hw = constants.draws(npusim.hardware("lunar_lake"), 2000)
    for name, (low, middle, high) in constants.RANGES.items():
        values = hw.get(name)
        assert low <= values.min() and values.max() <= high
        counts, edges = np.histogram(np.log(values), bins=5)
        at = int(np.argmax(counts))
        assert edges[max(at - 1, 0)] <= np.log(middle) <= edges[min(at + 2, 5)]


def test_other_generations_keep_their_own_middle():
    own = npusim.hardware("meteor_lake")
    middle = own.get(constants.CUMSUM)
    values = constants.draws(own, 500).get(constants.CUMSUM)
    low, centre, high = constants.RANGES[constants.CUMSUM]
    assert middle * low / centre <= values.min() and values.max() <= middle * high / centre


def test_solve_finds_the_crossing_of_a_known_curve_or_says_there_is_none():
    def ratio(c):
        return (c + 10) / 10  # 1 + c/10 is 2.7 at 17

    assert abs(constants.solve(ratio, 2.7, 1.0, 100.0) - 17) < 0.01
    assert constants.solve(ratio, 2.7, 20.0, 100.0) is None
