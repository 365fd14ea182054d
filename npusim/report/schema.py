"""The shape of the JSON report, drawn from the record: strict reading, and the JSON schema.

`python -m npusim.report.schema` prints the schema; `schema.json` beside this file is that output, and a test
keeps the two equal.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

from npusim.report.record import (
    SCHEMA,
    SCHEMA_VERSION,
    Advice,
    Doubt,
    NodeReport,
    Report,
    Supposed,
    TaskReport,
    Unmodelled,
    WhatIf,
)
from npusim.report.words import SOURCES

# A key too much, a string for a number and a NaN are all refused.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def report_reader() -> TypeAdapter[Report]:
    """Reads a `Report` from the JSON text of its fields and refuses whatever it does not know."""
    for record in (Report, NodeReport, TaskReport, Unmodelled, Advice, WhatIf, Doubt, Supposed):
        with_config(STRICT)(record)
    return TypeAdapter(Report)


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what `json_report.to_json` writes."""
    schema = report_reader().json_schema()
    for record in (schema, *schema["$defs"].values()):
        record["required"] = sorted(record["properties"])  # all of them are always written
        record["description"] = " ".join(record["description"].split()).replace("`", "")
        for name, field in record["properties"].items():
            field.pop("default", None)
            field.pop("title", None)
            if name.endswith("_us") and field.get("type") == "number":
                field["minimum"] = 0
    properties = schema["properties"]
    properties["schema"] = {"const": SCHEMA}
    schema["required"] = sorted(properties)
    properties["schema_version"] = {"const": SCHEMA_VERSION}
    properties["engines"]["additionalProperties"] = {
        "type": "object",
        "properties": {"busy_us": {"type": "number", "minimum": 0}},
        "required": ["busy_us"],
        "additionalProperties": False,
    }
    properties["coverage"]["propertyNames"] = {"enum": list(SOURCES)}
    share = properties["coverage"]["additionalProperties"]["additionalProperties"]
    share |= {"minimum": 0, "maximum": 1}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "npusim report"
    return schema


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
