"""What `npusim serve` finds. Times in microseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.choices import Order
from npusim.serving.covering import Cover
from npusim.serving.queue import Times
from npusim.serving.requests import Request


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and 95th percentile over the requests."""

    mean: float
    p95: float


def spread(values: np.ndarray) -> Spread:
    """Of a number a request."""
    return Spread(float(values.mean()), float(np.percentile(values, 95)))


@dataclass(frozen=True, slots=True)
class Served:
    """All requests on graphs of some sizes.

    `sizes`: of the prompts' graphs, tokens. `covers`: prompt length -> the parts it is put through. `busy_us`: the
    NPU's and the host's time for all of it, of which `prompt_us` is the prompts'; `band_us`: between which it lies in
    80 of 100 cases. `span_us`: from the first arrival to the last token. `waiting`: how many wait, in the mean over
    the time until the last begins, and at most. `asked`, `worked`: tokens of prompts, without and with padding;
    `answered`: tokens of answers.
    """

    sizes: tuple[int, ...]
    covers: dict[int, Cover]
    times: Times
    busy_us: float
    band_us: tuple[float, float]
    prompt_us: float
    span_us: float
    waits_us: Spread
    first_token_us: Spread
    answer_us: Spread
    waiting: tuple[float, int]
    asked: int
    worked: int
    answered: int

    @property
    def tokens_per_s(self) -> float:
        """Tokens of answers a second of the whole span."""
        return 1e6 * self.answered / self.span_us if self.span_us else 0.0

    @property
    def padding(self) -> float:
        """Share of the worked tokens of prompts that are padding, 0..1."""
        return 1.0 - self.asked / self.worked if self.worked else 0.0


@dataclass(frozen=True, slots=True)
class Serving:
    """The mix on graphs of the sizes asked for (`sized`) and with every prompt padded to the longest (`padded`).

    `step_us`: the time of a token at the end of the longest request; `context`: rows of the static cache, None for one
    that grows. `graph_us`: time of each prompt graph, the longest's padding among them, at the start of a prompt.
    """

    model: str
    hardware: str
    compiler: str
    tiles: int
    requests: tuple[Request, ...]
    order: Order
    sized: Served
    padded: Served
    step_us: float
    graph_us: dict[int, float]
    context: int | None
    model_sha256: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def times_faster(self) -> float:
        """How many times as fast the whole is on the sizes as with padding."""
        return self.padded.span_us / self.sized.span_us if self.sized.span_us else 1.0
