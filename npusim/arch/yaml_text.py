"""The text of a strict YAML file in one walk: values, where each name stands, what is refused (see `config`)."""

from __future__ import annotations

import re
from typing import Any

import yaml

from npusim.arch.names import KeyPath, Places, dotted
from npusim.errors import BadHardware

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_MAX_DEPTH = 20


def values_of(text: str, file: str) -> tuple[dict[str, Any], Places]:
    """The mapping in a text, and the `file:line` of every name in it. Raises BadHardware."""
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise BadHardware(f"{file}:1: (file): expected names and values, found none")
        places: Places = {}
        return _value(loader, node, (), places, file, set()), places
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadHardware(f"{file}:{line}: (file): {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise BadHardware(f"{file}:1: (file): no readable YAML ({type(error).__name__})") from None
    except ValueError as error:  # a scalar PyYAML takes for a number or a date and cannot convert
        raise BadHardware(f"{file}:1: (file): {error}") from None
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
