"""The door: a language model in, its answer out."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from npusim.choices import GROUP, StoredCache, StoredWeights, choose
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument
from npusim.generating.answer import answer, steps_of
from npusim.generating.asked import CHUNK, PROMPT, ROUND, Asked, up
from npusim.generating.bound import DDR, judged
from npusim.generating.curve import FULL
from npusim.generating.exports import Exported, passes_of
from npusim.generating.graphs import Passes, Rewrite
from npusim.generating.overtaking import against as held_against
from npusim.generating.passes import Conditions, Pass, run
from npusim.generating.record import Against, Generation, Point, Speculation
from npusim.generating.speculative import check, speculation
from npusim.simulation import DEFAULT_HARDWARE, MEASURED_COMPILER, Machine, hardware_of

if TYPE_CHECKING:
    from npusim.whatif.base import Supposition

    Path = str | os.PathLike[str]

CURVE_FROM, CURVE_TO = 128, 32_768
POINTS = 64  # of a curve


def generate(
    model: Path | Sequence[Path],
    hw: Machine = DEFAULT_HARDWARE,
    *,
    prompt: int | None = None,
    tokens: int = 128,
    weights: str = "fp16",
    group: int = GROUP,
    cache: str = "fp16",
    context: int | None = None,
    growing: bool = False,
    chunk: int = CHUNK,
    batch: int = 1,
    compiler: str | CompilerProfile = MEASURED_COMPILER,
    precision: str = "fp16",
    tiles: int | None = None,
    dims: Mapping[str, int] | None = None,
    memory_bytes: float | None = None,
    curve: bool | Sequence[int] = False,
    draft: Path | None = None,
    accept: float = 0.7,
    ahead: int = 4,
    against: Path | None = None,
    measured: float | None = None,
    rewrite: Rewrite | None = None,
    what_ifs: str | Sequence[str] = (),
) -> Generation:
    """Time to the first token, tokens a second, where a token's time goes, memory, and the bound.

    Args:
        model: a Hugging Face config.json or its folder; or two model files, the prompt's pass and a token's; or one
            file with free sizes that is both.
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
        what_ifs: suppositions as `npusim.what_if` takes them, of every pass.
        rewrite: `onnx.ModelProto` -> the one to be planned in its place (built graphs only).

    Raises:
        BadArgument, BadModel, and what `npusim.simulate` raises.
    """
    files = [os.fspath(model)] if isinstance(model, str | os.PathLike) else [os.fspath(m) for m in model]
    size = PROMPT if prompt is None else prompt
    weights, cache = choose(StoredWeights, weights, "--weights"), choose(StoredCache, cache, "--cache")
    asked = Asked(size, tokens, weights, group, cache, context, growing, chunk, batch)
    if draft is not None:
        check(accept, ahead)
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    machine = profile.priced(hardware_of(hw, tiles))
    on = Conditions(machine, profile, precision, _supposed(what_ifs))
    passes = passes_of(files, asked, dims or {}, rewrite)
    if isinstance(passes, Exported):
        asked = passes.asked = _of_exports(passes, asked, prompt)
    asked.checked()
    found = answer(passes, asked, on, memory_bytes)
    if on.what_ifs:
        from npusim.generating.supposing import told

        found = told(passes, on, found)
    if curve is not False or against is not None:
        where = _contexts(asked) if isinstance(curve, bool) else sorted({int(c) for c in curve})
        found = replace(found, curve=_points(passes, on, where, asked, found.step))
    if draft is not None:
        found = replace(found, speculation=_speculation(passes, draft, accept, ahead, asked, on, found))
    if against is not None:
        found = replace(found, against=_against(against, asked, on, found))
    if measured is not None:
        verdict = judged(measured, found.bound, machine, found.tokens_per_s, found.band)
        found = replace(found, measured=verdict)
    return found


def _supposed(texts: str | Sequence[str]) -> tuple[Supposition, ...]:
    """What is supposed; what-ifs are not loaded where there are none."""
    if not texts:
        return ()
    from npusim.generating.supposing import what_ifs_of

    return what_ifs_of(texts)


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


def _points(
    passes: Passes, on: Conditions, contexts: list[int], asked: Asked, step: Pass
) -> tuple[Point, ...]:
    """Tokens a second at each context, and their bound; `step`: a token of the answer, planned already unless the cache
    grows."""
    if isinstance(passes, Exported) and passes.fixed_past is not None:
        raise BadArgument(
            "a curve needs graphs of many sizes; give a config.json, or an export with free sizes"
        )
    if min(contexts) < 2:
        raise BadArgument(f"a context of {min(contexts)} leaves no row before the token; give 2 or more")
    # a cache that grows has whole sixteens of rows at one token in sixteen: the other fifteen are told
    before = contexts if asked.growing else [c - 1 for c in contexts]
    line = steps_of(passes, on, before, known=() if asked.growing else (step,), every=_apart(before))
    rate = float(on.hw.get(DDR)) * 1e3  # bytes a microsecond
    return tuple(
        Point(context, asked.batch * 1e6 / time_us, asked.batch * 1e6 * rate / read)
        for context, time_us, read in zip(
            contexts, line.time_us(before).tolist(), line.read_bytes(before).tolist(), strict=True
        )
    )


def _apart(before: list[int]) -> int:
    """How many rows the contexts of a curve lie apart where whole sixteens divide it, 1 elsewhere: plans in between are
    then made at such contexts too, as whole sixteens of rows take up to a third less time than others."""
    apart = math.gcd(*(rows - before[0] for rows in before))
    return apart if apart and apart % FULL == 0 else 1


def _speculation(
    passes: Passes, draft: Path, accept: float, ahead: int, asked: Asked, on: Conditions, found: Generation
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


def _against(other: Path, asked: Asked, on: Conditions, found: Generation) -> Against:
    passes = passes_of([os.fspath(other)], asked, {})
    theirs = answer(passes, asked, on)
    points = _points(passes, on, [p.context for p in found.curve], asked, theirs.step)
    return held_against(
        found.model, theirs.model, theirs.tokens_per_s, theirs.first_token_us, found.curve, points
    )


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
        raise BadArgument(
            f"'{passes.prompt}' has no input of ids with a fixed size; its prompt's length is not known"
        )
    if prompt not in (None, size):
        raise BadArgument(f"--prompt {prompt}: '{passes.prompt}' is exported for a prompt of {size}")
    if asked.context not in (None, past + 1):
        raise BadArgument(f"--context {asked.context}: '{passes.step}' is exported for {past + 1} rows")
    return replace(asked, prompt=size, context=past + 1, fixed=True)
