"""Strict YAML in: every problem is refused with `file:line: dotted.name: sentence`.

PyYAML alone keeps the last of two equal keys, reads `1e9` as text, `on` as a boolean and `1:30` as 90.
A hardware file that says one thing and means another is worse than none, so all of that is an error here.
Hardware files and compiler profiles are read by the same two functions.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from npusim.arch.fields import num as num
from npusim.arch.records import Record, read
from npusim.arch.records import Strict as Strict
from npusim.errors import BadHardware
from npusim_xamba.files import special

KeyPath = tuple[str | int, ...]
Places = dict[KeyPath, str]  # where a name is written: "file:line"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_MAX_DEPTH = 20


def dotted(path: KeyPath) -> str:
    """`("dma", "latency_ns")` as `dma.latency_ns`; the whole file is `(file)`."""
    return ".".join(map(str, path)) or "(file)"


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
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise BadHardware(f"{path}:1: (file): expected names and values, found none")
        places: Places = {}
        return _value(loader, node, (), places, str(path), set()), places
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadHardware(f"{path}:{line}: (file): {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise BadHardware(f"{path}:1: (file): no readable YAML ({type(error).__name__})") from None
    except ValueError as error:  # a scalar PyYAML takes for a number or a date and cannot convert
        raise BadHardware(f"{path}:1: (file): {error}") from None
    finally:
        if loader is not None:
            loader.dispose()


def _value(loader: Any, node: Any, path: KeyPath, places: Places, file: str, seen: set[int]) -> Any:
    """The value of a node. Notes where each name stands, and refuses what PyYAML would take in silence.

    What is plain is made here, in the same walk: PyYAML's own constructors take three times as long."""
    line = f"{file}:{node.start_mark.line + 1}"
    places.setdefault(path, line)
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if isinstance(node, yaml.ScalarNode):
        if kind == "str":
            return node.value
        if (kind == "int" and not _DECIMAL.match(node.value)) or (kind == "float" and ":" in node.value):
            raise BadHardware(f"{line}: {dotted(path)}: write {node.value} as a plain decimal number")
        return loader.construct_object(node)
    if id(node) in seen or len(path) > _MAX_DEPTH:
        raise BadHardware(
            f"{line}: {dotted(path)}: aliases and deep nesting are refused; write the value out"
        )
    seen.add(id(node))
    if not isinstance(node, yaml.MappingNode):
        items = [_value(loader, v, (*path, i), places, file, seen) for i, v in enumerate(node.value)]
        return items if kind == "seq" else loader.construct_object(node, deep=True)
    found = {}
    for key, value in node.value:
        here = (*path, str(key.value))
        key_line = f"{file}:{key.start_mark.line + 1}"
        if key.value == "<<":
            raise BadHardware(f"{key_line}: {dotted(path)}: merge keys are refused; write the values out")
        if here in places:
            raise BadHardware(f"{key_line}: {dotted(here)}: written twice, first at {places[here]}")
        places[here] = key_line
        found[here[-1]] = _value(loader, value, here, places, file, seen)
    plain = kind == "map" and all(key.tag == "tag:yaml.org,2002:str" for key, _ in node.value)
    return found if plain else loader.construct_object(node, deep=True)


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
    """A YAML file as a record (a subclass of `Strict`, numbers typed with `num`).

    Raises:
        BadHardware: `file:line: dotted.name: sentence`, several of them joined by "; ".
    """
    data, places = read_yaml(path)
    return validate(data, places, path, kind)
