"""The band around a predicted latency: between its ends it lies in 80 of 100 cases.

Every number and block that prices the plan is put at both ends of its 80 % range (`npusim.arch.spread`), one at a
time, all of them as one array of points through the functions that price a single NPU. What each does to the
logarithm of the latency adds up as independent errors do: the root of the sum of squares, up and down apart.

No draws: with a few hundred of them the outer percentiles wander by a tenth of their reach, and a wider spread may
narrow them. Here it never does, the same question always gives the same band, and each number's part in it is
known, so that numbers two runs share cancel in a comparison (`docs/why.md`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.spread import Spread, block_of, spreads
from npusim.columns import distinct
from npusim.compiler.plan import Plan
from npusim.measures import US, host_ns, kernels_of
from npusim.pricing import dma_times, dsp_times, mac_times, program_of, waiting_ns
from npusim.report.record import Doubt
from npusim.schedule import Timeline, run_points

#: What a plan gets wrong whatever the numbers: another release of the compiler is worth about a tenth, and published
#: networks left out of the fit are off by as much (`docs/fidelity.md`).
PLAN_SPREAD = 1.10
#: The part of it that one graph has alone, so that it stays in the ratio of two graphs planned by the same rules: signs
#: were held against Intel's compiler for gains above 5 % only (`docs/vendor_agreement.md`), and two make 5 %.
GRAPH_SPREAD = 1.04
CLOCK = "mac_array.clock_mhz"
_LEAST = 1e-9  # a smaller change of the logarithm is rounding


def band_us(latency_us: float, doubts: Iterable[Doubt]) -> tuple[float, float]:
    """Low and high end of the band around a latency; the latency is between them."""
    pairs = [d for d in doubts if d.low_us > 0]
    down = math.sqrt(math.fsum(math.log(latency_us / d.low_us) ** 2 for d in pairs)) if latency_us else 0.0
    up = math.sqrt(math.fsum(math.log(d.high_us / latency_us) ** 2 for d in pairs)) if latency_us else 0.0
    return latency_us * math.exp(-down), latency_us * math.exp(up)


def reach(ends: Iterable[Iterable[float]]) -> tuple[float, float]:
    """How far independent moves reach together, down and up (both positive): the root of the sum of squares of the
    lowest and of the highest end of each. Summed exactly, so that their order changes no bit."""
    moves = [(0.0, *one) for one in ends]
    down, up = (math.sqrt(math.fsum(end(one) ** 2 for one in moves)) for end in (min, max))
    return down, up


def doubts(plan: Plan, hw: Hardware, mode: str = "throughput") -> tuple[Doubt, ...]:
    """What each number does to the latency of `plan` on `hw` (scalars only), the widest first."""
    return doubted(plan, hw, mode)[1]


def doubted(plan: Plan, hw: Hardware, mode: str = "throughput") -> tuple[Timeline, tuple[Doubt, ...]]:
    """The timeline of `plan` on `hw`, and what each number does to its end: the first of the points is the run
    itself, to the last bit, so who wants both need not schedule it twice."""
    kernels = tuple(dict.fromkeys(kernel for _, kernel in kernels_of(plan)))
    asked = [s for s in spreads(hw, kernels) if s.down or s.up]
    with np.errstate(all="ignore"):  # an absurd machine may overflow at an end: that end is left out
        line, latency = _run(plan, hw, asked)
        if mode == "latency":
            latency = latency + _hosts_ns(plan, hw, asked)
    return line, _doubts(plan, hw, mode, asked, latency)


def _doubts(
    plan: Plan, hw: Hardware, mode: str, asked: list[Spread], latency: np.ndarray
) -> tuple[Doubt, ...]:
    point = float(latency[0])
    if not point or not math.isfinite(point):
        return ()
    found = []
    for k, spread in enumerate(asked):
        ends = [point, *(t for t in latency[2 * k + 1 : 2 * k + 3].tolist() if 0 < t < math.inf)]
        low, high = min(ends), max(ends)
        if math.log(high / low) > _LEAST:
            found.append(Doubt(hw.generation, spread.name, low * US, high * US))
    host = float(host_ns(plan.graph, hw)) if mode == "latency" else 0.0
    own = point - host
    rules = math.exp(math.sqrt(math.log(PLAN_SPREAD) ** 2 - math.log(GRAPH_SPREAD) ** 2))
    for name, factor in (
        (f"plan for {plan.tiles} tiles by compiler {plan.compiler}", rules),
        (f"plan of {plan.graph.name}, {len(plan.queue)} tasks", GRAPH_SPREAD),
    ):
        found.append(Doubt(hw.generation, name, (own / factor + host) * US, (own * factor + host) * US))
    return tuple(sorted(found, key=lambda d: -d.high_us / d.low_us))


def _run(plan: Plan, hw: Hardware, asked: list[Spread]) -> tuple[Timeline, np.ndarray]:
    """The timeline, and the NPU's time at 1 + 2 x len(asked) points: as it is, then each at its low and high end."""
    tasks = distinct(plan)
    c = tasks.columns
    points = 1 + 2 * len(asked)
    rate = _factors(asked, CLOCK, points)  # of all clocks: one ladder
    step = (
        hw.step.minimum_ns * _factors(asked, "step.minimum_ns", points) / rate
    )  # a step is cycles of that clock
    rows: list[np.ndarray] = []
    if c.of_mac:
        ops = np.asarray(c.of_mac.works.op)[c.of_mac.rows[c.of_mac.offsets], 0]
        blocks = [block_of(int(op)) for op in ops.tolist()]
        work = mac_times(c.of_mac, hw) * _each(asked, blocks, points) / rate
        stepping = hw.with_numbers({"step.minimum_ns": step})
        rows += list((work + waiting_ns(work, c.minimum_steps[c.mac], stepping)) * c.repeats[c.mac])
    if c.of_dsp:
        lines = [f"dsp.kernels.{name}" for name in c.of_dsp.kernels]
        rows += list(dsp_times(c.of_dsp, hw) * _each(asked, lines, points) / rate * c.repeats[c.dsp])
    if c.of_dma:
        ddr = "ddr.bandwidth_gb_per_s"
        moved = {
            "dsp.clock_mhz": hw.dsp.clock_mhz * rate,
            ddr: hw.ddr.bandwidth_gb_per_s * _factors(asked, ddr, points),
        }
        few, where = _few(moved, points)
        transfers = dma_times(c.of_dma, hw.with_numbers(few))[:, where]
        rows += list(transfers * _factors(asked, "dma", points) * c.repeats[c.dma])
    if not rows:
        return Timeline([], [], []), np.zeros(points)
    kinds = np.stack(rows)
    starts, ends = run_points(program_of(plan), kinds, tasks.place)
    line = Timeline([start.item(0) for start in starts], ends[:, 0].tolist(), kinds[tasks.place, 0].tolist())
    return line, np.asarray(np.maximum.reduce(ends))


