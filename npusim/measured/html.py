"""Comparisons with profiles -> the page of `npusim crosscheck --html`: totals, engines and every node side by side."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.measured.join import Crosscheck
from npusim.pages.parts import Bar, bars, facts, sortable
from npusim.pages.template import Section, joined, page, text
from npusim.report.words import SHORT_NAMES
from npusim.terminal.units import nbytes, time


def to_html(found: Sequence[Crosscheck]) -> str:
    """The page's text. One section a profile."""
    report = found[0].report
    lead = facts(
        [
            ("predicted", time(report.latency_us)),
            (
                "NPU",
                f"{report.hardware}, {report.tiles} tiles, compiler {report.compiler}, {report.precision}",
            ),
        ]
    )
    sections = [
        Section(f"profile-{k}", f"Beside {each.profile.path}", _profile(each)) for k, each in enumerate(found)
    ]
    return page(f"{report.graph or 'a graph'}: prediction and reality", lead, sections, {}, ["sorted.js"])


def _profile(each: Crosscheck) -> str:
    profile = each.profile
    longest = max(each.predicted_us, each.latency_us or 0.0) or 1.0
    totals = [Bar("predicted", each.predicted_us / longest, time(each.predicted_us), "g0")]
    if each.latency_us is not None:
        totals.append(Bar(profile.form, each.latency_us / longest, time(each.latency_us), "g1"))
    most = max((v for pair in each.engines.values() for v in pair), default=0.0) or 1.0
    engines = [
        Bar(f"{SHORT_NAMES.get(engine, engine)} {word}", us / most, time(us), ink)
        for engine, pair in each.engines.items()
        for word, us, ink in zip(("predicted", "profile"), pair, ("g0", "g1"), strict=True)
    ]
    rows = [
        (
            p.name,
            p.op_type,
            SHORT_NAMES.get(p.engine, p.engine) + ("" if p.same_engine else f", there {p.theirs}"),
            (time(p.predicted_us), p.predicted_us),
            ("no time given", -1.0) if p.unpriced else (time(p.us), p.us),
            (f"{p.predicted_us / p.us:.2f}", p.predicted_us / p.us)
            if p.us and not p.unpriced
            else ("", -1.0),
            (nbytes(p.predicted_bytes), p.predicted_bytes),
            ("", -1.0) if p.nbytes is None else (nbytes(p.nbytes), p.nbytes),
        )
        for p in each.pairs
    ]
    header = ("node", "op", "on", "predicted", "profile", "ratio", "bytes", "bytes there")
    alone = [
        ("only predicted", ", ".join(n.name for n in each.only_predicted[:20])),
        ("only in the profile", ", ".join(layer.name for layer in each.only_profile[:20])),
    ]
    notes = "".join(f'<p class="note">{text(note)}</p>' for note in each.notes)
    return joined(
        [
            bars("Latency", totals),
            bars(f"Engines: {each.profile.engines_are}", engines),
            sortable(f"Nodes; times are {each.times_are}", header, rows, (0, 1, 2)) if rows else "",
            facts(alone),
            notes,
        ]
    )
