"""From the passes of a language model to its answer: the token's pass over a run, the prompt's passes, memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from npusim.band import band_us
from npusim.generating.asked import Asked
from npusim.generating.between import Between
from npusim.generating.bound import bound_of
from npusim.generating.curve import Curve, curve
from npusim.generating.experts import routing_sentence
from npusim.generating.graphs import Passes
from npusim.generating.passes import Conditions, Pass, run
from npusim.generating.published import NOTES
from npusim.generating.record import Generation, Memory
from npusim.generating.traffic import held, traffic
from npusim.generating.unpacking import unpacking_sentence
from npusim.report.record import Doubt

MEMORY_BYTES = 16e9  # of the machine, where nobody says (assumed)
PROMPT_PLANS = 4  # of the chunks of a long prompt


def answer(passes: Passes, asked: Asked, on: Conditions, memory_bytes: float | None = None) -> Generation:
    """The answer without what is asked beside it."""
    steps = steps_of(passes, on, asked.before, band=True)
    step = steps.mean(asked.before)
    planned = steps.nearest(float(np.mean(asked.before)))
    low, high = band_us(step.time_us, _scaled(step.doubts, step.time_us / planned.time_us))
    per_s = asked.batch * 1e6 / step.time_us
    prompt = _prompt(passes, asked, on)
    warnings = (
        asked.too_long(passes.max_positions),
        *(w for one in (step, *prompt.passes) for w in one.warnings),
        routing_sentence(passes.graph(1, asked.before[-1]), on.hw),
        NOTES.get(on.hw.generation, ""),
        *(f"of a token, {said}" for said in step.rests),
        *(f"of a pass over the prompt, {said}" for said in prompt.passes[-1].rests),
    )
    return Generation(
        model=passes.name,
        hardware=on.hw.name,
        compiler=on.profile.name,
        tiles=int(on.hw.tiles),
        asked=asked,
        first_token_us=prompt.time_us,
        first_token_band_us=band_us(prompt.time_us, prompt.doubts),
        tokens_per_s=per_s,
        band=(asked.batch * 1e6 / high, asked.batch * 1e6 / low),
        step=step,
        prompt_passes=prompt.passes,
        prompt_parts_us=prompt.parts_us,
        bound=bound_of(step, on.hw, per_s, asked.batch, passes.recurrent),
        memory=_memory(passes, asked, on, memory_bytes),
        parameters=passes.parameters,
        recurrent=passes.recurrent,
        doubts=step.doubts,
        warnings=tuple(dict.fromkeys(filter(None, warnings))),
        model_sha256=passes.sha256,
        unpacking=""
        if passes.parameters is None
        else unpacking_sentence(asked.weights, asked.group, on.profile, on.hw.generation),
    )


def steps_of(
    passes: Passes,
    on: Conditions,
    before: Sequence[int],
    band: bool = False,
    known: Iterable[Pass] = (),
    every: int = 1,
) -> Curve:
    """One token's pass at any number of rows between the first and the last of `before`, or at every so many of them;
    `known`: planned already."""
    low, high = before[0], before[-1]
    if passes.recurrent:
        low = high

    graphs = Between(lambda past: passes.graph(1, past), low, high)

    def plan_at(past: int) -> Pass:
        return run(graphs.at(past), on, past, 1, band=band)

    return curve(plan_at, low, high, known=known, every=every)


class _Prompt:
    """All passes over the prompt together; `passes` are those that were planned."""

    def __init__(self) -> None:
        self.passes: tuple[Pass, ...] = ()
        self.time_us = 0.0
        self.parts_us: dict[str, float] = defaultdict(float)
        self._moves: dict[tuple[str, str], tuple[float, float]] = {}

    def add(self, line: Curve, before: list[int]) -> None:
        """The passes behind `before` rows each, on a line of planned ones."""
        self.passes += line.knots
        time_us = float(line.time_us(before).sum())
        self.time_us += time_us
        for name, found in line.parts_us(before).items():
            self.parts_us[name] += float(found.sum())
        stands = line.nearest(float(np.mean(before)))
        for doubt in _scaled(stands.doubts, time_us / stands.time_us):
            low, high = self._moves.get((doubt.npu, doubt.name), (0.0, 0.0))
            self._moves[doubt.npu, doubt.name] = low + doubt.low_us - time_us, high + doubt.high_us - time_us

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What each number does to the time of all passes."""
        whole = self.time_us
        return tuple(
            Doubt(npu, name, whole + low, whole + high) for (npu, name), (low, high) in self._moves.items()
        )


def _prompt(passes: Passes, asked: Asked, on: Conditions) -> _Prompt:
    chunks = asked.chunks
    if passes.recurrent:  # its state is of one size: all passes but the first are alike
        chunks = [(min(past, chunks[0][1]), size) for past, size in chunks]
    found = _Prompt()
    for size in dict.fromkeys(size for _, size in chunks):
        before = [past for past, tokens in chunks if tokens == size]

        def plan_at(past: int, size: int = size) -> Pass:
            return run(passes.graph(size, past), on, past, size, band=True)

        found.add(curve(plan_at, before[0], before[-1], PROMPT_PLANS, every=size), before)
    return found


def _scaled(doubts: Iterable[Doubt], factor: float) -> tuple[Doubt, ...]:
    return tuple(replace(d, low_us=d.low_us * factor, high_us=d.high_us * factor) for d in doubts)


def _memory(passes: Passes, asked: Asked, on: Conditions, memory_bytes: float | None) -> Memory:
    """What of the machine's memory it takes; activations of the prompt's last pass and of a token's."""
    before, size = asked.chunks[-1]
    if passes.recurrent:
        before = min(before, asked.chunks[0][1])
    step = passes.graph(1, asked.before[-1])
    of_prompt, of_step = held(passes.graph(size, before)), held(step)
    share = held(on.supposed(step)[0]).weights / of_step.weights if on.what_ifs and of_step.weights else 1.0
    weights = of_step.weights if passes.weight_bytes is None else passes.weight_bytes
    cache = passes.cache_bytes(asked.rows)
    if cache is None:
        must = traffic(step)
        cache = must.cache + (0.0 if passes.recurrent else must.new)
    return Memory(
        weight_bytes=weights * share,
        cache_bytes=cache,
        activation_bytes=max(of_prompt.activations, of_step.activations),
        limit_bytes=MEMORY_BYTES if memory_bytes is None else memory_bytes,
        limit_source="assumed: nobody said how much the machine has" if memory_bytes is None else "as given",
    )
