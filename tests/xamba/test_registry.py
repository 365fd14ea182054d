"""A pass is one file: found by the registry, the command line and `xamba`; two of one name are refused."""

from __future__ import annotations

import sys
from dataclasses import fields

import pytest
from typer.testing import CliRunner

import xamba
from xamba.errors import BadArgument, UnknownPass
from xamba.options import completer, options
from xamba.passes import registry

NEW_PASS = '''
"""A new pass."""
from dataclasses import dataclass
from typing import ClassVar
from xamba.passes.base import XambaPass
from xamba.passes.text import option

@dataclass(frozen=True)
class Straight(XambaPass):
    """Abs of Abs becomes one Abs."""

    depth: int = option(2, "--depth", "how many.")
    name: ClassVar[str] = "{name}"
    order: ClassVar[int] = 55
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A second folder of passes, as if it were xamba/passes."""
    monkeypatch.setattr(xamba.passes, "__path__", [*xamba.passes.__path__, str(tmp_path)])
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"xamba.passes.{path.stem}", None)
        vars(xamba.passes).pop(path.stem, None)


def test_a_file_in_the_folder_is_a_pass(folder):
    (folder / "straight.py").write_text(NEW_PASS.format(name="straight"))
    assert list(registry.passes()) == sorted(registry.passes(), key=lambda n: registry.passes()[n].order)
    assert xamba.Straight is xamba.PASSES["straight"] is registry.find("STRAIGHT")
    assert "--depth" in [option.name for option in options(registry.passes().values())]


def test_two_passes_of_one_name_are_refused(folder):
    (folder / "cumba2.py").write_text(NEW_PASS.format(name="cumba"))
    with pytest.raises(BadArgument, match=r"two passes are called 'cumba'.*cumba\.py.*cumba2\.py"):
        registry.passes()


def test_an_option_means_one_thing(folder):
    (folder / "straight.py").write_text(
        NEW_PASS.format(name="straight").replace("depth: int = option(2", "block: str = option('x'")
    )
    with pytest.raises(BadArgument, match="CumBA and Straight both have an option 'block'"):
        options(registry.passes().values())


def test_an_unknown_pass_names_the_known_ones():
    with pytest.raises(UnknownPass, match=r"'foo'; choose from .*cumba, reduba"):
        registry.find("foo")
    with pytest.raises(AttributeError):
        xamba.NoSuchPass  # noqa: B018


def test_every_field_of_a_pass_is_an_option():
    for one in registry.passes().values():
        assert all(field.metadata.get("option", "").startswith("--") for field in fields(one)), one


def test_tab_completes_the_last_word_of_a_list():
    complete = completer(["cumba", "reduba", "actiba"], several=True)
    assert complete("CU") == ["cumba"]
    assert complete("cumba,") == ["cumba,reduba", "cumba,actiba"]
    assert completer(["pwl", "relu"], several=False)("R") == ["relu"]


def test_the_command_line_lists_every_pass_with_its_sentence_and_its_options():
    from xamba.cli import app
    from xamba.commands import KNOWN

    text = CliRunner().invoke(app, ["passes"]).output
    assert [line.split()[0] for line in text.splitlines() if line[0] != " "] == list(KNOWN)
    help_text = CliRunner().invoke(app, ["optimize", "--help"], env={"COLUMNS": "400"}).output
    for option in options(KNOWN.values()):
        assert option.name.split("/")[0] in help_text


def test_the_version_is_shown():
    from xamba.cli import app

    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0 and result.output.startswith("xamba")


def test_the_help_says_of_a_command_what_its_function_says():
    from xamba import commands
    from xamba.cli import COMMANDS, SENTENCES

    assert list(SENTENCES) == list(COMMANDS)
    for name, sentence in SENTENCES.items():
        assert getattr(commands, name).__doc__.startswith(sentence)
