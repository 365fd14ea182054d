"""Tokens a second that others published, and what they say of the predictions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One figure. `generation`: of the NPU; `part`: as it was named; `parameters` in billions."""

    model: str
    parameters: float
    weights: str
    generation: str
    part: str
    tokens_per_s: float
    where: str


PUBLISHED = (
    Published(
        "Llama-2-7B", 6.74, "int4", "4000", "Lunar Lake", 18.55, "MLPerf Client 0.6; first token 1.09 s"
    ),
    Published(
        "DeepSeek-R1-Distill-Llama-8B", 8.03, "int4", "3720", "Core Ultra 7", 6.10,
        "OpenVINO Model Hub; which part is not said, 25 to 28 GB/s of weights fit Meteor Lake's kind",
    ),
)  # fmt: skip
#: What a reader of a prediction for a generation must know.
NOTES = {
    "3720": (
        "the two published figures of weights that stream on NPU 3720 or a part like it (6.10 tokens/s of an 8B int4 "
        "model, 16.8 MB in 0.985 ms) are at half the rate of its two DMA ports, below the band: take the answer "
        "for an upper limit"
    )
}
