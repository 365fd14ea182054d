"""The door: a model and requests in; the time of all, tokens a second and who waits out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from npusim.choices import GROUP, Order, StoredCache, StoredWeights, choose
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument
from npusim.generating.asked import ROUND, Asked, up
from npusim.generating.exports import Exported, passes_of
from npusim.generating.graphs import Passes
from npusim.generating.passes import Conditions
from npusim.serving.covering import covers
from npusim.serving.prices import Prices, asked_for
from npusim.serving.queue import Job, run, waiting
from npusim.serving.record import Served, Serving, spread
from npusim.serving.requests import Request, checked
from npusim.simulation import DEFAULT_HARDWARE, MEASURED_COMPILER, Machine, hardware_of

SIZES = (64, 128, 256)
MOST_SIZES = 16


def serve(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    requests: Sequence[Request | int],
    hw: Machine = DEFAULT_HARDWARE,
    *,
    sizes: Sequence[int] = SIZES,
    tokens: int = 128,
    order: str = "one-by-one",
    weights: str = "fp16",
    group: int = GROUP,
    cache: str = "fp16",
    growing: bool = False,
    compiler: str | CompilerProfile = MEASURED_COMPILER,
    precision: str = "fp16",
    tiles: int | None = None,
) -> Serving:
    """A mix of requests on one NPU, its prompts on graphs of a few sizes and, beside it, all padded to the longest.

    Args:
        model: a Hugging Face config.json or its folder; or one exported file with free sizes, or two: the prompt's and
            a token's.
        requests: prompts with answers and arrivals (`npusim.serving.requests.Request`), or lengths of prompts alone,
            which come all at once and want answers of `tokens`.
        sizes: tokens of the prompt graphs that are compiled.
        order: 'one-by-one', or 'prompts-first'.
        growing: a graph for every place of the cache instead of one that reads all its rows.
        weights, group, cache, compiler, precision, tiles: as in `npusim.generate`.

    Raises BadArgument, and what `npusim.generate` raises.
    """
    asked = [r if isinstance(r, Request) else Request(r, tokens) for r in requests]
    mix, chosen = checked(tuple(asked)), choose(Order, order)
    found = _sizes(sizes)
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    machine = profile.priced(hardware_of(hw, tiles))
    longest = up(max(request.prompt for request in mix), ROUND)
    weights, cache = choose(StoredWeights, weights, "--weights"), choose(StoredCache, cache, "--cache")
    base = Asked(weights=weights, group=group, cache=cache, growing=growing)
    question = asked_for(longest, max(request.tokens for request in mix), base)
    files = [os.fspath(model)] if isinstance(model, str | os.PathLike) else [os.fspath(m) for m in model]
    passes = passes_of(files, question, {})
    _check_free(passes)
    prices = Prices(passes, Conditions(machine, profile, precision), question, longest)
    sized = served(mix, found, prices, chosen)
    padded = served(mix, (longest,), prices, chosen)
    return Serving(
        model=passes.name,
        hardware=machine.name,
        compiler=profile.name,
        tiles=int(machine.tiles),
        requests=mix,
        order=chosen,
        sized=sized,
        padded=padded,
        step_us=float(prices.steps_us(question.rows - 1, 1)[0]),
        graph_us={size: float(prices.prompt_us(size, np.zeros(1))[0]) for size in sorted({*found, longest})},
        context=None if growing or passes.recurrent else question.rows,
        model_sha256=passes.sha256,
        warnings=prices.warnings,
    )


def served(requests: Sequence[Request], sizes: tuple[int, ...], prices: Any, order: Order) -> Served:
    """The requests, by arrival, on prompt graphs of `sizes`. `prices`: as `Prices`."""
    ways = covers([request.prompt for request in requests], sizes, prices.prompt_us)
    jobs = [
        Job(r.arrival_us, ways[r.prompt].time_us, prices.steps_us(r.prompt, r.tokens - 1)) for r in requests
    ]
    times = run(jobs, order)
    arrivals = np.array([r.arrival_us for r in requests])
    steps_us = sum(float(job.steps_us.sum()) for job in jobs)
    by_size: defaultdict[int, float] = defaultdict(float)
    for request in requests:
        parts = ways[request.prompt].parts
        for part, past in zip(parts, np.cumsum([0, *parts]), strict=False):
            by_size[part] += float(prices.prompt_us(part, np.array([past]))[0])
    prompt_us = sum(ways[r.prompt].time_us for r in requests)
    return Served(
        sizes=sizes,
        covers=ways,
        times=times,
        busy_us=prompt_us + steps_us,
        band_us=prices.band_us(dict(by_size), steps_us),
        prompt_us=prompt_us,
        span_us=float(times.end_us.max() - arrivals.min()),
        waits_us=spread(times.begin_us - arrivals),
        first_token_us=spread(times.first_us - arrivals),
        answer_us=spread(times.end_us - arrivals),
        waiting=waiting(arrivals, times.begin_us),
        asked=sum(r.prompt for r in requests),
        worked=sum(ways[r.prompt].padded for r in requests),
        answered=sum(r.tokens for r in requests),
    )


def _check_free(passes: Passes) -> None:
    """Raises BadArgument for exports of one size."""
    if isinstance(passes, Exported) and not (passes.fixed_past is None and passes.fixed_prompt is None):
        one = passes.step if passes.fixed_past is not None else passes.prompt
        raise BadArgument(
            f"'{one}' is of one size, and serving needs graphs of many; give a config.json, or an export whose sizes "
            "are free"
        )


def parse_sizes(text: str) -> tuple[int, ...]:
    """'64,128' -> (64, 128). Raises BadArgument."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise BadArgument(f"--sizes '{text}': give whole numbers separated by commas, such as 64,128,256")
    return _sizes([int(word) for word in words])


def _sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    found = tuple(sorted(set(sizes)))
    if not 0 < len(found) <= MOST_SIZES or any(size < 1 or size > 1 << 20 for size in found):
        raise BadArgument(
            f"--sizes {','.join(map(str, list(sizes)[:MOST_SIZES]))}: give 1 to {MOST_SIZES} whole numbers from 1 on"
        )
    return found
