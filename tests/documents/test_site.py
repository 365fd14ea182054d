"""The site has a page for every command and name, and its tutorial runs as a notebook."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import npusim

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs"))
import make_site  # noqa: E402


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder `make docs` builds from; that it builds strictly CI sees, which runs `make docs`."""
    pytest.importorskip("latex2mathml", reason="the site needs the extra 'docs'")
    folder = tmp_path_factory.mktemp("site")
    make_site.main(folder)
    return folder


def test_every_command_of_both_tools_has_a_page_with_its_options(pages):
    for tool, app in make_site.apps().items():
        for name, command in make_site.commands(app, (tool,)):
            text = (pages / "commands" / f"{name.replace(' ', '_')}.md").read_text("utf-8")
            for parameter in command.params:
                if parameter.param_type_name == "option" and parameter.name != "help":
                    assert parameter.opts[0] in text, (name, parameter.opts)


def test_a_choice_in_a_table_is_shown_without_the_backslash_that_its_source_needs(pages):
    assert make_site.pipes("| `a\\|b` | c \\| d |") == "| `a|b` | c \\| d |"
    assert "`--cache fp16|int8`" in (pages / "language_models.md").read_text("utf-8")


def test_every_name_of_the_interface_is_on_its_page(pages):
    text = (pages / "api.md").read_text("utf-8")
    assert all(f"npusim.{name}\n" in text for name in npusim.__all__ if name != "__version__")


def test_equations_are_drawn_without_a_script(pages):
    text = (pages / "machine.md").read_text("utf-8")
    assert "$$" not in text and text.count("<math") >= 6


def test_every_page_of_the_menu_is_there(pages):
    menu = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    named = re.findall(r"[\w/]+\.md", str(menu))
    assert len(named) > 20
    assert [name for name in named if not (pages / name).is_file()] == []


@pytest.mark.slow
def test_the_tutorial_notebook_runs(tmp_path):
    """In a process of its own: a kernel's sockets do not mix with files that other tests of this process close."""
    nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra 'dev'")
    pytest.importorskip("nbclient", reason="notebooks need the extra 'dev'")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    copy = tmp_path / "tutorial.ipynb"
    copy.write_bytes((ROOT / "docs" / "tutorial.ipynb").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", "from nbclient.cli import main; main()",
         "--inplace", "--timeout=120", "--kernel_name=python3", copy],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(copy, as_version=4).cells
    shown = [out for cell in cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("text/html" in out.get("data", {}) for out in shown)


PIPE = re.compile(r"(?<!\\)\|")


def lopsided(text: str) -> list[str]:
    """Rows of tables with another number of cells than the row above them, outside of blocks of code."""
    found, cells = [], None
    for line in re.sub(r"^```.*?^```", "", text, flags=re.S | re.M).splitlines():
        now = len(PIPE.findall(line)) if line.startswith("|") else None
        found += [line] if None not in (now, cells) and now != cells else []
        cells = now
    return found


def test_every_row_of_a_table_has_as_many_cells_as_its_head():
    assert lopsided("| a | b |\n|---|---|\n| exp(-|x|) | 1 |") == ["| exp(-|x|) | 1 |"]
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    assert {page.name: rows for page in pages if (rows := lopsided(page.read_text("utf-8")))} == {}
