"""The answer: what `npusim.generate` returns."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.generating.asked import Asked
from npusim.generating.passes import Pass
from npusim.report.record import Doubt, Supposed

SCHEMA = "npusim.generation"


@dataclass(frozen=True, slots=True)
class Bound:
    """What no schedule beats: a token's bytes through the DDR. `read_bytes` of one step: weights and cache.
    `tokens_per_s` with all sequences of a batch."""

    read_bytes: float
    gb_per_s: float
    tokens_per_s: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes in the machine's memory, which the NPU shares: `weights` (tables whole), `cache` when the answer is whole,
    `activations` at most. `limit_bytes`: the machine's memory, and `limit_source` who says so."""

    weight_bytes: float
    cache_bytes: float
    activation_bytes: float
    limit_bytes: float
    limit_source: str

    @property
    def total_bytes(self) -> float:
        return self.weight_bytes + self.cache_bytes + self.activation_bytes

    @property
    def fits(self) -> bool:
        return self.total_bytes <= self.limit_bytes


@dataclass(frozen=True, slots=True)
class Point:
    """One context: rows of the cache a token reads, and what that gives."""

    context: int
    tokens_per_s: float
    bound_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Speculation:
    """Speculative decoding as a what-if: a small model proposes `ahead` tokens, the large one checks them in one pass;
    each is right with probability `accept`. `tokens_a_round`: expected, the corrected one included."""

    draft: str
    ahead: int
    accept: float
    draft_us: float
    check_us: float
    tokens_a_round: float
    tokens_per_s: float
    speedup: float


@dataclass(frozen=True, slots=True)
class Against:
    """Another model asked the same. `overtakes`: the context from which on it gives more tokens a second (None: it
    does not within the curve; 0: everywhere)."""

    model: str
    tokens_per_s: float
    first_token_us: float
    overtakes: int | None
    curve: tuple[Point, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured or published figure beside the answer. `verdict`: impossible, faster than we predict, as predicted,
    slower than we predict, untuned."""

    tokens_per_s: float
    verdict: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Generation:
    """How a language model answers on an NPU.

    `first_token_us`: all passes over the prompt, with the host; `tokens_per_s`: of the tokens after it, all sequences
    of the batch together; both with the band in which 80 of 100 cases lie. `step`: one token, the mean of the run;
    `prompt_passes` those planned for the prompt. `curve` where it was asked for. `recurrent`: a token costs the same
    at any context. `unpacking`: a sentence on weights that no op of ONNX's own unpacks. `what_ifs`: under which
    suppositions, each told of a token's pass; `without_tokens_per_s`: the same without them."""

    model: str
    hardware: str
    compiler: str
    tiles: int
    asked: Asked
    first_token_us: float
    first_token_band_us: tuple[float, float]
    tokens_per_s: float
    band: tuple[float, float]
    step: Pass
    prompt_passes: tuple[Pass, ...]
    prompt_parts_us: dict[str, float]
    bound: Bound
    memory: Memory
    parameters: int | None
    recurrent: bool
    curve: tuple[Point, ...] = ()
    speculation: Speculation | None = None
    against: Against | None = None
    measured: Judged | None = None
    doubts: tuple[Doubt, ...] = ()
    warnings: tuple[str, ...] = ()
    unpacking: str = ""
    what_ifs: tuple[Supposed, ...] = ()
    without_tokens_per_s: float | None = None
    model_sha256: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return self.memory.fits

    @property
    def total_us(self) -> float:
        """From the question to the last token."""
        return self.first_token_us + (self.asked.tokens - 1) * self.step.time_us

    def __repr__(self) -> str:
        return (
            f"Generation({self.model!r} on {self.hardware}, {self.asked.weights}: first token "
            f"{self.first_token_us / 1e3:.1f} ms, {self.tokens_per_s:.1f} tokens/s)"
        )
