"""A cross-check as one JSON document; every block of numbers says which label it has."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from npusim.measured.join import Crosscheck, Pair, symmetric_error
from npusim.measured.profile import PREDICTED
from npusim.measured.readers.measurement import Measurement
from npusim.measured.values import ValueCheck
from npusim_xamba.envelope import envelope, text

FORMAT = "npusim-crosscheck/1"


def to_json(
    comparisons: list[Crosscheck], measured: Measurement | None = None, values: ValueCheck | None = None
) -> str:
    """The JSON text of all that was found, ending in a newline."""
    content: dict[str, Any] = {"format": FORMAT, "comparisons": [_comparison(c) for c in comparisons]}
    if measured is not None:
        content["measurement"] = asdict(measured) | {"layers": [row._asdict() for row in measured.layers]}
    if values is not None:
        content["values"] = values.as_dict()
    report = comparisons[0].report if comparisons else None
    known: dict[str, Any] = {}
    if report is not None:
        known = {
            "model_sha256": report.model_sha256,
            "hardware": report.hardware,
            "compiler": report.compiler,
        }
    return text(envelope("npusim.crosscheck", _finite(content), **known))


def _comparison(c: Crosscheck) -> dict[str, Any]:
    label = c.profile.label
    return {
        "graph": c.report.graph,
        "hardware": c.report.hardware,
        "tiles": c.report.tiles,
        "profile": {
            "path": c.profile.path,
            "form": c.profile.form,
            "label": label,
            "device": c.profile.device,
            "status": c.profile.status,
            "tiles": c.profile.tiles,
        },
        "latency_us": _two(c.predicted_us, c.latency_us, label),
        "engines_busy_us": {e: _two(a, b, label) for e, (a, b) in c.engines.items()},
        "bytes_moved": _two(c.predicted_bytes, c.nbytes, label),
        "same_engine_share": c.same_engine_share,
        "layer_times_are": c.times_are,
        "layers": [_pair(p, label, c.timed) for p in c.pairs],
        "only_predicted": [n.name for n in c.only_predicted],
        "only_profile": [layer.name for layer in c.only_profile],
        "notes": list(c.notes),
    }


def _pair(p: Pair, label: str, timed: bool) -> dict[str, Any]:
    return {
        "name": p.name,
        "op_type": p.op_type,
        "layers": list(p.layers),
        "engine": {PREDICTED: p.engine, label: p.theirs},
        "same_engine": p.same_engine if timed else None,
        "split": {PREDICTED: p.split, label: p.their_split},
        "tiles": {PREDICTED: p.tiles, label: p.their_tiles},
        "us": _two(p.predicted_us, p.us if timed else None, label),
        "bytes": _two(p.predicted_bytes, p.nbytes, label),
        "priced": not p.unpriced,
    }


def _two(predicted: float, other: float | None, label: str) -> dict[str, Any]:
    error = None if other is None else round(symmetric_error(predicted, other), 4)
    known = None if other is None else round(other, 3)
    return {PREDICTED: round(predicted, 3), label: known, "symmetric_error": error}


def _finite(value: Any) -> Any:
    """JSON knows no infinity (an output of another shape has an infinite error): null instead."""
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
