"""Names out of a model, made fit for a terminal: a name may not steer it."""

from __future__ import annotations

LONGEST = 120  # characters of a name in a sentence


def clean(text: object) -> str:
    """The text on one line; what is not printable becomes a question mark.

    That is escape sequences, newlines, and the marks that turn the direction of writing.
    """
    return "".join(char if char.isprintable() else "?" for char in str(text))


def quoted(name: object) -> str:
    """A name in quotes for a sentence: clean, and cut in the middle beyond `LONGEST` characters."""
    text = clean(name)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}...{text[-LONGEST // 2 :]}"
    return f"'{text}'"
