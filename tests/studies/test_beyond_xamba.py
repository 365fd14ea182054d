"""The study beyond XAMBA prints what it did, and what is chosen by default does not lose by Intel's own estimate."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDIES = ROOT / "docs" / "studies"
LINE = re.compile(r"^  (\w+_lake), ([\d.]+) +([\d,.]+) +([\d,.]+) +([\d,.]+) ")
MARGIN = 1.6  # prices move with the model; signs and sizes of gains do not


def blocks(text):
    """Predicted us (as it is, XAMBA, ours) by network, NPU and compiler."""
    found, network = {}, ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            network = line
        elif match := LINE.match(line):
            npu, compiler, *prices = match.groups()
            found[network, npu, compiler] = tuple(float(p.replace(",", "")) for p in prices)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("only", ["mamba2-130m", "mamba-130m"])
def test_the_fast_part_still_says_what_the_committed_output_says(only):
    run = subprocess.run(
        [sys.executable, STUDIES / "beyond_xamba.py", "--fast", "--only", only],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    now, then = blocks(run.stdout), blocks((STUDIES / "beyond_xamba.out").read_text())
    assert now and now.keys() <= then.keys()
    for key, (before, xamba, ours) in now.items():
        old_before, old_xamba, old_ours = then[key]
        for new, old in ((before / xamba, old_before / old_xamba), (before / ours, old_before / old_ours)):
            assert 1 / MARGIN < new / old < MARGIN, key


def test_ours_is_slower_nowhere_and_far_beyond_xamba_on_its_own_layer():
    found = blocks((STUDIES / "beyond_xamba.out").read_text())
    assert all(ours <= before * (1 + 1e-3) for before, _, ours in found.values())
    layer = {key[1:]: prices for key, prices in found.items() if key[0] == "mamba2-130m, 1 layer, 4 tokens"}
    assert len(layer) == 6
    # Of the file for all six targets (chosen for one alone: 63 and 41). 83 and 43 before a step between two ops was
    # priced (an assumed number): what is left of the layer are its weights and the steps of its ops.
    before, xamba, ours = layer["lunar_lake", "2024.12"]
    assert xamba / ours > 55
    before, _, ours = layer["lunar_lake", "2026"]
    assert before / ours > 34


def test_on_a_cpu_and_by_intels_compiler_less_work_is_real():
    """Two witnesses that know nothing of our prices, for the paper's layer and for one of today's exports."""
    text = (STUDIES / "beyond_xamba.out").read_text()
    paper = text[text.index("1 layer, 4 tokens") :]
    assert float(re.search(r"ms \(([\d.]+)x\)", paper)[1]) >= 300
    own = estimates(paper, "its own")  # of the file chosen for that NPU alone
    assert (
        own["5010"] <= 130 and own["4000"] <= 300 and own["3720"] <= 400
    )  # 4000 with 6 tiles, the last of two
    today = text[text.index("as transformers 5 exports it") :]
    assert estimates(today, "ours")["5010"] <= 2200
    for line in today.splitlines()[1:7]:
        assert float(line.rstrip("x").split()[-1]) >= 1.3, line  # over CumBA alone


def estimates(text, which):
    """Intel's estimates in us by NPU, of the first line of this name."""
    line = re.search(rf"Intel's compiler, {which}: (.*)", text)[1]
    return {n: float(us.replace(",", "")) for n, us in re.findall(r"(\d{4}), \d tiles ([\d.,]+)", line)}


def test_neither_the_default_passes_nor_the_choice_lose_by_intels_estimate():
    """Committed results of `docs/studies/default_choice.py`: NPU 5010, where Intel's compiler prices CumSum."""
    rows = [line.split() for line in (STUDIES / "default_choice.out").read_text().splitlines()[4:]]
    rows = [r for r in rows if "left out" not in " ".join(r)]
    assert len(rows) >= 25
    for name, before, *after in rows:
        for us in after[:2]:  # after `xamba optimize`, and with --for
            if before != "refused":
                assert us != "refused" and float(us) <= 1.01 * float(before), name


def test_what_is_chosen_is_predicted_slower_nowhere():
    """Committed results of `docs/studies/never_slower.py`: every graph of the reference material, six targets."""
    rows = (STUDIES / "never_slower.out").read_text().splitlines()[4:]
    ratios = [[float(word) for word in row.split()[1:7]] for row in rows if "left out" not in row]
    assert len(ratios) >= 100
    assert "BROKEN" not in "".join(rows) and all(ratio >= 1 for row in ratios for ratio in row)
