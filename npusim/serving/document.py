"""`npusim serve` as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from npusim.serving.page import headline, uses
from npusim.serving.record import Served, Serving
from npusim_xamba.envelope import envelope


def to_document(found: Serving) -> dict[str, Any]:
    """Plain values for JSON; times in microseconds, requests in order of arrival."""
    content = {
        "model": found.model,
        "tiles": found.tiles,
        "sentence": headline(found),
        "order": str(found.order),
        "context": found.context,
        "step_us": found.step_us,
        "times_faster": found.times_faster,
        "graphs": [
            {"tokens": size, "us": us, "passes": uses(found)[size]} for size, us in found.graph_us.items()
        ],
        "sized": _served(found.sized),
        "padded": _served(found.padded),
        "requests": [
            {
                **asdict(request),
                "parts": list(found.sized.covers[request.prompt].parts),
                "begin_us": float(found.sized.times.begin_us[k]),
                "first_token_us": float(found.sized.times.first_us[k]),
                "end_us": float(found.sized.times.end_us[k]),
            }
            for k, request in enumerate(found.requests)
        ],
        "warnings": list(found.warnings),
    }
    return envelope(
        "npusim.serving",
        content,
        model_sha256=list(found.model_sha256),
        hardware=found.hardware,
        compiler=found.compiler,
    )


def _served(served: Served) -> dict[str, Any]:
    mean, most = served.waiting
    return {
        "sizes": list(served.sizes),
        "span_us": served.span_us,
        "busy_us": served.busy_us,
        "band_us": list(served.band_us),
        "prompt_us": served.prompt_us,
        "tokens_per_s": served.tokens_per_s,
        "padding": served.padding,
        "waiting_mean": mean,
        "waiting_most": most,
        "waits_us": asdict(served.waits_us),
        "first_token_us": asdict(served.first_token_us),
        "answer_us": asdict(served.answer_us),
    }
