"""What a field of a record may hold, beside its type: each rule as `check` for the quick reader of
`npusim.arch.records`, which gives the value back, and as a core schema for pydantic, which needs no import of it."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np

MOST = 1e15  # no clock, width, size or latency of an NPU is near it in any unit; beyond, prices overflow


class Unsure(Exception):
    """The quick reader does not take a value: it may be wrong, or right in a form that only pydantic knows."""


class Number(NamedTuple):
    """A finite number, or a NumPy array of them, within bounds. Booleans, text and lists are refused; arrays keep their
    shape: they are the axes of a sweep."""

    ge: float | None
    gt: float | None
    le: float | None
    integer: bool

    def check(self, value: Any) -> Any:
        """The number, or the array. Raises ValueError."""
        ge, gt, le, integer = self
        plain = type(value) in (int, float)  # the hot path
        if isinstance(value, str):
            hint = f"; YAML reads {value} as text, write 1.0e+9" if re.match(r"[-+.\d]+e", value) else ""
            raise ValueError(f"expected a number, got the text '{value}'{hint}")
        if not plain and (value is None or isinstance(value, bool | np.bool_ | list | tuple | dict)):
            raise ValueError(f"expected a number, got {type(value).__name__} {value!r}")
        array = None if plain else np.asarray(value)
        if array is not None and (array.dtype.kind not in "iuf" or array.size == 0):
            for item in array.ravel().tolist() if array.dtype.kind == "O" else ():
                if type(item) is int:  # one that NumPy has no type for
                    self.check(item)
            raise ValueError(f"expected a number, got {type(value).__name__}")
        low, high = (value, value) if array is None else (array.min().item(), array.max().item())
        if not -math.inf < low <= high < math.inf:  # `isfinite` takes no integer beyond a float
            raise ValueError("must be finite")
        if high > MOST or low < -MOST or 0 < abs(low) < 1 / MOST or 0 < abs(high) < 1 / MOST:
            odd = high if abs(high) > MOST or 0 < abs(high) < 1 / MOST else low
            got = f"{odd:g}" if abs(odd) <= sys.float_info.max else "an integer of more than 308 digits"
            raise ValueError(f"must be 0 or between {1 / MOST:g} and {MOST:g} in size, got {got}")
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

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {"type": "function-plain", "function": {"type": "no-info", "function": self.check}}


class Text(NamedTuple):
    """Text and nothing that could be made text, of `least` characters at least; `pattern` describes all of it."""

    pattern: str = ""
    least: int = 0

    def check(self, value: Any) -> str:
        if (
            type(value) is not str
            or len(value) < self.least
            or not re.fullmatch(self.pattern or r"(?s:.*)", value)
        ):
            raise Unsure
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        rule = {"type": "str", "strict": True, "min_length": self.least}
        return rule | {"pattern": f"^{self.pattern}$"} if self.pattern else rule


class Flag(NamedTuple):
    """true or false, and nothing that could be taken for it."""

    def check(self, value: Any) -> bool:
        if type(value) is not bool:
            raise Unsure
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {"type": "bool", "strict": True}


class Also(NamedTuple):
    """A rule of a field's own, after its type: `rule` gives the value back, or raises ValueError with the sentence."""

    rule: Callable[[Any], Any]

    def check(self, value: Any) -> Any:
        return self.rule(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        function = {"type": "no-info", "function": self.rule}
        return {"type": "function-after", "function": function, "schema": handler(source)}


class Before(NamedTuple):
    """What is done to a value before its type is asked for: another way to write it."""

    rule: Callable[[Any], Any]

    def prepare(self, value: Any) -> Any:
        return self.rule(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        function = {"type": "no-info", "function": self.rule}
        return {"type": "function-before", "function": function, "schema": handler(source)}


def num(
    ge: float | None = None, gt: float | None = None, le: float | None = None, integer: bool = False
) -> Any:
    """The type of a number within bounds (see `Number`)."""
    return Annotated[Any, Number(ge, gt, le, integer)]
