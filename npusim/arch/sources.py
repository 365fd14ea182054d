"""Where a number comes from. In YAML every number is `{value: 1850, source: published, from: "..."}`.

Beside it may stand how far it may be off: `spread: 1.2` (a factor to either side) or `range: [1200, 1400]`, within
which it is in 80 of 100 cases (`npusim.arch.spread`). A block may carry `source`, `from` and `spread` once for all
the plain numbers below it; a number without a source is an assumption of the file's author (the files that come with
npusim give a source for each). `split` parts a file's tree into plain values and their sources; `merge` lays a file
over the one it is based on; `join` is the way back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from npusim.arch.fields import MOST
from npusim.arch.names import KeyPath, Places, dotted
from npusim.errors import BadHardware

KINDS = ("published", "measured", "fitted", "assumed")
#: A number a compiler's own estimate is made of, which its profile puts in place of the file's; no file says it.
COMPILER = "compiler"
TEXT_KEYS = (
    "name",
    "product",
    "generation",
    "planned_as",
    "based_on",
)  # identity, not numbers: they need no source


class Source(NamedTuple):
    """`kind` is published, measured, fitted or assumed (or COMPILER); `where` says from what. `spread` (a factor) or
    `range` (low and high end) say how far the number may be off, where the file does."""

    kind: str
    where: str
    spread: float | None = None
    range: tuple[float, float] | None = None


def split(data: dict[str, Any], places: Places) -> tuple[dict[KeyPath, Any], dict[KeyPath, Source]]:
    """Flat values and flat sources of a file's tree.

    Raises:
        BadHardware: an unknown kind of source, a key beside `value` that is none.
    """
    values: dict[KeyPath, Any] = {}
    sources: dict[KeyPath, Source] = {}

    def refuse(path: KeyPath, sentence: str) -> None:
        raise BadHardware(f"{places.get(path, '(file)')}: {dotted(path)}: {sentence}")

    def walk(node: Any, path: KeyPath, kind: Any, where: Any, spread: Any) -> None:
        reach = None
        if isinstance(node, dict):
            kind, where, spread = (
                node.get("source", kind),
                node.get("from", where),
                node.get("spread", spread),
            )
            if kind is not None and kind not in KINDS:
                refuse(path, f"source must be one of {', '.join(KINDS)}, got '{kind}'")
            if where is not None and (not isinstance(where, str) or not where.strip()):
                refuse(path, f"'from' must say in words where the number is from, got {where!r}")
            if "value" in node:
                for key in node:
                    if key not in ("value", *_BESIDE, "range"):
                        refuse((*path, key), "unknown name beside 'value'")
                reach, node = node.get("range"), node["value"]
            else:
                for key, child in node.items():
                    if key not in _BESIDE:
                        walk(child, (*path, key), kind, where, spread)
                return
        values[path] = node
        if spread is not None and not (_is_number(spread) and 1 <= spread <= MOST_SPREAD):
            refuse(path, f"spread must be a factor from 1 on to {MOST_SPREAD}, got {spread!r}")
        if reach is not None and not _holds(reach, node):
            refuse(path, f"range must be two numbers around the value, as in [{node}, {node}], got {reach!r}")
        if path[0] not in TEXT_KEYS:
            # A number somebody just writes down is an assumption of that file's author.
            sources[path] = Source(
                kind or "assumed",
                where or f"written without a source in {_file(places, path)}",
                None if spread is None else float(spread),
                None if reach is None else (float(reach[0]), float(reach[1])),
            )

    for key, child in data.items():
        if key not in _BESIDE:
            walk(child, (key,), data.get("source"), data.get("from"), data.get("spread"))
    return values, sources


_BESIDE = ("source", "from", "spread")
MOST_SPREAD = 100  # beyond, a number is not known at all


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _holds(reach: Any, value: Any) -> bool:
    """Two numbers, and the value between them."""
    two = isinstance(reach, list) and len(reach) == 2 and all(map(_is_number, (*reach, value)))
    return two and -MOST <= reach[0] <= value <= reach[1] <= MOST


def _reach(source: Source) -> dict[str, Any]:
    spread = {} if source.spread is None else {"spread": source.spread}
    return spread if source.range is None else spread | {"range": list(source.range)}


def _file(places: Places, path: KeyPath) -> str:
    """Name of the file a name is written in."""
    return places.get(path, "the file").rsplit(":", 1)[0].replace("\\", "/").rsplit("/", 1)[-1]


def nest(values: dict[KeyPath, Any]) -> dict[str, Any]:
    """The tree of flat values."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        node = tree
        for key in path[:-1]:
            child = node.setdefault(str(key), {})
            if not isinstance(child, dict):  # a number where another file has a block: let pydantic name it
                child = node[str(key)] = {}
            node = child
        node[str(path[-1])] = value
    return tree


def join(values: dict[KeyPath, Any], sources: dict[KeyPath, Source]) -> dict[str, Any]:
    """The tree as it is written: every sourced value becomes `{value, source, from}`."""
    return nest(
        {
            path: value
            if path not in sources
            else {"value": value, "source": sources[path].kind, "from": sources[path].where}
            | _reach(sources[path])
            for path, value in values.items()
        }
    )
