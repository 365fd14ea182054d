"""What `npusim what-if` prints: the questions with their options; the same for JSON and the documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from npusim.terminal.layout import Line, sentence
from npusim.whatif.base import Supposition, written

_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


def first_line(kind: type[Supposition]) -> str:
    """The first line of a question's own text."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]


def options(kind: type[Supposition]) -> list[dict[str, Any]]:
    """Name, meaning, kind of value, bounds, default and its source of every option."""
    found = []
    for key, info in kind.model_fields.items():
        extra = info.json_schema_extra
        source = str(extra.get("source", "")) if isinstance(extra, dict) else ""
        default = None if info.is_required() else written(info.default)
        found.append(
            {
                "option": key,
                "what": info.description or "",
                "values": _values(info.annotation),
                "bounds": _bounds(info.metadata),
                "default": default,
                "source": source,
            }
        )
    return found


def _bounds(metadata: list[Any]) -> str:
    """'from 0 to 1' of pydantic's bounds."""
    parts = [
        f"{word} {getattr(m, name):g}" for m in metadata for name, word in _BOUNDS.items() if hasattr(m, name)
    ]
    return " ".join(parts)


def _values(annotation: Any) -> str:
    """'number', 'whole number', 'text', or the words on offer."""
    inner = [part for part in get_args(annotation) if part not in (type(None), Ellipsis)]
    if inner and all(isinstance(part, str) for part in inner):
        return "|".join(inner)
    kinds = {float: "number", int: "whole number", bool: "true|false", str: "text"}
    if annotation in kinds:
        return kinds[annotation]
    words = dict.fromkeys(_values(part) for part in inner)
    return " or ".join(words) if words else "text"


def document(found: Mapping[str, type[Supposition]]) -> list[dict[str, Any]]:
    """The questions as plain values."""
    return [
        {
            "name": name,
            "question": first_line(kind),
            "came_from": kind.came_from,
            "needs": kind.needs,
            "options": options(kind),
        }
        for name, kind in found.items()
    ]


def page(found: Mapping[str, type[Supposition]], width: int, full: bool = False) -> list[Line]:
    """The questions for a terminal; `full`: also what stands behind each option, and the hardware's needs."""
    lines: list[Line] = []
    for name, kind in found.items():
        lines += [Line("")] if lines else []
        lines += sentence(first_line(kind), width, 12, name, "bold")
        for one in options(kind):
            bounds = f", {one['bounds']}" if one["bounds"] else ""
            default = "" if one["default"] is None else f" [{one['default'] or 'none'}]"
            given = " (needed)" if one["default"] is None else ""
            source = f"; {one['source']}" if full else ""
            text = f"{one['what']} ({one['values']}{bounds}){default}{given}{source}"
            lines += sentence(text, width, 16, f"  {one['option']}")
        if full:
            lines += sentence(kind.came_from, width, 16, "  from") if kind.came_from else []
            lines += sentence(f"{kind.needs} (assumed)", width, 16, "  needs") if kind.needs else []
    lines += [Line(""), Line("npusim run MODEL --what-if NAME:key=value,...", "dim")]
    return lines
