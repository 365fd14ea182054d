"""What-ifs of a language model: each pass is planned under them; what they suppose is told of a token's pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from npusim.errors import BadArgument
from npusim.generating.graphs import Passes
from npusim.generating.passes import Conditions, run
from npusim.generating.record import Generation
from npusim.graph import Graph
from npusim.report.record import Supposed
from npusim.whatif.base import Runs, Supposition
from npusim.whatif.parse import parse_all
from npusim.whatif.run import Plain, record_of
from npusim.whatif.run import supposed as under


def what_ifs_of(texts: str | Iterable[str]) -> tuple[Supposition, ...]:
    """What is supposed of all passes. Raises BadArgument for what composes several runs of one graph: it has no answer
    in tokens a second."""
    found = parse_all([texts] if isinstance(texts, str) else list(texts))
    for one in found:
        if isinstance(one, Runs) and not one.counts_only:
            raise BadArgument(
                f"what-if '{one.name}' composes several runs of one graph; ask it of one pass: "
                f"npusim run CONFIG --what-if {one.asked} (--dim tokens=N is a prompt, --dim past=N a token)"
            )
    return found


def passed(texts: Iterable[str]) -> tuple[Supposition, ...]:
    """The same without those that only count, for whoever asks for times alone."""
    return tuple(one for one in what_ifs_of(texts) if not isinstance(one, Runs))


def told(passes: Passes, on: Conditions, found: Generation) -> Generation:
    """The answer with what was supposed, and with tokens a second without it."""
    if not on.what_ifs:
        return found
    before = found.asked.before
    rows = before[len(before) // 2]
    graph = passes.graph(1, rows)
    plainly = run(graph, replace(on, what_ifs=()), rows, 1)
    # A cache that grows is priced at its middle: the ratio there is that of the run.
    here = found.step.time_us if len(before) == 1 else run(graph, on, rows, 1).time_us
    rate = found.tokens_per_s * here / plainly.time_us
    return replace(found, what_ifs=_records(graph, on), without_tokens_per_s=rate)


def _records(graph: Graph, on: Conditions) -> tuple[Supposed, ...]:
    if any(isinstance(one, Runs) for one in on.what_ifs):
        return under(graph, on.hw, on.what_ifs, Plain(on.profile.name, on.precision)).what_ifs
    records, hw = [], on.hw
    for one in on.what_ifs:
        after, machine = one.apply_under(graph, hw, on.profile.name, on.precision)
        records.append(record_of(one, hw, one.says(graph, after, machine)))
        graph, hw = after, machine
    return tuple(records)
