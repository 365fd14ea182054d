"""Every source can be opened: a document that docs/sources.md lists, a file of this repository, or another number."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from npusim.arch.presets import list_hardware, load_hardware

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "sources.md"
PATH = re.compile(r"\b(?:docs|tests|npusim|xamba|hw_configs|examples|benchmarks)/[\w./*-]+\w")
#: What is no document, in the words docs/sources.md gives it.
DERIVED = re.compile(
    r"\bas \w+|\btimes\b|\bnot known\b|\bno figure\b|\bsame\b|\band (?:one|two)\b|\bvectorised\b|\bratio\b"
    r"|\bbest of\b|\bbetter of\b|\bno (?:\w+ )?rows?\b|\bassumed\b|\bboth ports\b|\blines below\b"
)


def names() -> list[str]:
    """The first cell of every row of the page's tables, split at commas."""
    cells = re.findall(r"^\| ([^|]+) \|", PAGE.read_text(), flags=re.M)
    words = [word.strip() for cell in cells for word in cell.split(",")]
    return [word for word in words if word not in ("name", "---")]


def sources_of_profiles() -> list[str]:
    found: list[str] = []

    def walk(part: object) -> None:
        if isinstance(part, dict):
            found.extend(str(v) for k, v in part.items() if k == "source")
            for value in part.values():
                walk(value)

    for path in (ROOT / "hw_configs" / "compilers").glob("*.yaml"):
        walk(yaml.safe_load(path.read_text()))
    return found


def sources_of_numbers() -> list[str]:
    hardware = [load_hardware(name) for name in list_hardware()]
    return sorted({source.where for hw in hardware for source in hw.sources.values()})


def sources_of_studies() -> list[str]:
    tables = [list(csv.DictReader(p.open())) for p in (ROOT / "docs" / "studies").glob("*.csv")]
    assert tables
    return [row["source"] for table in tables for row in table]


ALL = (sources_of_profiles, sources_of_numbers, sources_of_studies)


@pytest.mark.parametrize("source", sorted({source for some in ALL for source in some()}))
def test_a_source_names_what_can_be_opened(source):
    named = [name for name in names() if name.lower() in source.lower()]
    assert named or PATH.search(source) or DERIVED.search(source), source


def test_files_that_are_named_are_there():
    texts = [*(source for some in ALL for source in some()), PAGE.read_text()]
    for path in {match for text in texts for match in PATH.findall(text)}:
        assert list(ROOT.glob(path)), f"{path} is named as a source and is not there"


def test_no_text_cites_a_sheet_the_repository_does_not_hold():
    files = [p for folder in ("npusim", "xamba", "hw_configs", "docs") for p in (ROOT / folder).rglob("*")]
    texts = [p for p in files if p.suffix in (".py", ".yaml", ".md", ".out", ".csv")]
    cited = [
        str(p.relative_to(ROOT))
        for p in texts
        if re.search(r"facts on (Intel|XAMBA|whole)|facts? sheet|shared/facts", p.read_text())
    ]
    assert cited == []
