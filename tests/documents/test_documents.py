"""What documents say of the tool is so: commands run as they stand and print what is shown; blocks of code run."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs"))
import printed  # noqa: E402

DOCUMENTS = ["README.md", "docs/tutorial.md", "docs/machine.md", "docs/language_models.md"]
TEXTS = {name: (ROOT / name).read_text("utf-8") for name in DOCUMENTS}
IN_TABLE = re.compile(r"\| `((?:npusim|xamba) [^`]+)` \|$", re.M)
AGAIN = "; `make printed` prints the documents again"


# One test a document: its commands leave files that later ones read, and tests of a file may run in two processes.
@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_print_what_the_document_shows(name, tmp_path):
    place = printed.workplace(tmp_path)
    for one in (c for block in printed.BLOCK.findall(TEXTS[name]) for c in printed.commands(block)):
        done = printed.run(one.command, place)
        assert done.returncode == 0, done.stderr
        shown = [line for line in one.lines if line.strip()]
        assert printed.same(shown, [x for x in done.stdout.splitlines() if x.strip()]), one.command + AGAIN


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, text in TEXTS.items() if IN_TABLE.search(text)])
def test_commands_of_a_table_can_be_typed_as_they_stand(name, tmp_path):
    place = printed.workplace(tmp_path)
    for command in IN_TABLE.findall(TEXTS[name]):
        done = printed.run(command, place)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout, command


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_block_of_python_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(printed.workplace(tmp_path))
    for code in printed.CODE.findall(TEXTS[name]):
        exec(compile(code, name, "exec"), {})


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_picture_and_page_a_document_names_is_there(name):
    for target in re.findall(r"(?:\]\(|src=\")([^)#:\"]+)[)\"]", TEXTS[name]):
        assert ((ROOT / name).parent / target).is_file(), target
    for target in re.findall(r"`(docs/[^`]+\.md)`", TEXTS[name]):
        assert (ROOT / target).is_file(), target


def test_the_symbols_of_the_equations_are_names_of_the_code():
    import npusim

    numbers = set(npusim.hardware("lunar_lake").numbers())
    code = "\n".join(p.read_text("utf-8") for p in (ROOT / "npusim").rglob("*.py"))
    for symbol in set(re.findall(r"\\mathtt\{([^}]+)\}", TEXTS["docs/machine.md"])):
        name = symbol.replace("\\", "")
        assert name in numbers or re.search(rf"\b{re.escape(name)}\b", code), name


@pytest.mark.parametrize(
    ("shown", "out", "equal"),
    [
        (["a", "..."], ["a", "b", "c"], True),
        (["a", "..."], ["b", "b"], False),
        (["a", "...", "c"], ["a", "b", "x", "c"], True),
        (["a"], ["a", "b"], False),
    ],
)
def test_lines_left_out_are_marked_and_only_they_may_differ(shown, out, equal):
    assert printed.same(shown, out) is equal
