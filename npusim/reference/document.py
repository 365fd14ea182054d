"""A validation as JSON: everything the page shows, and some points of each comparison for plots."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from npusim.reference.errors import Validation, by_product

SCHEMA = "npusim-validate-1"


def document(result: Validation) -> dict[str, Any]:
    """Plain dictionaries, lists and numbers; errors are percent, `bias` and `error` are signed."""
    return {
        "schema": SCHEMA,
        "reference": result.reference,
        "hardware": list(result.hardware),
        "comparisons": [
            asdict(c) | {"what": c.what.strip(), "judged": asdict(c.judged), "verdict": c.verdict}
            for c in result.comparisons
        ],
        "networks": [asdict(row) | {"error": row.error} for row in result.networks],
        "products": [p._asdict() | {"verdict": p.verdict} for p in by_product(result.networks)],
        "missing": list(result.missing),
        "skipped": list(result.skipped),
    }


def to_json(result: Validation) -> str:
    """The document as text."""
    return json.dumps(document(result), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
