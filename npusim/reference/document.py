"""A validation as JSON: everything the page shows, and some points of each comparison for plots."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from npusim.reference.errors import Validation, by_product
from npusim_xamba.envelope import envelope, text


def document(result: Validation) -> dict[str, Any]:
    """Plain dictionaries, lists and numbers; errors are percent, `bias` and `error` are signed."""
    content = {
        "reference": result.reference,
        "comparisons": [
            asdict(c) | {"what": c.what.strip(), "judged": asdict(c.judged), "verdict": c.verdict}
            for c in result.comparisons
        ],
        "networks": [asdict(row) | {"error": row.error, "covered": row.covered} for row in result.networks],
        "products": [p._asdict() | {"verdict": p.verdict} for p in by_product(result.networks)],
        "without_one": dict(result.left_out),
        "missing": list(result.missing),
        "skipped": list(result.skipped),
    }
    return envelope("npusim.validate", content, hardware=list(result.hardware))


def to_json(result: Validation) -> str:
    """The document as text."""
    return text(document(result))
