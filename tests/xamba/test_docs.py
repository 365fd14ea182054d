"""What docs/passes.md says is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xamba.listing import markdown
from xamba.passes.cumba import CumBA
from xamba.passes.registry import passes
from xamba.proof.tolerance import LARGEST, MARGIN
from xamba.tables.pwl import ACTIVATIONS, table

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "passes.md").read_text()
ROWS = re.findall(r"^\| (\w+) \| \[(\S+), (\S+)\] \| (.+) \|$", TEXT, re.MULTILINE)


def test_the_table_of_errors_has_every_activation():
    assert [row[0] for row in ROWS] == list(ACTIVATIONS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_errors_in_the_table_are_those_of_the_tables(row):
    name, lo, hi, errors = row
    assert (float(lo), float(hi)) == (ACTIVATIONS[name].lo, ACTIVATIONS[name].hi)
    for segments, error in zip((8, 16, 32, 64, 128), errors.split(" | "), strict=True):
        assert 100 * table(name, segments).max_rel == pytest.approx(
            float(error.removesuffix(" %")), abs=0.006
        )


def test_numbers_in_the_text():
    assert table("Softplus", 22).max_rel < 0.01 < table("Softplus", 21).max_rel
    assert f"`max_mask_mib` ({CumBA().max_mask_mib:g})" in TEXT
    assert f"{MARGIN:g} u_s sqrt(n s)" in TEXT and f"never above {LARGEST:g}" in TEXT


def test_the_tables_of_passes_are_what_the_command_prints():
    """`xamba passes --markdown` prints them."""
    assert markdown(passes()) in TEXT


@pytest.mark.parametrize("one", passes().values(), ids=passes())
def test_every_pass_has_a_section(one):
    assert f"## {one.__name__}: " in TEXT
