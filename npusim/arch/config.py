"""Strict YAML in: every problem is refused with `file:line: dotted.name: sentence`.

PyYAML alone keeps the last of two equal keys, reads `1e9` as text, `on` as a boolean and `1:30` as 90.
A hardware file that says one thing and means another is worse than none, so all of that is an error here.
Hardware files and compiler profiles are read by the same two functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from npusim.arch.names import KeyPath, Places, dotted
from npusim.arch.records import Record, read
from npusim.errors import BadHardware
from npusim_xamba.files import special


def read_yaml(path: str | Path) -> tuple[dict[str, Any], Places]:
    """The mapping in a YAML file, and the `file:line` of every name in it.

    Raises:
        BadHardware: unreadable file, bad YAML, a key written twice, an alias, a number in no decimal form.
    """
    try:
        if what := special(path):
            raise BadHardware(f"{path}: is {what}, no file")
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadHardware(f"{path}: cannot be read: {reason}") from None
    from npusim.arch.yaml_text import values_of  # PyYAML is imported where a text is read

    return values_of(text, str(path))


def validate(data: Any, places: Places, path: str | Path, kind: type[Record]) -> Record:
    """`data` as a record; pydantic's complaints become one BadHardware with `file:line: name: sentence`."""
    try:
        return read(kind, data)
    except ValueError as error:
        complaints: Any = error  # pydantic's, which is imported where something is wrong
        raise BadHardware("; ".join(_sentence(item, places, path) for item in complaints.errors())) from None


def _sentence(problem: Any, places: Places, path: str | Path) -> str:
    name: KeyPath = tuple(problem["loc"])
    known = name
    while known and known not in places:  # a missing key is reported on its parent's line
        known = known[:-1]
    text = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        text = "unknown name"
    elif problem["type"] == "missing":
        text = "is missing"
    return f"{places.get(known, path)}: {dotted(name)}: {text}"


def load_yaml(path: str | Path, kind: type[Record]) -> Record:
    """A YAML file as a record: a subclass of `npusim.arch.records.Strict`, numbers typed with `npusim.arch.fields.num`.

    Raises:
        BadHardware: `file:line: dotted.name: sentence`, several of them joined by "; ".
    """
    data, places = read_yaml(path)
    return validate(data, places, path, kind)
