"""Generation -> the page a person reads in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.generating.parts import PARTS
from npusim.generating.record import Generation, Point
from npusim.terminal.layout import Line, bar, fit, sentence, table
from npusim.terminal.units import digits, nbytes, scaled, share, time, times

INDENT = 10
BAR_CELLS = 26
CURVE_ROWS, CURVE_CELLS = 9, 34


def page(found: Generation, width: int = 80, verbose: bool = False) -> list[Line]:
    """The page's lines, each at most `width` cells: the answer, the bound, memory, and where the time goes."""
    blocks = [
        [*_head(found, width), *_supposed(found, width), *_facts(found, width)],
        _parts(found, width, verbose),
        _curve(found, width),
        _beside(found, width),
        _warnings(found, width, None if verbose else 1),
    ]
    lines: list[Line] = []
    for block in filter(None, blocks):
        lines += [Line(""), *block] if lines else block
    return lines


def headline(found: Generation) -> str:
    """'24.4 tokens/s (14.8 to 29.2), first token after 1.48 s (1.25 to 2.20 s)'."""
    low, high = found.band
    first = f"{time(found.first_token_us)} ({times(*found.first_token_band_us)})"
    return (
        f"{digits(found.tokens_per_s)} tokens/s ({digits(low)} to {digits(high)}), first token after {first}"
    )


def title(found: Generation) -> str:
    """'llama-3.1-8b, int4, on lunar_lake'; of files, whose weights are theirs, without the width."""
    width = "" if found.asked.fixed or found.parameters is None else f", {found.asked.weights}"
    return f"{found.model}{width} on {found.hardware}"


def _head(found: Generation, width: int) -> list[Line]:
    return [Line(fit(f"{title(found)}:", width), "bold"), *sentence(headline(found), width, 2, style="bold")]


def _supposed(found: Generation, width: int) -> list[Line]:
    """What was supposed, and the answer without it."""
    if not found.what_ifs:
        return []
    from npusim.report.text import supposed

    lines = supposed(found.what_ifs, width)
    if found.without_tokens_per_s:
        ratio = found.tokens_per_s / found.without_tokens_per_s
        said = f"{digits(found.without_tokens_per_s)} tokens/s; with it {ratio:.2f} times as many"
        lines += sentence(said, width, INDENT, "without")
    return lines


def _facts(found: Generation, width: int) -> list[Line]:
    asked = found.asked
    passes = len(asked.chunks)
    size = asked.chunks[0][1]
    prompt = f"{asked.prompt:,} tokens in {passes} pass{'es' * (passes > 1)} of {size:,}"
    answer = f"an answer of {asked.tokens:,}: {time(found.total_us)} in all"
    side = f"; {asked.batch} sequences side by side" if asked.batch > 1 else ""
    machine = f"{found.tiles} tile{'s' * (found.tiles != 1)}, compiler {found.compiler}"
    known = "" if found.parameters is None else f"{scaled(found.parameters).strip()} parameters, "
    kept = "one state, the same at any context" if found.recurrent else asked.cache_sentence
    lines = [
        *sentence(found.bound.sentence, width, INDENT, "bound"),
        *sentence(f"a prompt of {prompt}; {answer}{side}", width, INDENT, "asked"),
        *sentence(kept, width, INDENT, "cache"),
        *(sentence(found.unpacking, width, INDENT, "weights") if found.unpacking else []),
        *sentence(memory_sentence(found), width, INDENT, "memory", "" if found.fits else "bold red"),
        *sentence(f"{known}{machine}, the host's part included", width, INDENT, "machine"),
    ]
    if found.doubts:
        lines += sentence(doubt_sentence(found), width, INDENT, "doubt")
    return lines


