"""Strict YAML in: every problem is refused with `file:line: dotted.name: sentence`.

PyYAML alone keeps the last of two equal keys, reads `1e9` as text, `on` as a boolean and `1:30` as 90.
A hardware file that says one thing and means another is worse than none, so all of that is an error here.
Hardware files and compiler profiles are read by the same two functions.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from npusim.errors import BadHardware
from npusim_xamba.files import special

KeyPath = tuple[str | int, ...]
Places = dict[KeyPath, str]  # where a name is written: "file:line"
Model = TypeVar("Model", bound=BaseModel)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_MAX_DEPTH = 20
MOST = 1e15  # no clock, width, size or latency of an NPU is near it in any unit; beyond, prices overflow


class Strict(BaseModel):
    """Base of every record that is read from YAML: unknown keys are refused, nothing changes afterwards."""

    # Built when first used: of the blocks inside a record none ever is by itself.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def num(
    ge: float | None = None, gt: float | None = None, le: float | None = None, integer: bool = False
) -> Any:
    """The pydantic type of a finite number, or of a NumPy array of them, within bounds.

    Booleans, text and lists are refused. Arrays keep their shape: they are the axes of a sweep.
    """
    return Annotated[Any, Number(ge, gt, le, integer)]


class Number(NamedTuple):
    """How pydantic checks, writes and describes such a number.

    It hands over the core schema itself: validators and serializers as pydantic's own decorators would make it look at
    the signature of the same two functions for each of eighty fields, most of the time it takes to get ready."""

    ge: float | None
    gt: float | None
    le: float | None
    integer: bool

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(_plain)
        return core_schema.no_info_plain_validator_function(self.checked, serialization=written)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = {
            "type": "integer" if self.integer else "number",
            "minimum": self.ge,
            "exclusiveMinimum": self.gt,
            "maximum": self.le,
        }
        return {key: value for key, value in found.items() if value is not None}

    def checked(self, value: Any) -> Any:
        """The number, or the array. Raises ValueError."""
        ge, gt, le, integer = self
        if isinstance(value, str):
            hint = f"; YAML reads {value} as text, write 1.0e+9" if re.match(r"[-+.\d]+e", value) else ""
            raise ValueError(f"expected a number, got the text '{value}'{hint}")
        if value is None or isinstance(value, bool | np.bool_ | list | tuple | dict):
            raise ValueError(f"expected a number, got {type(value).__name__} {value!r}")
        array = None if type(value) in (int, float) else np.asarray(value)  # plain numbers are the hot path
        if array is not None and (array.dtype.kind not in "iuf" or array.size == 0):
            raise ValueError(f"expected a number, got {type(value).__name__}")
        low, high = (value, value) if array is None else (array.min().item(), array.max().item())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError("must be finite")
        if high > MOST or low < -MOST or 0 < abs(low) < 1 / MOST or 0 < abs(high) < 1 / MOST:
            odd = high if abs(high) > MOST or 0 < abs(high) < 1 / MOST else low
            raise ValueError(f"must be 0 or between {1 / MOST:g} and {MOST:g} in size, got {odd:g}")
        if ge is not None and low < ge:
            raise ValueError(f"must be at least {ge:g}, got {low:g}")
        if gt is not None and low <= gt:
            raise ValueError(f"must be greater than {gt:g}, got {low:g}")
        if le is not None and high > le:
            raise ValueError(f"must be at most {le:g}, got {high:g}")
        if not integer:
            return value if array is None else array if array.ndim else array.item()
        if (value != int(value)) if array is None else (array != np.floor(array)).any():
            raise ValueError(f"must be a whole number, got {value}")
        return int(value) if array is None else array.astype(np.int64) if array.ndim else int(array)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


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


def validate(data: Any, places: Places, path: str | Path, model: type[Model]) -> Model:
    """`data` as a `model`; pydantic's complaints become one BadHardware with `file:line: name: sentence`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BadHardware("; ".join(_sentence(item, places, path) for item in error.errors())) from None


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


def load_yaml(path: str | Path, model: type[Model]) -> Model:
    """A YAML file as a pydantic model (subclass `Strict`, numbers typed with `num`).

    Raises:
        BadHardware: `file:line: dotted.name: sentence`, several of them joined by "; ".
    """
    data, places = read_yaml(path)
    return validate(data, places, path, model)
