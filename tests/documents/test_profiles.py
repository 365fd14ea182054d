"""Every compiler profile is on the page that help texts name."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from npusim.cli import app
from npusim.compiler.rules.profile import list_profiles

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compiler.md"


def test_the_page_of_the_compiler_says_what_each_profile_is():
    part = PAGE.read_text("utf-8").split("## Which profile")[1].split("\n## ")[0]
    assert [name for name in list_profiles() if f"`{name}`" not in part] == []


@pytest.mark.parametrize("command", ["run", "compare", "sweep", "generate", "serve", "against"])
def test_help_says_why_commands_differ_in_their_profile(command):
    text = " ".join(CliRunner().invoke(app, [command, "--help"]).output.split())
    assert "2026-measured" in text and "docs/compiler.md" in text
