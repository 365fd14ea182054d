"""`NAME:key=value,...` -> a supposition. What is wrong is one sentence: the name, both numbers, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from npusim.errors import BadArgument
from npusim.whatif.base import Supposition, written
from npusim.whatif.registry import find
from npusim_xamba.text import near, quoted


def parse(text: str) -> Supposition:
    """One what-if. A part without '=' belongs to the value before it, so that `tiles=64,128` is one option.

    Raises BadArgument: unknown what-if or option (with the nearest), a value out of bounds, an option given twice.
    """
    name, _, rest = text.partition(":")
    kind = find(name)
    given: dict[str, str] = {}
    key = ""
    for part in rest.split(",") if rest.strip() else ():
        before, equals, value = part.partition("=")
        word = before.strip().lower()
        word = kind.synonyms.get(word, word)
        if equals and (word in kind.model_fields or not key or word.isidentifier()):
            key = word
            if key in given:
                raise BadArgument(f"what-if '{name}' gives '{key}' twice; give one value")
            given[key] = value.strip()
        elif key:
            given[key] += f",{part.strip()}"
        elif kind.bare:
            key, given[kind.bare] = kind.bare, part.strip()
        else:
            raise BadArgument(
                f"what-if {quoted(text)}: '{part.strip()}' is not KEY=VALUE; {kind.name} takes {_keys(kind)}"
            )
    return make(kind, given)


def _keys(kind: type[Supposition]) -> str:
    return ", ".join(kind.model_fields) or "no options"


def parse_all(texts: Iterable[str] | None) -> tuple[Supposition, ...]:
    """Several what-ifs in the order in which they apply. Raises BadArgument."""
    return tuple(parse(text) for text in texts or ())


def make(kind: type[Supposition], given: Mapping[str, Any]) -> Supposition:
    """A what-if of options by name, checked. Raises BadArgument."""
    for key in given:
        if key not in kind.model_fields:
            raise BadArgument(
                f"what-if '{kind.name}' has no option {quoted(key)}; it takes {_keys(kind)}"
                f"{near(key, kind.model_fields)}"
            )
    try:
        return kind(**given)
    except ValidationError as error:
        raise BadArgument(_sentence(kind, error.errors()[0])) from None


def changed(one: Supposition, key: str, value: Any) -> Supposition:
    """The same what-if with one option changed, checked. Raises BadArgument."""
    given = {name: getattr(one, name) for name in one.model_fields_set}
    return make(type(one), given | {key: value})


def _sentence(kind: type[Supposition], problem: Any) -> str:
    """One complaint of pydantic as a sentence with both values."""
    key = str(problem["loc"][0]) if problem["loc"] else ""
    bounds = problem.get("ctx", {})
    value = quoted(written(problem["input"]))[1:-1]
    limits = {
        "greater_than": ("gt", "must be greater than"),
        "greater_than_equal": ("ge", "must be at least"),
        "less_than": ("lt", "must be less than"),
        "less_than_equal": ("le", "must be at most"),
    }
    if problem["type"] in limits:
        bound, words = limits[problem["type"]]
        return f"what-if '{kind.name}': {key} is {value}; it {words} {bounds[bound]:g}"
    if problem["type"] == "missing":
        return f"what-if '{kind.name}' needs {key}: {kind.model_fields[key].description}"
    if problem["type"] == "literal_error":
        words = bounds["expected"].replace("'", "")
        return f"what-if '{kind.name}': {key} '{value}' is not on offer; choose from {words}"
    if problem["type"] == "value_error":
        where = f" {key}:" if key else ""
        return f"what-if '{kind.name}':{where} {problem['msg'].removeprefix('Value error, ')}"
    kinds = {"float_parsing": "a number", "int_parsing": "a whole number", "bool_parsing": "true or false"}
    kinds |= {"int_from_float": "a whole number", "finite_number": "a finite number"}
    wanted = kinds.get(problem["type"])
    said = f"it must be {wanted}" if wanted else problem["msg"]
    return f"what-if '{kind.name}': {key} is '{value}'; {said}"
