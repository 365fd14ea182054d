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

HINT = "if a change was meant: python docs/studies/xamba.py GRAPHS > docs/studies/xamba.out"
GRAPHS = [str(SHARED / "graphs")] if SHARED.is_dir() else []  # the last table needs a real export


def tables(text: str) -> dict[str, str]:
    """The study's tables by their titles, which are underlined; what is before the first has no title."""
    parts = re.split(r"^(.+)\n-+$", text, flags=re.M)
    return dict(zip(["", *parts[1::2]], parts[0::2], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "left_out"), [(["--fast"], 2), pytest.param(GRAPHS, 0 if GRAPHS else 1, marks=pytest.mark.slow)]
)
def test_the_study_prints_its_committed_output(words, left_out):
    run = subprocess.run(
        [sys.executable, STUDIES / "xamba.py", *words],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    printed, committed = tables(run.stdout), tables((STUDIES / "xamba.out").read_text())
    assert len(committed) - len(printed) == left_out
    for title, text in printed.items():
        assert NUMBER.sub("#", text).split() == NUMBER.sub("#", committed[title]).split(), HINT
        now, then = (np.array(NUMBER.findall(part), dtype=float) for part in (text, committed[title]))
        # Prices may move a little; a gain that changes its size has to be printed again.
        assert np.all(np.abs(now - then) <= 0.02 + 0.15 * np.abs(then)), HINT
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
