"""Names out of a model, made fit for a terminal: a name may not steer it."""

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
