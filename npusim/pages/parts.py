"""Parts of pages that need no script: facts, bars, tables, places for charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from npusim.pages.template import text


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is, how long (of the longest, -1..1), what is written beside it, its colour's name."""

    label: str
    length: float
    value: str
    colour: str = "g0"
    note: str = ""


LONG = 100  # characters of a fact that takes the room of two


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Pairs of a word and a plain text."""
    shown = "".join(
        f"<div{' class=long' if len(said) > LONG else ''}><dt>{text(word)}</dt><dd>{text(said)}</dd></div>"
        for word, said in rows
        if said
    )
    return f'<dl class="facts">{shown}</dl>' if shown else ""


def bars(caption: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars as a table that screen readers read; lengths below zero go to the left of a middle line."""
    if not rows:
        return ""
    both = any(row.length < 0 for row in rows)
    lines = []
    for row in rows:
        size = min(abs(row.length), 1.0) * (50 if both else 100)
        left = f"left:{50 - size if row.length < 0 else 50:.2f}%;" if both else ""
        note = f"<small>{text(row.note)}</small>" if row.note else ""
        lines.append(
            f'<tr><th scope="row">{text(row.label)} {note}</th><td class="bar"><i style="{left}width:{size:.2f}%;'
            f'background:var(--{row.colour})"></i></td><td class="num">{text(row.value)}</td></tr>'
        )
    kind = "bars both" if both else "bars"
    return f'<table class="{kind}"><caption>{text(caption)}</caption><tbody>{"".join(lines)}</tbody></table>'


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], words: Iterable[int] = (0,)
) -> str:
    """A table of plain texts; columns in `words` stand left, numbers right."""
    left = set(words)

    def line(cells: Sequence[str], head: bool) -> str:
        tags = []
        for k, cell in enumerate(cells):
            scope = ' scope="col"' if head else ' scope="row"' if k == 0 else ""
            tag = "th" if scope else "td"
            kind = "" if k in left else ' class="num"'
            tags.append(f"<{tag}{scope}{kind}>{text(cell)}</{tag}>")
        return f"<tr>{''.join(tags)}</tr>"

    body = "\n".join(line(row, False) for row in rows)
    return scrolled(
        f"<table><caption>{text(caption)}</caption>\n<thead>{line(header, True)}</thead>\n"
        f"<tbody>\n{body}\n</tbody></table>",
        caption,
    )


def sortable(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str | tuple[str, float]]],
    words: Iterable[int] = (0,),
) -> str:
    """A table that `sorted.js` sorts and searches; a cell is a text, or a text and the number it is sorted by."""
    left = set(words)

    def cell(k: int, said: str | tuple[str, float]) -> str:
        tag = 'th scope="row"' if k == 0 else "td"
        kind = "" if k in left else ' class="num"'
        shown, value = (said, "") if isinstance(said, str) else (said[0], f' data-v="{said[1]!r}"')
        return f"<{tag}{kind}{value}>{text(shown)}</{tag[:2]}>"

    heads = "".join(
        f'<th scope="col"{"" if k in left else " class=num"}>{text(h)}</th>' for k, h in enumerate(header)
    )
    body = "\n".join(f"<tr>{''.join(cell(k, c) for k, c in enumerate(row))}</tr>" for row in rows)
    return scrolled(
        f'<table class="sortable"><caption>{text(caption)}</caption><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table>",
        caption,
    )


def scrolled(body: str, label: str) -> str:
    """What may be wider than the page, in a frame that scrolls, by keyboard too."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{text(label)}">{body}</div>'


def chart(key: str, label: str, help: str = "") -> str:
    """A place for a chart that a script fills: focusable, with a line that says what is under the cursor."""
    told = f'<p class="help">{text(help)}</p>' if help else ""
    return (
        f'<div class="chart" id="{key}" tabindex="0" role="application" aria-label="{text(label)}"></div>\n'
        f'<p class="readout" id="{key}-readout" aria-live="polite"></p>\n{told}'
    )


def listed(items: Iterable[str]) -> str:
    """An ordered list of pieces of HTML."""
    shown = "".join(f"<li>{item}</li>" for item in items)
    return f"<ol>{shown}</ol>" if shown else ""
