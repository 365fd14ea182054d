"""Generation -> plain values for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from npusim.generating.passes import Pass
from npusim.generating.record import SCHEMA, Generation, Point
from npusim_xamba.envelope import envelope


def to_document(found: Generation) -> dict[str, Any]:
    """The document; times in microseconds, `band` and `bound` in tokens a second."""
    asked, memory = found.asked, found.memory
    content: dict[str, Any] = {
        "model": found.model,
        "tiles": found.tiles,
        "asked": asdict(asked) | {"rows": asked.rows},
        "parameters": found.parameters,
        "recurrent": found.recurrent,
        "first_token_us": found.first_token_us,
        "first_token_band_us": list(found.first_token_band_us),
        "tokens_per_s": found.tokens_per_s,
        "band": list(found.band),
        "token_us": found.step.time_us,
        "total_us": found.total_us,
        "token_parts_us": found.step.parts_us,
        "prompt_parts_us": found.prompt_parts_us,
        "token": _pass(found.step),
        "prompt_passes": [_pass(one) for one in found.prompt_passes],
        "bound": found.bound.tokens_per_s,
        "bound_gb_per_s": found.bound.gb_per_s,
        "bound_sentence": found.bound.sentence,
        "read_bytes": found.bound.read_bytes,
        "weight_bytes": memory.weight_bytes,
        "cache_bytes": memory.cache_bytes,
        "activation_bytes": memory.activation_bytes,
        "memory_bytes": memory.limit_bytes,
        "memory_source": memory.limit_source,
        "fits": found.fits,
        "curve": [_point(point) for point in found.curve],
        "speculation": None if found.speculation is None else asdict(found.speculation),
        "against": None,
        "measured": None if found.measured is None else asdict(found.measured),
        "doubts": [asdict(doubt) for doubt in found.doubts],
        "unpacking": found.unpacking,
        "what_ifs": [asdict(one) for one in found.what_ifs],
        "without_tokens_per_s": found.without_tokens_per_s,
        "warnings": list(found.warnings),
    }
    if found.against is not None:
        other = found.against
        content["against"] = {
            "model": other.model,
            "tokens_per_s": other.tokens_per_s,
            "first_token_us": other.first_token_us,
            "overtakes": other.overtakes,
            "sentence": other.sentence,
            "curve": [_point(point) for point in other.curve],
        }
    return envelope(
        SCHEMA,
        content,
        model_sha256=list(found.model_sha256) or None,
        hardware=found.hardware,
        compiler=found.compiler,
    )


def _pass(one: Pass) -> dict[str, Any]:
    return {
        "past": one.past,
        "tokens": one.tokens,
        "time_us": one.time_us,
        "weight_bytes": one.must.weights,
        "cache_bytes": one.must.cache,
        "new_cache_bytes": one.must.new,
        "moved_bytes": one.moved_bytes,
        "macs": one.macs,
        "tasks": one.tasks,
    }


def _point(point: Point) -> dict[str, float]:
    return {
        "context": point.context,
        "tokens_per_s": point.tokens_per_s,
        "bound": point.bound_tokens_per_s,
    }
