"""Which forms of profile there are: a reader says by what it is known, and is found where its file lies.

A JSON document is known by a key it holds, a text by how it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npusim.measured.profile import Profile

Reader = Callable[[Any, Any], Profile]


@dataclass(frozen=True, slots=True)
class Form:
    """`words` name it to people. `read` gets the JSON document or the text, and the path."""

    words: str
    read: Reader
    key: str = ""
    begins: tuple[str, ...] = ()


FORMS: list[Form] = []


def form(words: str, key: str = "", begins: tuple[str, ...] = ()) -> Callable[[Reader], Reader]:
    """Register the reader of JSON documents that hold `key`, or of texts that begin with one of `begins`.

    Raises ValueError if another reader is known by the same.
    """
    for other in FORMS:
        if (key and other.key == key) or set(begins) & set(other.begins):
            raise ValueError(f"{words}: {key or begins} is already known as {other.words}")

    def register(read: Reader) -> Reader:
        FORMS.append(Form(words, read, key, begins))
        return read

    return register