def memory_sentence(found: Generation) -> str:
    """What it takes of the machine's memory, and whether that is there."""
    memory = found.memory
    kept = "state" if found.recurrent else "cache"
    parts = (
        f"{nbytes(memory.weight_bytes)} of weights, {nbytes(memory.cache_bytes)} of {kept}, at most "
        f"{nbytes(memory.activation_bytes)} of activations"
    )
    there = f"the {nbytes(memory.limit_bytes)} that the machine has"
    if memory.limit_source.startswith("assumed"):
        there = f"{nbytes(memory.limit_bytes)}, assumed (--memory says what the machine has)"
    return f"{parts}: {'fits' if found.fits else 'does not fit'} in {there}"


def doubt_sentence(found: Generation) -> str:
    """The number that makes the band widest."""
    widest = found.doubts[0]
    batch = found.asked.batch
    low, high = batch * 1e6 / widest.high_us, batch * 1e6 / widest.low_us
    return f"most of the band is {widest.name}: {digits(low)} to {digits(high)} tokens/s at the ends of its range"


def _parts(found: Generation, width: int, verbose: bool) -> list[Line]:
    """Where the time of a token and of the prompt goes."""
    token, prompt = found.step.parts_us, found.prompt_parts_us
    whole, first = found.step.time_us, found.first_token_us
    names = part_names(found)
    rows = [
        (
            names[name],
            time(token[name]),
            share(token[name], whole),
            bar(token[name] / whole if whole else 0.0, BAR_CELLS),
            time(prompt[name]),
            share(prompt[name], first),
        )
        for name in PARTS
    ]
    rows.append(("all", time(whole), "", "", time(first), ""))
    lines = table(
        ("where it goes", "a token", "share", "", "first token", "share"), rows, width, words=(0, 3)
    )
    if verbose:
        for name, said in PARTS.items():
            lines += sentence(said, width, 14, names[name])
    return lines


def part_names(found: Generation) -> dict[str, str]:
    """The parts as they are called for this model."""
    return dict(zip(PARTS, PARTS, strict=True)) | (
        {"cache": "state", "attention": "recurrence"} if found.recurrent else {}
    )


def _curve(found: Generation, width: int) -> list[Line]:
    """Tokens a second at some contexts."""
    if not found.curve:
        return []
    shown = thinned(found.curve, CURVE_ROWS)
    most = max(point.tokens_per_s for point in found.curve)
    other = {p.context: p for p in found.against.curve} if found.against else {}
    rows = [
        (
            f"{point.context:,}",
            digits(point.tokens_per_s),
            digits(point.bound_tokens_per_s),
            *([digits(other[point.context].tokens_per_s)] if other else []),
            bar(point.tokens_per_s / most, CURVE_CELLS if not other else CURVE_CELLS // 2),
        )
        for point in shown
    ]
    header = ("context", "tokens/s", "bound", *([fit(found.against.model, 20)] if found.against else []), "")
    return table(header, rows, width, words=(len(header) - 1,))


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many points, both ends among them."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(k * step)] for k in range(most)]


def speculation_sentence(found: Generation) -> str:
    """The what-if of a draft model, in words."""
    what = found.speculation
    assert what is not None
    return (
        f"with {what.draft} proposing {what.ahead}, each right {100 * what.accept:.0f} times in 100: "
        f"{digits(what.tokens_per_s)} tokens/s, {what.speedup:.2f}x; a round gives {what.tokens_a_round:.2f} tokens "
        f"and takes {what.ahead} x {time(what.draft_us)} and one check of {time(what.check_us)}"
    )


def _beside(found: Generation, width: int) -> list[Line]:
    """What was asked beside it: another model, a draft, a measured figure."""
    lines: list[Line] = []
    if found.against is not None:
        lines += sentence(found.against.sentence, width, INDENT, "against")
    if found.speculation is not None:
        lines += sentence(speculation_sentence(found), width, INDENT, "draft")
    if found.measured is not None:
        style = "bold red" if found.measured.verdict == "impossible" else "bold"
        lines += sentence(found.measured.sentence, width, INDENT, "measured", style)
    return lines


def _warnings(found: Generation, width: int, most: int | None) -> list[Line]:
    lines: list[Line] = []
    for warning in found.warnings[:most]:
        lines += sentence(warning, width, 9, "warning", "yellow")
    return lines
