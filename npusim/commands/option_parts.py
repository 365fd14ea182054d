"""What options are made of: words of a choice in whatever case, files, and what TAB completes."""

from __future__ import annotations

import glob
from enum import StrEnum
from typing import Any

import typer

from npusim.choices import choose

PAGES = {".json": "--json", ".html": "--html"}  # forms of -o where a page is on offer


def choice(kind: type[StrEnum], option: str, *more: str) -> dict[str, Any]:
    """Settings of an option that takes a member of `kind` (or one of `more`), in whatever case; TAB completes."""
    words = [*kind, *more]

    def read(word: str) -> str:
        return word.lower() if word.lower() in more else choose(kind, word, option)

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete.lower())]

    return {"metavar": "|".join(words), "parser": read, "autocompletion": complete}


def files_in(incomplete: str, *endings: str) -> list[str]:
    return [path for path in glob.glob(glob.escape(incomplete) + "*") if path.endswith(endings)]


def npus(incomplete: str) -> list[str]:
    from npusim.arch.presets import list_hardware

    return [name for name in list_hardware() if name.startswith(incomplete)] + files_in(incomplete, ".yaml")


def compilers(incomplete: str) -> list[str]:
    from npusim.compiler.rules.profile import list_profiles

    return [name for name in list_profiles() if name.startswith(incomplete.lower())] + files_in(
        incomplete, ".yaml"
    )


def numbers(incomplete: str) -> list[str]:
    """Dotted names that can be varied, up to the sign of equality."""
    from npusim.arch.presets import load_hardware

    return [f"{name}=" for name in load_hardware("lunar_lake").numbers() if name.startswith(incomplete)]


def what_ifs(incomplete: str) -> list[str]:
    from npusim.whatif.registry import names

    return [name for name in names() if name.startswith(incomplete)]


def file(option: str, help: str, *aliases: str) -> Any:
    return typer.Option(option, *aliases, metavar="FILE", help=help)


def chosen(kind: type[StrEnum], option: str, help: str, *aliases: str) -> Any:
    """An option that takes a member of `kind`."""
    return typer.Option(option, *aliases, help=help, **choice(kind, option))