def _hosts_ns(plan: Plan, hw: Hardware, asked: list[Spread]) -> Any:
    names = ("host.latency_ns", "host.float32_gb_per_s")
    points = 1 + 2 * len(asked)
    return host_ns(plan.graph, hw.with_numbers({n: hw.get(n) * _factors(asked, n, points) for n in names}))


def _factors(asked: list[Spread], name: str, points: int) -> np.ndarray:
    """1 everywhere but at the two points of `name`: the factors to its low and to its high end."""
    found = np.ones(points)
    for k, spread in enumerate(asked):
        if spread.name == name:
            found[2 * k + 1 : 2 * k + 3] = math.exp(-spread.down), math.exp(spread.up)
    return found


def _each(asked: list[Spread], names: list[str], points: int) -> np.ndarray:
    """A row of factors for each of `names`, [names, points]."""
    rows = {name: _factors(asked, name, points) for name in dict.fromkeys(names)}
    return np.stack([rows[name] for name in names])


def _few(moved: dict[str, np.ndarray], points: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The different points among columns of which each moves at few, and which of them each point is."""
    keys = list(zip(*(column.tolist() for column in moved.values()), strict=True))
    first = {key: k for k, key in reversed(list(enumerate(keys)))}
    place = {key: k for k, key in enumerate(first)}
    chosen = list(first.values())
    return {n: column[chosen] for n, column in moved.items()}, np.array([place[key] for key in keys])
