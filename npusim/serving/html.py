"""The page of `npusim serve --html`: both ways side by side, the prompt graphs, every request."""

from __future__ import annotations

from npusim.pages.parts import Bar, bars, facts, sortable, table
from npusim.pages.template import Section, joined, page, text
from npusim.serving.page import cache, headline, mix, queue, uses
from npusim.serving.record import Served, Serving
from npusim.terminal.units import digits, share, time, times

ROWS = 2000  # requests shown


def to_html(found: Serving) -> str:
    """The page's text."""
    sized = found.sized
    rows = [
        ("NPU", f"{found.hardware}, {found.tiles} tiles, compiler {found.compiler}"),
        ("asked", mix(found)),
        ("cache", cache(found)),
        ("busy", f"{time(sized.busy_us)} ({times(*sized.band_us)})"),
        ("waiting", queue(found)),
    ]
    warnings = [f'<p class="warning">{text(w)}</p>' for w in found.warnings]
    lead = joined([f'<p class="big">{text(headline(found))}</p>', facts(rows), *warnings])
    sections = [
        Section("ways", "Both ways", _ways(found)),
        Section("graphs", "Prompt graphs", _graphs(found)),
        Section("requests", "Requests", _requests(found)),
    ]
    return page(f"{found.model} served on {found.hardware}", lead, sections, {}, ["sorted.js"])


def _ways(found: Serving) -> str:
    ways: list[tuple[str, Served, str]] = [
        (", ".join(map(str, found.sized.sizes)), found.sized, "g0"),
        (f"padded to {found.padded.sizes[0]}", found.padded, "g1"),
    ]
    longest = max(served.span_us for _, served, _ in ways) or 1.0
    first = max(served.first_token_us.p95 for _, served, _ in ways) or 1.0
    done = [
        Bar(name, s.span_us / longest, time(s.span_us), ink, f"{digits(s.tokens_per_s)} tokens/s")
        for name, s, ink in ways
    ]
    tokens = [
        Bar(f"{name}, {word}", us / first, time(us), ink)
        for name, s, ink in ways
        for word, us in (("mean", s.first_token_us.mean), ("95 of 100", s.first_token_us.p95))
    ]
    return bars("From the first arrival to the last token", done) + bars(
        "From arrival to the first token", tokens
    )


def _graphs(found: Serving) -> str:
    used = uses(found)
    rows = [
        (f"{size:,}", time(us), f"{1e6 * size / us:,.0f}", f"{used[size]:,}")
        for size, us in found.graph_us.items()
    ]
    return table("At the start of a prompt", ("tokens", "time", "tokens/s", "passes"), rows, ())


def _requests(found: Serving) -> str:
    sized, begin = found.sized, found.requests[0].arrival_us
    rows = []
    for k, request in enumerate(found.requests[:ROWS]):
        cover = sized.covers[request.prompt]
        wait = float(sized.times.begin_us[k]) - request.arrival_us
        first = float(sized.times.first_us[k]) - request.arrival_us
        end = float(sized.times.end_us[k]) - request.arrival_us
        rows.append(
            (
                str(k + 1),
                (time(request.arrival_us - begin), request.arrival_us),
                (f"{request.prompt:,}", float(request.prompt)),
                " + ".join(map(str, cover.parts)),
                (share(cover.padded - request.prompt, cover.padded), cover.padded - request.prompt),
                (f"{request.tokens:,}", float(request.tokens)),
                (time(wait), wait),
                (time(first), first),
                (time(end), end),
            )
        )
    header = ("", "comes", "prompt", "parts", "padding", "answer", "waits", "first token", "done after")
    left = len(found.requests) - len(rows)
    caption = "In order of arrival; waiting, first token and end are counted from a request's own arrival"
    return sortable(caption + (f"; the last {left:,} are left out" if left else ""), header, rows, (0, 3))
