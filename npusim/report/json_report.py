"""Report <-> JSON, the form for machines. The schema beside this file (`schema.json`) describes it.

Times are rounded to a nanosecond (3 decimals of a microsecond) and shares to 6 decimals; whole numbers are
written without a point. One record a line, so that two reports can be compared with `diff`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from npusim.errors import BadArgument
from npusim.report.record import SCHEMA, SCHEMA_VERSION, Report

LAST = ("nodes", "tasks")  # the long lists; everything a person looks for stands above them


def to_json(report: Report) -> str:
    """The report as JSON text, ending in a newline. Raises ValueError if a number is not finite."""
    document = to_document(report)
    keys = [key for key in document if key not in LAST] + list(LAST)
    return "{\n" + ",\n".join(f"{_dumps(key)}: {_block(document[key])}" for key in keys) + "\n}\n"


def to_document(report: Report) -> dict[str, Any]:
    """The report as plain dicts, lists, strings and rounded numbers: what the JSON text spells."""
    document: dict[str, Any] = {"schema": SCHEMA} | _plain(report)
    document["engines"] = {engine: {"busy_us": busy} for engine, busy in document["engines"].items()}
    return document


def from_json(text: str, where: str = "the text") -> Report:
    """The report that `to_json` wrote. `where` names the text in the error.

    Raises BadArgument if the text is no JSON, no report, or of another schema version.
    """
    from pydantic import ValidationError

    from npusim.report.schema import report_reader

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArgument(f"{where} is not JSON: {error}") from None
    if not isinstance(document, dict) or "schema_version" not in document:
        raise BadArgument(
            f"{where} is JSON but no npusim report: it has no 'schema_version'; write one with --json"
        )
    if document["schema_version"] != SCHEMA_VERSION:
        found = document["schema_version"]
        raise BadArgument(
            f"{where} has schema version {found!r}, this npusim reads {SCHEMA_VERSION!r}; write it anew"
        )
    if (found := document.pop("schema", SCHEMA)) != SCHEMA:
        raise BadArgument(f"{where} is {found!r}, no {SCHEMA!r}; write one with npusim run --json")
    try:
        busy = {engine: numbers.pop("busy_us") for engine, numbers in document["engines"].items()}
        unknown = [key for numbers in document["engines"].values() for key in numbers]
    except (KeyError, AttributeError, TypeError):
        raise BadArgument(
            f"{where} is no npusim report: 'engines' must give 'busy_us' for each engine"
        ) from None
    if unknown:
        raise BadArgument(f"{where} is no npusim report: {unknown[0]!r} is not known in 'engines'")
    try:
        # Through text again, because only from JSON does pydantic's strict mode take a list for a tuple.
        return report_reader().validate_json(json.dumps(document | {"engines": busy}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadArgument(f"{where} is no npusim report: {place}: {first['msg']}") from None


def _plain(value: Any, name: str = "") -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), field.name) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, Sequence):
        return [_plain(item, name) for item in value]
    return _number(value, 6 if name == "coverage" else 3)


def _number(value: Any, decimals: int) -> int | float:
    number = float(value)  # NumPy's numbers too
    if not math.isfinite(number):
        raise ValueError(f"a report holds {number}; every number in it must be finite")
    rounded = round(number, decimals)
    return int(rounded) if rounded == int(rounded) else rounded


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _block(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(_dumps(item) for item in value) + "\n]"
    return _dumps(value)
