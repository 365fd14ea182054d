"""Text made fit for a terminal: a name out of a model may not steer it, and lines end where the terminal does."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 120  # characters of a name in a sentence


def clean(text: object, keep_lines: bool = False) -> str:
    """The text on one line, unless `keep_lines`; what is not printable becomes a question mark.

    That is escape sequences, newlines, and the marks that turn the direction of writing.
    """
    whole = str(text)
    if whole.isprintable():
        return whole
    return "".join(c if c.isprintable() or (keep_lines and c == "\n") else "?" for c in whole)


def near(word: str, known: Iterable[str]) -> str:
    """'; did you mean lunar_lake?', or nothing if no known word is like it."""
    import difflib

    spelled = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), spelled, n=1, cutoff=0.55)
    return f"; did you mean {spelled[found[0]]}?" if found else ""


def quoted(name: object) -> str:
    """A name in quotes for a sentence: clean, and cut in the middle beyond `LONGEST` characters."""
    text = clean(name)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}...{text[-LONGEST // 2 :]}"
    return f"'{text}'"


def page_width() -> int:
    """Cells of a line: what the terminal or COLUMNS says, within 72 and 120; 80 in a pipe."""
    import shutil

    return min(max(shutil.get_terminal_size((80, 24)).columns, 72), 120)


def folded(page: str, width: int, indent: int = 2) -> str:
    """The page with lines of more than `width` characters folded between words, what follows of them indented by
    `indent` more than the line is."""
    import textwrap

    lines: list[str] = []
    for line in page.split("\n"):
        behind = " " * (len(line) - len(line.lstrip()) + indent)
        long = len(line) > width
        lines += textwrap.wrap(
            line, width, subsequent_indent=behind, break_long_words=False, break_on_hyphens=False
        ) if long else [line]  # fmt: skip
    return "\n".join(lines)
