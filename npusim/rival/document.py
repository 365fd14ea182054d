"""`npusim against` as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from npusim.rival.record import Against, Timing
from npusim.rival.sentence import headline, settled, why
from npusim_xamba.envelope import envelope


def to_document(found: Against) -> dict[str, Any]:
    """Plain values for JSON."""
    report = found.report
    content = {
        "graph": report.graph,
        "tiles": report.tiles,
        "precision": report.precision,
        "sentence": headline(found),
        "why": why(found),
        "settled": found.settled,
        "not_settled_because": settled(found),
        "latency_us": report.latency_us,
        "band_us": None if report.band_us is None else list(report.band_us),
        "host_us": report.host_us,
        "cpu": _timing(found.cpu),
        "npu_here": None if found.here is None else _timing(found.here),
        "kinds": [asdict(kind) | {"lost_us": kind.lost_us} for kind in found.kinds],
        "causes": [asdict(cause) for cause in found.causes],
        "weight_bytes": found.weight_bytes,
        "made_bytes": found.made_bytes,
        "gb_per_s": found.gb_per_s,
        "over": None if found.over is None else asdict(found.over),
        "notes": list(found.notes),
    }
    return envelope(
        "npusim.against",
        content,
        model_sha256=report.model_sha256,
        hardware=report.hardware,
        compiler=report.compiler,
        seed=report.seed,
    )


def _timing(timing: Timing) -> dict[str, Any]:
    found = asdict(timing)
    first, third = timing.quartiles_us
    del found["quartiles_us"]
    return found | {"first_quartile_us": first, "third_quartile_us": third}
