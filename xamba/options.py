"""Options of the command line, built from the fields of the passes: a pass declares each once, as a field.

The type of a field says how its text is read: a flag for a bool, a number, a word (one of `choices`), or a
list of words with commas between them. Where that is not enough the field brings its own `parse`.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from types import NoneType
from typing import Annotated, Any, get_args, get_type_hints

import typer

from npusim_xamba.memory import parse_memory
from xamba.errors import BadArgument
from xamba.passes.base import XambaPass

#: What stands behind an option whose field does not say: typer's own '<list[str]>' is Python's word, not a user's.
_METAVARS: Mapping[type, str] = {int: "N", float: "X", str: "NAME", tuple: "NAME,..."}


@dataclass(frozen=True)
class Option:
    """One option; several passes may share it when its kind is the same. `owners` are their class names."""

    field: str
    kind: type  # bool, int, float, str or tuple
    default: Any
    metadata: Mapping[str, Any]
    owners: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.metadata["option"])

    @property
    def shown(self) -> str:
        """The default as one would write it; empty for None, an empty list, and a flag that is not set."""
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return "" if self.default is None or self.default is False else str(self.default)

    def parameter(self) -> inspect.Parameter:
        """A parameter of a typer command; it is None when the option is not given."""
        base = self.kind if self.kind in (bool, int, float) and "parse" not in self.metadata else str
        choices = self.metadata.get("choices", ())
        words = f" Of {', '.join(choices)}." if choices else ""
        default = f" [default: {self.shown}]" if self.shown else ""
        every = self.field == "only"
        kwargs: dict[str, Any] = {
            "help": f"{'' if every else '/'.join(self.owners) + ': '}{self.metadata['help']}{words}{default}",
            "metavar": self.metadata.get("metavar") or _METAVARS.get(self.kind if base is str else base),
            "show_default": False,
        }
        if base is str and choices:
            kwargs["autocompletion"] = completer(choices, several=self.kind is tuple)
        annotation = Annotated[base | None, typer.Option(self.name, **kwargs)]  # type: ignore[valid-type]
        return inspect.Parameter(
            self.field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
        )

    def value(self, text: Any) -> Any:
        """The value of the field from what typer read. Raises `BadArgument`."""
        if "parse" in self.metadata:
            return self.metadata["parse"](text)
        if self.kind is tuple:
            return tuple(self._word(word) for word in words(text))
        return self._word(text) if self.kind is str else text

    def _word(self, word: str) -> str:
        choices = self.metadata.get("choices", ())
        if not choices:
            return word
        for choice in choices:
            if choice.lower() == word.lower():
                return str(choice)
        options = " or ".join(choices) if len(choices) == 2 else ", ".join(choices)
        raise BadArgument(f"{self.name} is '{word}'; choose {options}")


def options(passes: Iterable[type[XambaPass]]) -> list[Option]:
    """The options of these passes, in their order, a shared one once. Raises `BadArgument` on a clash."""
    found: dict[str, Option] = {}
    for one in passes:
        hints = get_type_hints(one)
        for field in fields(one):
            if "option" not in field.metadata:
                continue
            kind = _kind(hints[field.name])
            new = Option(field.name, kind, field.default, field.metadata, (one.__name__,))
            old = found.get(field.name)
            if old is None:
                found[field.name] = new
            elif (old.kind, old.name, old.default) == (kind, new.name, field.default):
                found[field.name] = Option(
                    old.field, kind, old.default, old.metadata, (*old.owners, one.__name__)
                )
            else:
                raise BadArgument(
                    f"{' and '.join((*old.owners, one.__name__))} both have an option '{field.name}', of different "
                    "type, default or spelling; give one of them another name"
                )
    return list(found.values())


def _kind(hint: Any) -> type:
    parts = (
        [part for part in get_args(hint) if part is not NoneType] if NoneType in get_args(hint) else [hint]
    )
    kind = getattr(parts[0], "__origin__", parts[0])
    return kind if isinstance(kind, type) else str


def words(text: str) -> list[str]:
    """The words of a list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def completer(choices: Iterable[str], several: bool) -> Callable[[str], list[str]]:
    """What TAB offers; with `several` the last word of a list with commas is completed."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
        taken = {word.lower() for word in words(before)}
        fit = [c for c in choices if c.lower().startswith(last.lower()) and c.lower() not in taken]
        return [f"{before}{comma}{choice}" for choice in fit]

    return complete


def with_options(declared: Iterable[Option]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a typer command the options as parameters; it receives those that were given as `given`."""
    known = list(declared)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters
        kept = [parameter for name, parameter in own.items() if name != "given"]

        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            texts = {one.field: arguments.pop(one.field) for one in known}
            given = {one.field: one.value(texts[one.field]) for one in known if texts[one.field] is not None}
            command(**arguments, given=given)

        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept]
        parameters += [one.parameter() for one in known]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def parse_dims(texts: list[str] | None) -> dict[str, int]:
    """['batch=2'] -> {'batch': 2}; the name may hold '=' itself. Raises `BadArgument`."""
    dims: dict[str, int] = {}
    for text in texts or []:
        name, _, number = text.rpartition("=")
        if (
            not name.strip()
            or not (number.isascii() and number.isdecimal())
            or not 1 <= int(number[:18]) < 10**17
        ):
            raise BadArgument(f"--dim is '{text}'; write a name and a positive number as batch=2")
        if dims.get(name, int(number)) != int(number):
            raise BadArgument(f"--dim gives '{name}' two lengths, {dims[name]} and {number}; give one")
        dims[name] = int(number)
    return dims


def parse_settings(texts: list[str] | None) -> dict[str, Any]:
    """['sr=16000', 'ids=[1,2]'] -> {'sr': 16000, 'ids': [1, 2]}. Raises `BadArgument`."""
    settings: dict[str, Any] = {}
    for text in texts or []:
        name, _, value = text.partition("=")
        try:
            found = json.loads(value.strip().lower())
        except (ValueError, RecursionError):
            found = None
        if not name.strip() or not isinstance(found, int | float | list):
            raise BadArgument(
                f"--set is '{text}'; write a name and a number, true, false or a list, as sr=16000 or ids=[1,2]"
            )
        settings[name] = found
    return settings


def parse_size(text: str | None, default: int) -> int:
    """'16GB', '300 MiB' or bytes, in bytes. Raises `BadArgument`."""
    try:
        return default if text is None else parse_memory(text)
    except ValueError as error:
        raise BadArgument(f"--max-memory: {error}") from None
