"""What is varied: a name, its values or its range, and whether it shapes the plan.

Names are the dotted ones of the hardware description, and some that are not part of it: `compiler` (a profile),
`precision`, and `whatif.NAME.OPTION`, an option of a what-if."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import STRUCTURAL, Hardware
from npusim.arch.units import is_whole, unit
from npusim.choices import Precision, choose
from npusim.errors import BadArgument
from npusim.whatif.base import Supposition
from npusim.whatif.vary import WHAT_IF, check, option_of

#: Names that are choices of the caller, not numbers of the hardware.
CHOICES = ("compiler", "precision")
#: Names that describe the hardware and are nothing to vary.
_FIXED = ("name", "product")
_MOST_VALUES = 10**9


@dataclass(frozen=True, slots=True)
class Range:
    """`count` values from `start` to `stop`, both included, evenly spaced or (`log`) in equal ratios.

    Without a grid (`sweep(..., points=N)`) it is everything between the two and `count` is not used."""

    start: float
    stop: float
    count: int | None = None
    log: bool = False

    def at(self, share: np.ndarray) -> np.ndarray:
        """The values at shares 0..1 of the way; the two ends are exact."""
        if self.log:
            value = self.start * (self.stop / self.start) ** share
        else:
            value = self.start + (self.stop - self.start) * share
        return np.clip(np.where(share == 1, self.stop, value), self.start, self.stop)


@dataclass(frozen=True, slots=True)
class Axis:
    """One varied name. `values`: array, or tuple of text or booleans; empty where only `range` says them.
    `shapes_plan`: points are grouped by it. `whole`: only whole numbers make sense."""

    name: str
    values: Any
    range: Range | None
    shapes_plan: bool
    whole: bool
    unit: str

    def pick(self, share: np.ndarray) -> np.ndarray:
        """Values for random shares in 0..1: anywhere in a range, one of the values of a list."""
        if self.range is None:
            values = np.asarray(self.values)
            return values[np.minimum((share * len(values)).astype(np.int64), len(values) - 1)]
        if not self.whole:
            return self.range.at(share)
        low, high = _whole_ends(self.range)
        if self.range.log:  # every whole number owns the interval half a step around it
            wide = Range(low - 0.5, high + 0.5, log=True).at(share)
        else:
            wide = Range(low - 0.5, high + 0.5).at(share)
        return np.asarray(np.clip(np.rint(wide), low, high), dtype=np.int64)


def make_axes(
    vary: Mapping[str, Any], hw: Hardware, grid: bool, what_ifs: Sequence[Supposition] = ()
) -> tuple[Axis, ...]:
    """The axes of `vary`, in its order, checked against the hardware's schema and beside the what-ifs that do not vary.

    Raises BadHardware for an unknown name or a value its schema forbids, BadArgument for a bad range."""
    if not vary:
        raise BadArgument(
            "nothing to vary; give at least one name, for instance dma.bytes_per_cycle=16:128:9"
        )
    axes = tuple(_axis(name, given, hw, grid) for name, given in vary.items())
    _check_what_ifs(axes, what_ifs)
    return axes


def _axis(name: str, given: Any, hw: Hardware, grid: bool) -> Axis:
    if name in _FIXED:
        raise BadArgument(f"{name}: is a label of the hardware, nothing to vary")
    if name.startswith(WHAT_IF):
        return _what_if_axis(name, given, grid)
    base = "" if name in CHOICES else hw.get(name)
    text = isinstance(base, str)
    if isinstance(given, str):
        given = _texts(name, given) if text else parse(name, given)
    if isinstance(given, range):
        given = list(given)
    whole = not text and is_whole(name)
    if isinstance(given, Range):
        if text or isinstance(base, bool):
            raise BadArgument(f"{name}: has no range; list its values")
        _check_range(name, given, grid, whole)
        values: Any = _spread(given, whole) if grid else np.empty(0)
        found: Range | None = given
    else:
        found, values = None, _listed(name, given, text, isinstance(base, bool))
    shapes_plan = text or isinstance(base, bool) or name in STRUCTURAL
    axis = Axis(name, values, found, shapes_plan, whole, unit(name))
    _check_schema(axis, hw)
    return axis


def _what_if_axis(name: str, given: Any, grid: bool) -> Axis:
    """An option of a what-if: every value is a plan of its own."""
    number, whole = option_of(name)
    if isinstance(given, str):
        given = parse(name, given) if number else _texts(name, given)
    given = list(given) if isinstance(given, range) else given
    if isinstance(given, Range):
        if not number:
            raise BadArgument(f"{name}: has no range; list its values")
        _check_range(name, given, grid, whole)
        return Axis(name, _spread(given, whole) if grid else np.empty(0), given, True, whole, "")
    return Axis(name, _listed(name, given, not number, False), None, True, whole, "")


def _check_what_ifs(axes: Sequence[Axis], what_ifs: Sequence[Supposition]) -> None:
    """Every value is one its what-if allows; told before any work."""
    values: dict[str, list[Any]] = {}
    for axis in axes:
        if axis.name.startswith(WHAT_IF):
            ends = [axis.range.start, axis.range.stop] if axis.range and not len(axis.values) else []
            values[axis.name] = ends or (
                list(axis.values) if isinstance(axis.values, tuple) else axis.values.tolist()
            )
    if values:
        check(what_ifs, values)


def parse(name: str, text: str) -> Range | list[Any]:
    """`start:stop[:count][:log]` as a Range, `a,b,c` as a list. Raises BadArgument."""
    if ":" not in text:
        return [_number(name, part) for part in _texts(name, text)]
    parts = [part.strip() for part in text.split(":")]
    log = parts[-1] in ("log", "linear") and parts.pop() == "log"
    if len(parts) not in (2, 3):
        raise BadArgument(f"{name}: '{text}' is no range; write start:stop:count or start:stop:count:log")
    start, stop = _number(name, parts[0]), _number(name, parts[1])
    if isinstance(start, bool) or isinstance(stop, bool):
        raise BadArgument(f"{name}: '{text}': true and false have no range; list them")
    count = None
    if len(parts) == 3:
        if not (parts[2].isascii() and parts[2].isdigit()):
            raise BadArgument(f"{name}: '{text}': the count must be a whole number, got '{parts[2]}'")
        count = int(parts[2][:20])
    return Range(start, stop, count, log)


def _texts(name: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise BadArgument(f"{name}: '{text}' has an empty value; separate values by single commas")
    return parts


def _number(name: str, text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise BadArgument(f"{name}: '{text}' is no number") from None


def _check_range(name: str, given: Range, grid: bool, whole: bool) -> None:
    start, stop, count = given.start, given.stop, given.count
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise BadArgument(f"{name}: a range needs finite ends, got {start:g} and {stop:g}")
    if start > stop:
        raise BadArgument(f"{name}: the range runs backwards, from {start:g} to {stop:g}; swap the two")
    if given.log and start <= 0:
        raise BadArgument(f"{name}: a log range must start above 0, got {start:g}")
    if whole and math.ceil(start) > math.floor(stop):
        raise BadArgument(f"{name}: there is no whole number between {start:g} and {stop:g}")
    if count is None and grid:
        raise BadArgument(f"{name}: {start:g}:{stop:g} needs a count on a grid; write {start:g}:{stop:g}:9")
    if count is not None and not 1 <= count <= _MOST_VALUES:
        raise BadArgument(f"{name}: a range has 1 to {_MOST_VALUES:,} values, got {count}")
    if count == 1 and start != stop and grid:
        raise BadArgument(
            f"{name}: one value cannot reach from {start:g} to {stop:g}; take a count from 2 on"
        )


def _whole_ends(given: Range) -> tuple[int, int]:
    return math.ceil(given.start), math.floor(given.stop)


def _spread(given: Range, whole: bool) -> np.ndarray:
    count = given.count or 1
    values = given.at(np.arange(count) / max(1, count - 1))
    return np.unique(np.rint(values).astype(np.int64)) if whole else values


def _listed(name: str, given: Any, text: bool, boolean: bool) -> Any:
    items = np.asarray(given).ravel().tolist() if not isinstance(given, list | tuple) else list(given)
    if not items:
        raise BadArgument(f"{name}: no values to take; give at least one")
    if any(isinstance(item, list | tuple | dict | np.ndarray) for item in items):
        raise BadArgument(f"{name}: the values must be plain numbers")
    if text:
        items = [str(item) for item in items]
    elif boolean:
        if not all(isinstance(item, bool | np.bool_) for item in items):
            raise BadArgument(f"{name}: is true or false, got {items[0]!r}")
        items = [bool(item) for item in items]
    if len(set(items)) < len(items):
        twice = next(item for k, item in enumerate(items) if item in items[:k])
        raise BadArgument(f"{name}: the value {twice} is given twice")
    if text or boolean:
        return tuple(items)
    if any(isinstance(item, bool | str) or item is None for item in items):
        raise BadArgument(
            f"{name}: is a number, got {next(i for i in items if isinstance(i, bool | str) or i is None)!r}"
        )
    return np.asarray(items)


def _check_schema(axis: Axis, hw: Hardware) -> None:
    """Every value is one the hardware's schema allows; told before any work."""
    if axis.name == "compiler":
        from npusim.compiler.rules.profile import load_profile

        for value in axis.values:
            load_profile(value)
    elif axis.name == "precision":
        for value in axis.values:
            choose(Precision, value)
    elif axis.name == "tiles" or isinstance(axis.values, tuple):
        for value in axis.values:
            hw.replace({axis.name: value})
    elif len(axis.values):
        hw.replace({axis.name: np.asarray(axis.values)})
    if axis.range is not None and not len(axis.values):
        ends = [axis.range.start, axis.range.stop]
        hw.replace({axis.name: np.array(_whole_ends(axis.range) if axis.whole else ends)})
