"""What moves a language model's answer: the numbers of the NPU that decide a token, and the answer on many NPUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.rules.profile import load_profile
from npusim.errors import BadArgument
from npusim.generating.graphs import Passes
from npusim.generating.record import Generation
from npusim.terminal.layout import Line, table
from npusim.terminal.units import digits, time
from npusim.tradeoff.sensitivity import Sensitivity, sensitivity
from npusim.whatif.base import Supposition
from npusim.whatif.run import applied

MOST_POINTS = 10_000
ROWS = 24  # of the page


@dataclass(frozen=True, slots=True)
class Varied:
    """One NPU of many: its numbers by dotted name, and the answer on it."""

    values: dict[str, Any]
    tokens_per_s: float
    first_token_us: float


def of_token(
    found: Generation,
    passes: Passes,
    hw: Hardware,
    compiler: str,
    precision: str,
    what_ifs: Sequence[Supposition] = (),
) -> Sensitivity:
    """Elasticities of one token's time, the host's request included, at the middle of the answer."""
    before = found.asked.before
    graph = passes.graph(1, before[len(before) // 2])
    graph, hw = applied(graph, hw, what_ifs, compiler, precision)
    return sensitivity(graph, hw, compiler, precision, mode="throughput")


def varied(
    found: Generation,
    passes: Passes,
    hw: Hardware,
    vary: Mapping[str, Any],
    compiler: str,
    precision: str,
    what_ifs: Sequence[Supposition] = (),
) -> tuple[Varied, ...]:
    """The answer on every NPU of a grid: the plans of a token and of the prompt's last pass priced at all points at
    once, as `npusim.sweep` does, under the what-ifs; other passes of a long prompt, and other tokens of a growing
    cache, in proportion.

    Raises BadArgument for more than 10,000 points, and what `npusim.sweep` raises."""
    from npusim.sweeping.axes import make_axes
    from npusim.sweeping.run import sweep

    axes = make_axes(vary, hw, grid=True)
    points = int(np.prod([len(axis.values) for axis in axes]))
    if points > MOST_POINTS:
        raise BadArgument(
            f"--vary asks for {points:,} NPUs; ask for {MOST_POINTS:,} at most, or use npusim sweep"
        )
    asked = found.asked
    past, size = asked.chunks[-1]
    before = asked.before[len(asked.before) // 2]
    graphs = {"prompt": passes.graph(size, past), "token": passes.graph(1, before)}
    data = sweep(graphs, hw, vary, compiler=compiler, precision=precision, what_ifs=what_ifs)
    here = sweep(
        graphs,
        hw,
        {axes[0].name: [_now(hw, axes[0].name, compiler, precision)]},
        compiler=compiler,
        precision=precision,
        what_ifs=what_ifs,
    )
    known = {"prompt": found.first_token_us, "token": found.step.time_us}
    host = {"prompt": found.prompt_parts_us["host"], "token": found.step.parts_us["host"]}
    times = {}
    for name in graphs:
        own = np.asarray(here["latency_us"].sel(model=name)).ravel()[0]
        times[name] = (
            np.asarray(data["latency_us"].sel(model=name)) / own * (known[name] - host[name]) + host[name]
        )
    names = [axis.name for axis in axes]
    grid = np.meshgrid(*[np.arange(len(axis.values)) for axis in axes], indexing="ij")
    return tuple(
        Varied(
            {name: _plain(axes[k].values[grid[k][at]]) for k, name in enumerate(names)},
            asked.batch * 1e6 / float(times["token"][at]),
            float(times["prompt"][at]),
        )
        for at in np.ndindex(*times["token"].shape)
    )


def page(found: tuple[Varied, ...], width: int) -> list[Line]:
    """A row for each NPU; of many, the fastest."""
    shown = sorted(found, key=lambda v: -v.tokens_per_s)[:ROWS] if len(found) > ROWS else found
    names = list(shown[0].values)
    header = (*names, "tokens/s", "first token")
    rows = [
        (
            *(f"{value:g}" if isinstance(value, int | float) else str(value) for value in v.values.values()),
            digits(v.tokens_per_s),
            time(v.first_token_us),
        )
        for v in shown
    ]
    lines = table(header, rows, width, words=())
    left = len(found) - len(shown)
    return (
        lines
        if not left
        else [*lines, Line(f"the fastest {len(shown)} of {len(found)}; --json has all", "dim")]
    )


def _now(hw: Hardware, name: str, compiler: str, precision: str) -> Any:
    """The value a name has where nothing is varied."""
    return {"compiler": compiler, "precision": precision}.get(name) or load_profile(compiler).priced(hw).get(
        name
    )


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
