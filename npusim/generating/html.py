"""Generation -> the page of `npusim generate --html`: one file, in a browser, offline."""

from __future__ import annotations

from typing import Any

from npusim.generating.page import (
    doubt_sentence,
    headline,
    memory_sentence,
    part_names,
    speculation_sentence,
    title,
)
from npusim.generating.parts import PARTS
from npusim.generating.record import Generation
from npusim.pages.parts import Bar, bars, chart, facts, table
from npusim.pages.template import Section, joined, page, text
from npusim.terminal.units import digits, nbytes, scaled, share, time, times

INKS = dict(zip(PARTS, ("g0", "g6", "g1", "g2", "g5", "g3", "g4"), strict=True))
DOUBTS = 8
HELP = "Point at the curve, or focus it and use the arrow keys. Drag to zoom, double-click for all."


def to_html(found: Generation) -> str:
    """The page's text."""
    sections = [
        Section("where", "Where the time goes", _where(found)),
        Section("bound", "What bounds it", _bound(found)),
        Section("curve", "Tokens a second over the context", _curve(found)),
        Section("memory", "Memory", _memory(found)),
        Section("beside", "Beside it", _beside(found)),
        Section("doubts", "How sure it is", _doubts(found)),
    ]
    data = {"plot": _figure(found)} if found.curve else None
    scripts = ["context.js"] if found.curve else []
    return page(title(found), _lead(found), sections, data, scripts)


def _lead(found: Generation) -> str:
    asked = found.asked
    low, high = found.band
    spread = f" <small>{digits(low)} to {digits(high)}, four times in five</small>"
    passes = f"{len(asked.chunks)} pass{'es' * (len(asked.chunks) > 1)} of {asked.chunks[0][1]:,}"
    rows = [
        ("first token", f"{time(found.first_token_us)} ({times(*found.first_token_band_us)})"),
        ("prompt", f"{asked.prompt:,} tokens in {passes}"),
        ("answer", f"{asked.tokens:,} tokens, {time(found.total_us)} in all"),
        ("parameters", "" if found.parameters is None else scaled(found.parameters).strip()),
        ("batch", str(asked.batch) if asked.batch > 1 else ""),
        ("cache", "one state, the same at any context" if found.recurrent else asked.cache_sentence),
        ("weights", found.unpacking),
        ("NPU", f"{found.hardware}, {found.tiles} tiles, compiler {found.compiler}"),
        *(
            (f"what if {one.asked}", one.sentence + (f"; needs, assumed: {one.needs}" * bool(one.needs)))
            for one in found.what_ifs
        ),
        ("without", f"{digits(found.without_tokens_per_s)} tokens/s" if found.without_tokens_per_s else ""),
    ]
    warnings = [f'<p class="warning">{text(w)}</p>' for w in found.warnings]
    if not found.fits:
        warnings.insert(0, f'<p class="warning">{text(memory_sentence(found))}</p>')
    big = f'<p class="big" id="answer">{digits(found.tokens_per_s)} tokens/s{spread}</p>'
    return joined([big, facts(rows), *warnings])


def _where(found: Generation) -> str:
    names = part_names(found)
    shown = []
    for caption, parts, whole in (
        ("A token, the mean of the answer", found.step.parts_us, found.step.time_us),
        ("The first token: all passes over the prompt", found.prompt_parts_us, found.first_token_us),
    ):
        rows = [
            Bar(names[n], t / whole, f"{time(t)}, {share(t, whole)}", INKS[n])
            for n, t in parts.items()
            if whole
        ]
        shown.append(f"<div>{bars(caption, rows)}</div>")
    said = "".join(f"<dt>{text(names[n])}</dt><dd>{text(words)}</dd>" for n, words in PARTS.items())
    told = f"<details><summary>What the parts are</summary><dl>{said}</dl></details>"
    return f'<div class="pair">{"".join(shown)}</div>{told}'


