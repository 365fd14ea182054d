"""The page of `npusim serve`: both ways side by side, the graphs, and one sentence."""

from __future__ import annotations

from collections import Counter

from npusim.choices import Order
from npusim.serving.record import Served, Serving
from npusim.terminal.layout import Line, sentence, table
from npusim.terminal.units import digits, share, time, times

INDENT = 10
HEADER = ("prompts on", "all done", "tokens/s", "first token", "p95", "wait", "p95", "padding")


def page(found: Serving, width: int = 80) -> list[Line]:
    """The page's lines."""
    sized, padded = found.sized, found.padded
    lines = sentence(f"{found.model} on {found.hardware}: {headline(found)}", width, 0, style="bold")
    lines += sentence(mix(found), width, INDENT, "asked")
    lines += sentence(cache(found), width, INDENT, "cache")
    lines += sentence(
        f"{time(sized.busy_us)} ({times(*sized.band_us)}) of work, {share(sized.prompt_us, sized.busy_us)} of it on "
        f"prompts; {share(sized.busy_us, sized.span_us)} of the time to the last token",
        width,
        INDENT,
        "busy",
    )
    lines += sentence(queue(found), width, INDENT, "waiting")
    rows = [_row(", ".join(map(str, sized.sizes)), sized), _row(f"{padded.sizes[0]} padded", padded)]
    lines += [Line(""), *table(HEADER, rows, width, words=(0,)), Line("")]
    used = uses(found)
    graphs = [
        (str(size), time(us), f"{1e6 * size / us:,.0f}", f"{used[size]:,}" if size in sized.sizes else "-")
        for size, us in found.graph_us.items()
    ]
    lines += table(("prompt graph", "time", "tokens/s", "passes"), graphs, width, words=())
    for warning in found.warnings[:1]:
        lines += sentence(warning, width, INDENT, "warning", style="yellow")
    return lines


def headline(found: Serving) -> str:
    """'graphs of 64, 128, 256 tokens answer all in 41.2 s, 1.8 times as fast as padding to 1024'."""
    sizes = ", ".join(map(str, found.sized.sizes))
    head = f"prompt graph{'s' * (len(found.sized.sizes) > 1)} of {sizes} tokens"
    gain = found.times_faster
    took, longest = time(found.sized.span_us), found.padded.sizes[0]
    if abs(gain - 1) < 0.005:  # requests come slower than they are answered
        work = found.padded.busy_us / found.sized.busy_us if found.sized.busy_us else 1.0
        less = f" at {digits(1 / work)} times its work" if abs(work - 1) >= 0.005 else ""
        return f"{head} answer all in {took}, as fast as padding to {longest}{less}"
    if gain > 1:
        return f"{head} answer all in {took}, {digits(gain)} times as fast as padding to {longest}"
    return f"{head} answer all in {took}, {digits(1 / gain)} times as slow as padding to {longest}"


def mix(found: Serving) -> str:
    """How many requests of what sizes, and in which order they are answered."""
    prompts = [r.prompt for r in found.requests]
    answers = sum(r.tokens for r in found.requests)
    last = found.requests[-1].arrival_us
    come = f"coming within {time(last)}" if last else "all there at the start"
    count = len(prompts)
    return (
        f"{count:,} request{'s' * (count != 1)}, {come}, {_order(found.order)}: prompts of {min(prompts):,} to "
        f"{max(prompts):,} tokens ({sum(prompts):,} in all), {answers:,} tokens of answers"
    )


def cache(found: Serving) -> str:
    """What a token reads."""
    step = f"a token takes {time(found.step_us)}"
    if found.context is None:
        return f"{step} at the end of the longest request"
    return f"{step}: the cache is static, every token reads all {found.context:,} rows"


def queue(found: Serving) -> str:
    """Who waits, both ways."""
    (mean, most), (padded_mean, padded_most) = found.sized.waiting, found.padded.waiting
    return (
        f"{mean:.1f} requests in the mean until the last begins, {most} at most; padded {padded_mean:.1f} and "
        f"{padded_most}"
    )


def uses(found: Serving) -> Counter[int]:
    """How often each prompt graph runs."""
    counts: Counter[int] = Counter()
    for request in found.requests:
        counts.update(found.sized.covers[request.prompt].parts)
    return counts


def _order(order: Order) -> str:
    return "one by one" if order is Order.ONE_BY_ONE else "prompts first"


def _row(name: str, served: Served) -> tuple[str, ...]:
    return (
        name,
        time(served.span_us),
        digits(served.tokens_per_s),
        time(served.first_token_us.mean),
        time(served.first_token_us.p95),
        time(served.waits_us.mean),
        time(served.waits_us.p95),
        f"{100 * served.padding:.0f}%",
    )
