"""Every command that a document names without a placeholder is one that the tools take: its words and options."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

import npusim.cli
import xamba.cli

ROOT = Path(__file__).resolve().parents[2]
FILES = ["README.md", "Makefile", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]
TOOLS = {"npusim": get_command(npusim.cli.app), "xamba": get_command(xamba.cli.app)}
IN_LINE = re.compile(r"`((?:npusim|xamba) [^`]+)`")
IN_BLOCK = re.compile(r"^(?:\$ |    )?((?:npusim|xamba) [^|#\n]+?)(?:\s+#.*)?$", re.M)
PLACEHOLDER = re.compile(r"\.\.\.|[\[\]|…<>*]|\bEXPR\b|\$\(|\bN\b")


def commands(text: str) -> list[list[str]]:
    """The commands of a document without placeholders, as words."""
    blocks = "\n".join(re.findall(r"```(?:console|sh|bash)?\n(.*?)```", text, re.S)).replace("\\\n", " ")
    found = IN_LINE.findall(text.replace("\\|", "|")) + IN_BLOCK.findall(blocks)
    words = [shlex.split(one) for one in dict.fromkeys(found) if not PLACEHOLDER.search(one)]
    return [w for w in words if len(w) > 2]


CASES = [(name, words) for name in FILES for words in commands((ROOT / name).read_text("utf-8"))]


@pytest.mark.parametrize(("name", "words"), CASES, ids=[f"{n}: {' '.join(w)}"[:90] for n, w in CASES])
def test_a_command_is_spelled_as_the_tool_takes_it(name, words):
    command, rest = TOOLS[words[0]], words[1:]
    while hasattr(command, "get_command"):
        context = command.make_context(command.name or "", [], resilient_parsing=True)
        found = command.get_command(context, rest[0])
        assert found is not None, f"{name}: no command {rest[0]!r}"
        command, rest = found, rest[1:]
    parser = {spelling: p for p in command.params for spelling in (*p.opts, *p.secondary_opts)}
    for word in rest:
        if word.startswith("-") and word != "-" and not re.match(r"-\d", word):
            assert word.partition("=")[0] in parser, f"{name}: {' '.join(words)}: no option {word}"


def test_there_are_commands_to_read():
    assert len(CASES) > 40