def _bound(found: Generation) -> str:
    most = max(
        found.bound.tokens_per_s, found.tokens_per_s, found.measured.tokens_per_s if found.measured else 0.0
    )
    rows = [
        Bar(
            "bound by memory",
            found.bound.tokens_per_s / most,
            f"{digits(found.bound.tokens_per_s)} tokens/s",
            "g4",
        ),
        Bar("predicted", found.tokens_per_s / most, f"{digits(found.tokens_per_s)} tokens/s", "g0"),
    ]
    if found.measured:
        value = found.measured.tokens_per_s
        rows.append(Bar("measured", value / most, f"{digits(value)} tokens/s", "g1"))
    return f"<p>{text(found.bound.sentence)}.</p>{bars('Tokens a second', rows)}"


def _memory(found: Generation) -> str:
    memory = found.memory
    most = max(memory.total_bytes, memory.limit_bytes) or 1.0
    rows = [
        Bar(name, size / most, nbytes(size), ink)
        for name, size, ink in (
            ("weights", memory.weight_bytes, INKS["weights"]),
            ("state" if found.recurrent else "cache", memory.cache_bytes, INKS["cache"]),
            ("activations, at most", memory.activation_bytes, INKS["moved"]),
            ("the machine", memory.limit_bytes, "g4"),
        )
    ]
    return f"<p>{text(memory_sentence(found))}.</p>{bars('Bytes', rows)}"


def _curve(found: Generation) -> str:
    if not found.curve:
        return ""
    label = "Tokens a second over the context. Arrow keys read single values."
    names = [found.model, *([found.against.model] if found.against else [])]
    header = ["context", *(f"{n}, tokens/s" for n in names), "bound"]
    other = {p.context: p for p in found.against.curve} if found.against else {}
    rows = (
        [
            f"{p.context:,}",
            digits(p.tokens_per_s),
            *([digits(other[p.context].tokens_per_s)] if other else []),
            digits(p.bound_tokens_per_s),
        ]
        for p in found.curve
    )
    numbers = table("Tokens a second over the context", header, rows)
    said = f"<p>{text(found.against.sentence)}.</p>" if found.against else ""
    more = f"<details><summary>The same numbers as a table</summary>{numbers}</details>"
    return f"{said}{chart('context', label, HELP)}{more}"


def _figure(found: Generation) -> dict[str, Any]:
    """What `context.js` draws: contexts, and lines of tokens a second; dashed ones are bounds."""
    lines = [
        {"name": found.model, "values": [p.tokens_per_s for p in found.curve], "ink": "g0", "dashed": False},
        {
            "name": f"bound of {found.model}",
            "values": [p.bound_tokens_per_s for p in found.curve],
            "ink": "g4",
            "dashed": True,
        },
    ]
    if found.against:
        values = [p.tokens_per_s for p in found.against.curve]
        lines.append({"name": found.against.model, "values": values, "ink": "g1", "dashed": False})
    return {"contexts": [p.context for p in found.curve], "lines": lines}


def _beside(found: Generation) -> str:
    said = []
    if found.measured:
        said.append(found.measured.sentence)
    if found.speculation:
        said.append(speculation_sentence(found))
    return "".join(f"<p>{text(one)}.</p>" for one in said)


def _doubts(found: Generation) -> str:
    if not found.doubts:
        return f"<p>{text(headline(found))}</p>"
    batch = found.asked.batch
    widest = max(d.high_us - d.low_us for d in found.doubts) or 1.0
    rows = [
        Bar(
            d.name,
            (d.high_us - d.low_us) / widest,
            f"{digits(batch * 1e6 / d.high_us)} to {digits(batch * 1e6 / d.low_us)}",
            "g3",
        )
        for d in found.doubts[:DOUBTS]
    ]
    caption = "What makes the band wide: tokens a second with one number at the ends of its range"
    return f"<p>{text(doubt_sentence(found))}.</p>{bars(caption, rows)}"
