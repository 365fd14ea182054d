"""Every compiler profile is on the page that help texts name."""

from pathlib import Path

from npusim.compiler.rules.profile import list_profiles

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compiler.md"


def test_the_page_of_the_compiler_says_what_each_profile_is():
    part = PAGE.read_text("utf-8").split("## Which profile")[1].split("\n## ")[0]
    assert [name for name in list_profiles() if f"`{name}`" not in part] == []
