"""The door: a language model in, its answer out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.band import band_us
from npusim.compiler.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument
from npusim.generating.asked import CHUNK, PROMPT, ROUND, Asked, up
from npusim.generating.bound import DDR, bound_of, judged
from npusim.generating.curve import Curve, curve
from npusim.generating.graphs import Exported, Passes, Rewrite, passes_of
from npusim.generating.overtaking import against
from npusim.generating.passes import Conditions, Pass, run
from npusim.generating.record import Against, Generation, Judged, Memory, Point, Speculation
from npusim.generating.speculative import check as check_speculation
from npusim.generating.speculative import speculation
from npusim.generating.traffic import held
from npusim.report.record import Doubt
from npusim.simulation import DEFAULT_COMPILER, DEFAULT_HARDWARE, Machine, hardware_of

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware

MEMORY_BYTES = 16e9  # of the machine, where nobody says (assumed: what these laptops are sold with, at least)
CURVE_FROM, CURVE_TO = 128, 32_768
POINTS = 64  # of a curve


def generate(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    hw: Machine = DEFAULT_HARDWARE,
    *,
    prompt: int | None = None,
    tokens: int = 128,
    weights: str = "fp16",
    group: int = 128,
    cache: str = "fp16",
    context: int | None = None,
    growing: bool = False,
    chunk: int = CHUNK,
    batch: int = 1,
    compiler: str | CompilerProfile = DEFAULT_COMPILER,
    precision: str = "fp16",
    tiles: int | None = None,
    dims: Mapping[str, int] | None = None,
    memory_bytes: float | None = None,
    curve: bool | Sequence[int] = False,
    draft: str | os.PathLike[str] | None = None,
    accept: float = 0.7,
    ahead: int = 4,
    against: str | os.PathLike[str] | None = None,
    measured: float | None = None,
    rewrite: Rewrite | None = None,
) -> Generation:
    """Time to the first token, tokens a second, where a token's time goes, memory, and the bound.

    Args:
        model: a Hugging Face config.json or its folder; or two model files, the prompt's pass and a token's; or one file
            with free sizes that is both.
        hw: the NPU: a name, a YAML file, or `npusim.hardware`.
        prompt, tokens: of the question and of the answer; a prompt of 1,024, or what the file of a prompt is made for.
        weights, group: how built graphs store matrices: 'fp16', 'int8' (a scale an output), 'int4' (a scale for `group`
            inputs, -1: for all). Files are taken as they are.
        cache: 'fp16' or 'int8'.
        context: rows of the static cache; `growing`: a cache that grows instead.
        chunk: most tokens of one pass over the prompt; batch: sequences side by side.
        compiler, precision, tiles, dims: as in `npusim.simulate`.
        memory_bytes: the machine's memory, 16 GB where not given.
        curve: also tokens a second over the context: at 64 contexts, or at these.
        draft, accept, ahead: a smaller model's config for speculative decoding as a what-if.
        against: another config, asked the same; from which context on it is faster.
        measured: tokens a second somebody measured, to be judged.
        rewrite: `onnx.ModelProto` -> the one to be planned in its place (built graphs only).

    Raises:
        BadArgument, BadModel, and what `npusim.simulate` raises.
    """
    files = [os.fspath(model)] if isinstance(model, str | os.PathLike) else [os.fspath(m) for m in model]
    asked = Asked(
        PROMPT if prompt is None else prompt, tokens, weights, group, cache, context, growing, chunk, batch
    ).checked()
    if draft is not None:
        check_speculation(accept, ahead)
    machine = hardware_of(hw, tiles)
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    on = Conditions(machine, profile, precision)
    passes = passes_of(files, asked, dims or {}, rewrite)
    if isinstance(passes, Exported):
        asked = passes.asked = _of_exports(passes, asked, prompt)
    found = _answer(passes, asked, on, memory_bytes)
    if curve is not False or against is not None:
        where = _contexts(asked) if isinstance(curve, bool) else sorted({int(c) for c in curve})
        found = replace(found, curve=_points(passes, on, where, asked.batch))
    if draft is not None:
        found = replace(found, speculation=_speculation(passes, draft, accept, ahead, asked, on, found))
    if against is not None:
        found = replace(found, against=_against(against, asked, on, found))
    if measured is not None:
        found = replace(found, measured=_judged(found, machine, measured))
    return found


def _answer(passes: Passes, asked: Asked, on: Conditions, memory_bytes: float | None) -> Generation:
    """The answer without what is asked beside it."""
    steps = curve_of(passes, on, asked.before, band=True)
    step = steps.mean(asked.before)
    prompt_passes, first_us, prompt_parts, prompt_doubts = _prompt(passes, asked, on)
    scale = step.time_us / steps.nearest(float(np.mean(asked.before))).time_us
    low, high = band_us(step.time_us, _scaled(step.doubts, scale))
    per_s = asked.batch * 1e6 / step.time_us
    hw = on.hw
    return Generation(
        model=passes.name,
        hardware=hw.name,
        compiler=on.profile.name,
        tiles=int(hw.tiles),
        asked=asked,
        first_token_us=first_us,
        first_token_band_us=band_us(first_us, prompt_doubts),
        tokens_per_s=per_s,
        band=(asked.batch * 1e6 / high, asked.batch * 1e6 / low),
        step=step,
        prompt_passes=prompt_passes,
        prompt_parts_us=prompt_parts,
        bound=bound_of(step, hw, per_s, asked.batch, passes.recurrent),
        memory=_memory(passes, asked, memory_bytes),
        parameters=passes.parameters,
        recurrent=passes.recurrent,
        doubts=step.doubts,
        warnings=tuple(dict.fromkeys((*step.warnings, *(w for p in prompt_passes for w in p.warnings)))),
    )


def curve_of(passes: Passes, on: Conditions, before: range | Sequence[int], band: bool = False) -> Curve:
    """One token's pass at any number of rows between the first and the last of `before`."""
    low, high = before[0], before[-1]
    if passes.recurrent:
        low = high
    return curve(lambda past: run(passes.graph(1, past), on, past, 1, band=band), low, high)


