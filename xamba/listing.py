"""What `xamba passes` prints, and the same as the tables of docs/passes.md."""

from __future__ import annotations

from collections.abc import Mapping

from npusim_xamba.text import folded, page_width
from xamba.options import options
from xamba.passes.base import XambaPass


def sentence(one: type[XambaPass]) -> str:
    """The first line of a pass's own text, without the full stop."""
    return (one.__doc__ or one.__name__).splitlines()[0].strip().removesuffix(".")


def text(passes: Mapping[str, type[XambaPass]]) -> str:
    """A line for every pass, folded to the terminal."""
    width = max(map(len, passes))
    lines = []
    for name, one in passes.items():
        words = "exact" if one.exact else "approximates"
        lines.append(f"{name:{width}s}  {sentence(one)} ({words}{', by default' if one.default else ''})")
    return folded("\n".join(lines), page_width(), indent=width + 2)


def plain(passes: Mapping[str, type[XambaPass]]) -> list[dict[str, object]]:
    """Name, rule, exact or not, and options of every pass, for JSON."""
    return [
        {
            "name": name,
            "rule": sentence(one),
            "exact": one.exact,
            "default": one.default,
            "options": [option.name for option in options([one])],
        }
        for name, one in passes.items()
    ]


def markdown(passes: Mapping[str, type[XambaPass]]) -> str:
    """Two tables: the passes, and their options."""
    lines = ["| pass | what becomes what | answer | by default |", "|---|---|---|---|"]
    for name, one in passes.items():
        answer = "kept up to rounding" if one.exact else "approximated"
        lines.append(f"| `{name}` | {sentence(one)} | {answer} | {'yes' if one.default else 'no'} |")
    lines += ["", "| option | field of | what | default |", "|---|---|---|---|"]
    for option in options(passes.values()):
        owners = "every pass" if option.field == "only" else ", ".join(option.owners)
        meaning = option.metadata["help"].rstrip(".")
        choices = option.metadata.get("choices", ())
        meaning += f" ({', '.join(choices)})" if choices else ""
        lines.append(f"| `{option.name}` | {owners} | {meaning} | {option.shown or 'none'} |")
    return "\n".join(lines)
