"""The worked examples of docs/adding.md: each file is put into a copy of the project, each command is run there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "adding.md").read_text("utf-8")
SECTIONS = {part.split("\n", 1)[0].strip(): part for part in re.split(r"^## ", TEXT, flags=re.M)[1:]}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
COPIED = ("npusim", "xamba", "hw_configs", "examples", "tests", "pyproject.toml")
#: How many files of the project each addition may take.
MOST_FILES = {
    "An op": 2,
    "An NPU": 1,
    "A compiler profile": 1,
    "A rewrite": 1,
    "A reader of profiles": 1,
    "A what-if": 1,
    "A family of language models": 1,
}


def files_and_commands(section: str) -> tuple[dict[str, str], list[str]]:
    files, commands = {}, []
    for kind, body in BLOCK.findall(section):
        if kind == "sh":
            commands += body.splitlines()
        else:
            name, rest = body.split("\n", 1)
            files[name.removeprefix("# ")] = rest if not kind else body
    return files, commands


@pytest.fixture
def project(tmp_path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "data", "*.html", "*.png")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=None if name == "npusim" else ignored)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("title", MOST_FILES)
def test_an_addition_works_as_the_page_says_and_is_found_by_the_laws(project, title):
    files, commands = files_and_commands(SECTIONS[title])
    of_the_project = [name for name in files if "/" in name]
    assert 1 <= len(of_the_project) <= MOST_FILES[title] and commands
    for name, text in files.items():
        assert not (project / name).exists(), f"{name} is there already"
        (project / name).write_text(text, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(project), "COLUMNS": "80", "NPUSIM_EXAMPLES": "few"}
    for command in commands:
        program, *words = shlex.split(command)
        module = {
            "npusim": ["npusim"],
            "xamba": ["xamba"],
            "pytest": ["pytest", "-q", "-p", "no:cacheprovider"],
        }
        done = subprocess.run(
            [sys.executable, "-m", *module[program], *words],
            cwd=project, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        if program == "pytest":
            assert re.search(r"[1-9]\d* passed|^\.+", done.stdout, flags=re.M), done.stdout


def test_every_section_is_run():
    assert set(SECTIONS) == set(MOST_FILES)