def _prompt(
    passes: Passes, asked: Asked, on: Conditions
) -> tuple[tuple[Pass, ...], float, dict[str, float], tuple[Doubt, ...]]:
    """The passes over the prompt that were planned, the time of all, its parts, and what makes its band."""
    chunks = asked.chunks
    if passes.recurrent:  # its state is of one size: a pass is a pass
        chunks = [(0 if k == 0 else chunks[0][1], size) for k, (_, size) in enumerate(chunks)]
    parts: dict[str, float] = defaultdict(float)
    planned: list[Pass] = []
    doubts: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    whole = 0.0
    for size in dict.fromkeys(size for _, size in chunks):
        before = [past for past, tokens in chunks if tokens == size]
        line = curve(
            lambda past, size=size: run(passes.graph(size, past), on, past, size, band=True),
            before[0], before[-1], most=4,
        )  # fmt: skip
        planned += line.knots
        time_us = float(line.time_us(before).sum())
        whole += time_us
        for name, found in line.parts_us(before).items():
            parts[name] += float(found.sum())
        stands = line.nearest(float(np.mean(before)))
        for doubt in _scaled(stands.doubts, time_us / stands.time_us):
            ends = doubts[doubt.npu, doubt.name]
            ends[0] += doubt.low_us - time_us
            ends[1] += doubt.high_us - time_us
    found = tuple(Doubt(npu, name, whole + low, whole + high) for (npu, name), (low, high) in doubts.items())
    return tuple(planned), whole, dict(parts), found


def _scaled(doubts: Iterable[Doubt], factor: float) -> tuple[Doubt, ...]:
    return tuple(replace(d, low_us=d.low_us * factor, high_us=d.high_us * factor) for d in doubts)


