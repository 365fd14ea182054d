"""Sections -> one HTML file that needs nothing else: works offline, in light and dark, on a phone, by keyboard.

Scripts and styles are files in `assets/`; uPlot 1.6.32 (MIT licence, `uPlot.LICENSE`) draws axes, zooms and cursors.
Data go into the page as JSON; no text in it may end the script, so every '<' is written as an escape."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

from npusim_xamba.text import clean


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: `key` is its id, `body` its HTML; texts in it are escaped already."""

    key: str
    title: str
    body: str


def page(
    title: str,
    lead: str,
    sections: Sequence[Section],
    data: Any = None,
    scripts: Sequence[str] = (),
) -> str:
    """The text of a page.

    Args:
        title: plain text, for the head and the first heading.
        lead: HTML under the first heading.
        sections: what follows, in order; those without a body are left out.
        data: plain values that the scripts find as `DATA`; numbers that are not finite become null.
        scripts: names of files in `assets/`, run in order behind uPlot and `base.js`.
    """
    shown = [s for s in sections if s.body]
    charts = ["uPlot.iife.min.js", "base.js", *scripts] if scripts else []
    parts = {
        "title": text(title),
        "lead": lead,
        "style": asset("style.css") + (asset("uPlot.min.css") if scripts else ""),
        "links": "".join(f'<a href="#{s.key}">{text(s.title)}</a>' for s in shown) if len(shown) > 2 else "",
        "sections": "\n".join(_section(s) for s in shown),
        "data": to_json(data),
        "script": (f"/* uPlot 1.6.32\n{asset('uPlot.LICENSE')}*/\n" if charts else "")
        + "\n".join(asset(name) for name in charts),
    }
    head, *rest = asset("page.html").split("{{")
    return head + "".join(parts[name] + after for name, after in (part.split("}}", 1) for part in rest))


def text(value: str) -> str:
    """Foreign text made fit for HTML: escaped, without codes that steer a terminal or turn its direction."""
    return escape(clean(value))


def to_json(value: Any) -> str:
    """JSON that can stand inside a script: ASCII, no '<', null for what is no number."""
    found = json.dumps(_finite(value), allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return found.replace("<", "\\u003c")


def asset(name: str) -> str:
    """The text of a file in `assets/`."""
    return (resources.files("npusim.pages") / "assets" / name).read_text("utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, str):
        return clean(value)
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def _section(section: Section) -> str:
    return (
        f'<section id="{section.key}" aria-labelledby="{section.key}-title">\n'
        f'<h2 id="{section.key}-title">{text(section.title)}</h2>\n{section.body}\n</section>'
    )


def joined(lines: Iterable[str]) -> str:
    """Pieces of HTML, a line each."""
    return "\n".join(lines)