def _memory(passes: Passes, asked: Asked, memory_bytes: float | None) -> Memory:
    """What of the machine's memory it takes."""
    before, size = asked.chunks[-1]
    graph = passes.graph(size, 0 if passes.recurrent or isinstance(passes, Exported) else before)
    step = passes.graph(1, asked.before[-1])
    of_graph, of_step = held(graph), held(step)
    cache = passes.cache_bytes(asked.rows)
    if cache is None:
        from npusim.generating.traffic import traffic

        one = traffic(step)
        cache = one.cache + (0.0 if passes.recurrent else one.new)
    limit = MEMORY_BYTES if memory_bytes is None else memory_bytes
    return Memory(
        weight_bytes=of_step.weights if passes.weight_bytes is None else passes.weight_bytes,
        cache_bytes=cache,
        activation_bytes=max(of_graph.activations, of_step.activations),
        limit_bytes=limit,
        limit_source="assumed: nobody said how much the machine has" if memory_bytes is None else "as given",
    )


def _contexts(asked: Asked) -> list[int]:
    """64 contexts, nearly evenly on a logarithmic scale, from 128 to 32,768 or what is asked about, if that is more;
    multiples of 64, as a static cache has."""
    high = up(max(CURVE_TO, asked.rows), ROUND)
    count = POINTS
    while True:
        found = np.unique(np.round(np.geomspace(CURVE_FROM, high, count) / ROUND).astype(int) * ROUND)
        if len(found) >= POINTS:
            return [int(c) for c in found]
        count += 8


def _points(passes: Passes, on: Conditions, contexts: list[int], batch: int) -> tuple[Point, ...]:
    """Tokens a second at each context, and their bound."""
    if isinstance(passes, Exported) and passes.fixed_past is not None:
        raise BadArgument("a curve needs graphs of many sizes; give a config.json, or an export with free sizes")
    if min(contexts) < 2:
        raise BadArgument(f"a context of {min(contexts)} leaves no row before the token; give 2 or more")
    line = curve_of(passes, on, [contexts[0] - 1, contexts[-1] - 1])
    before = [c - 1 for c in contexts]
    rate = float(on.hw.get(DDR)) * 1e3  # bytes a microsecond
    return tuple(
        Point(context, batch * 1e6 / time_us, batch * 1e6 * rate / read)
        for context, time_us, read in zip(
            contexts, line.time_us(before).tolist(), line.read_bytes(before).tolist(), strict=True
        )
    )


def _speculation(
    passes: Passes, draft: Any, accept: float, ahead: int, asked: Asked, on: Conditions, found: Generation
) -> Speculation:
    if isinstance(passes, Exported):
        raise BadArgument("speculative decoding needs a pass over several tokens; give a config.json")
    small = passes_of([os.fspath(draft)], asked, {})
    rows = asked.before[len(asked.before) // 2]
    proposes = run(small.graph(1, rows), on, rows, 1)
    checks = run(passes.graph(ahead + 1, max(rows - ahead, 1)), on, max(rows - ahead, 1), ahead + 1)
    return speculation(
        small.name, accept, ahead, proposes.time_us, checks.time_us, found.step.time_us, asked.batch
    )


def _against(other: Any, asked: Asked, on: Conditions, found: Generation) -> Against:
    passes = passes_of([os.fspath(other)], asked, {})
    answer = _answer(passes, asked, on, None)
    points = _points(passes, on, [p.context for p in found.curve], asked.batch)
    return against(
        found.model, answer.model, answer.tokens_per_s, answer.first_token_us, found.curve, points
    )


def _judged(found: Generation, hw: Hardware, measured: float) -> Judged:
    return judged(measured, found.bound, hw, found.tokens_per_s, found.band)


def _of_exports(passes: Exported, asked: Asked, prompt: int | None) -> Asked:
    """The question as exports of one size can answer it. Raises BadArgument where prompt or context are of another."""
    past = passes.fixed_past
    if past is None:
        return asked
    if passes.prompt == passes.step:
        raise BadArgument(
            f"'{passes.step}' is of one size: it is the pass of a token or of a prompt; name both files, "
            "the prompt's first"
        )
    size = passes.fixed_prompt
    if size is None:
        raise BadArgument(f"'{passes.prompt}' has no input of ids with a fixed size; its prompt's length is not known")
    if prompt not in (None, size):
        raise BadArgument(f"--prompt {prompt}: '{passes.prompt}' is exported for a prompt of {size}")
    if asked.context not in (None, past + 1):
        raise BadArgument(f"--context {asked.context}: '{passes.step}' is exported for {past + 1} rows")
    return replace(asked, prompt=size, context=past + 1, fixed=True)
