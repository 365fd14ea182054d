"""Which number of this NPU matters for this graph: the elasticity of latency to every pricing number.

An elasticity is d ln latency / d ln number: -0.4 says that 1 % more of the number takes 0.4 % off the latency.
All numbers are asked at once: the hardware becomes arrays of 2 x numbers + 1 points, each number being its own
value except at its two points, and the plan is compiled and priced once.

    from npusim.tradeoff.sensitivity import sensitivity
    for row in sensitivity(graph, npusim.hardware("lunar_lake")).elasticities[:10]: print(row)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import STRUCTURAL, Hardware
from npusim.arch.units import Bounds, bounds, shown, unit
from npusim.choices import Mode, choose
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DspTask, Plan
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument
from npusim.measures import host_ns
from npusim.pricing import timeline
from npusim.simulation import DEFAULT_COMPILER, DEFAULT_HARDWARE, Machine, Model, graph_of, hardware_of
from npusim_xamba.envelope import envelope

ZERO = 1e-9  # below this an elasticity is the rounding of the sums, not an influence
#: Counts come rounded up to a multiple of these: moved by 1 % they would only measure the rounding.
GRAINS = ("mac_array.convolution.input_align_bytes",)
LEAST_US = 1e-3  # a smaller change is none to a reader
#: By how much a number that is 0 is moved, by its unit.
ABSOLUTE = {"ns": 100.0, "cycle": 100.0, "cycle/element": 0.1, "cycle/row": 1.0, "1": 0.1}


@dataclass(frozen=True, slots=True)
class Elasticity:
    """One number's influence: ln(latency at `high` / latency at `low`) / ln(high / low).

    `low` and `high` are the values that were compared: `step` to either side, cut at the bounds of the schema
    (a ratio of at least 1 that is 1 is only raised), the half and the double of a whole number or of one of GRAINS.
    `source` is the kind of source of the value: published, measured, fitted or assumed."""

    name: str
    value: float
    unit: str
    source: str
    elasticity: float
    low: float
    high: float
    low_latency_us: float
    high_latency_us: float


@dataclass(frozen=True, slots=True)
class FromZero:
    """What a number that is 0 would do: the latency moves by `delta_us` when it is `step` (of its `unit`) instead.
    It has no elasticity, and 0 may be no more than what nobody has published."""

    name: str
    unit: str
    source: str
    step: float
    delta_us: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The answer: elasticities, the largest first; numbers without influence are left out and counted in
    `numbers`, how many were asked."""

    graph: str
    hardware: str
    compiler: str
    precision: str
    mode: str
    step: float
    latency_us: float
    numbers: int
    elasticities: tuple[Elasticity, ...]
    zeros: tuple[FromZero, ...] = ()


def sensitivity(
    graph: Model,
    hw: Machine = DEFAULT_HARDWARE,
    compiler: str | CompilerProfile = DEFAULT_COMPILER,
    precision: str = "fp16",
    step: float = 0.01,
    mode: str = "throughput",
    allow_unmodelled: bool = False,
) -> Sensitivity:
    """Elasticity of the latency of `graph` to every number of `hw` that prices a plan.

    Numbers that shape the plan (`STRUCTURAL`) have no derivative and are left out; sweep them instead. A number
    that is 0 has no elasticity and is asked in an absolute step (`zeros`); a kernel line that the plan does not use
    has elasticity 0.

    Args:
        step: relative step to either side, above 0 and at most 0.5.
        mode: 'latency' includes the host's part, as in `npusim.simulate`.

    Raises:
        BadArgument: a step or mode that is not on offer, or a hardware whose numbers are arrays already.
        UnknownOp, DoesNotFit: as `npusim.simulate`.
    """
    graph, hw = graph_of(graph), hardware_of(hw)
    if not 0 < step <= 0.5:
        raise BadArgument(f"step is {step}; give a relative step above 0 and at most 0.5, such as 0.01")
    mode = choose(Mode, mode)
    arrays = [name for name, value in hw.numbers().items() if np.ndim(value)]
    if arrays:
        raise BadArgument(f"{arrays[0]} is an array; sensitivity asks about one NPU, so give it one value")
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    hw = profile.priced(hw)
    plan = compile_graph(graph, hw, profile, precision, allow_unmodelled)
    steps = {name: pair for name, pair in _pairs(plan, hw, step).items() if pair[0] < pair[1]}
    zeros = _from_zero(plan, hw)
    count = 1 + 2 * len(steps)
    latencies = _latencies_us(plan, _varied(hw, steps, zeros), mode, points=count + len(zeros))
    moved = [_zero_row(hw, n, zeros[n], latencies[0], latencies[count + k]) for k, n in enumerate(zeros)]
    rows = [_row(hw, name, steps[name], latencies[2 * k + 1 : 2 * k + 3]) for k, name in enumerate(steps)]
    rows = [row for row in rows if abs(row.elasticity) > ZERO]
    return Sensitivity(
        graph=graph.name,
        hardware=hw.name,
        compiler=plan.compiler,
        precision=precision,
        mode=mode,
        step=step,
        latency_us=float(latencies[0]),
        numbers=len(pricing_numbers(hw)),
        elasticities=tuple(sorted(rows, key=lambda row: (-abs(row.elasticity), row.name))),
        zeros=tuple(
            sorted((z for z in moved if abs(z.delta_us) > LEAST_US), key=lambda z: (-abs(z.delta_us), z.name))
        ),
    )


def pricing_numbers(hw: Hardware) -> list[str]:
    """Dotted names of the numbers that price a plan and do not shape it."""
    return [name for name in hw.numbers() if name not in (*STRUCTURAL, "tiles_max")]


def to_document(found: Sensitivity) -> dict[str, Any]:
    """Plain values for JSON."""
    return envelope("npusim.sensitivity", asdict(found))


def _pairs(plan: Plan, hw: Hardware, step: float) -> dict[str, tuple[float, float]]:
    """The two values of every number that can move and that the plan can see."""
    return {
        name: _pair(hw.get(name), bounds(name), step, name in GRAINS)
        for name in _seen(plan, hw)
        if hw.get(name)
    }


def _seen(plan: Plan, hw: Hardware) -> list[str]:
    """Names of the numbers that the plan can see: of kernels, those it runs."""
    used = {ask.kernel for ask in plan.ask if isinstance(ask, DspTask)}
    kernels = "dsp.kernels."
    return [
        name
        for name in pricing_numbers(hw)
        if not name.startswith(kernels) or name.removeprefix(kernels).split(".")[0] in used
    ]


def _from_zero(plan: Plan, hw: Hardware) -> dict[str, float]:
    """The absolute steps of the numbers that are 0, by their unit."""
    found = {}
    for name in _seen(plan, hw):
        step = ABSOLUTE.get(unit(name))
        if not hw.get(name) and step is not None and not name.endswith("compiler_cycles_per_element"):
            found[name] = min(step, bounds(name).high)
    return found


def _pair(value: float, bound: Bounds, step: float, grain: bool) -> tuple[float, float]:
    if bound.whole or grain:  # lanes and blocks: a machine has half or twice as many, not 1 % more
        return max(value // 2, 1), value * 2
    return max(value * (1 - step), bound.low), min(value * (1 + step), bound.high)


def _varied(hw: Hardware, pairs: dict[str, tuple[float, float]], zeros: dict[str, float]) -> Hardware:
    """`hw` with arrays of 1 + 2 x len(pairs) + len(zeros) points: itself, then one number moved at a time."""
    changes, first = {}, 1 + 2 * len(pairs)
    for k, (name, pair) in enumerate(pairs.items()):
        points = np.full(first + len(zeros), hw.get(name), dtype=np.result_type(*pair))
        points[2 * k + 1 : 2 * k + 3] = pair
        changes[name] = points
    for k, (name, step) in enumerate(zeros.items()):
        points = np.zeros(first + len(zeros))
        points[first + k] = step
        changes[name] = points
    return hw.replace(changes)


def _latencies_us(plan: Plan, hw: Hardware, mode: str, points: int) -> np.ndarray:
    line = timeline(plan, hw)
    host = host_ns(plan.graph, hw) if mode == "latency" else 0.0
    return np.broadcast_to((line.latency_ns + host) * 1e-3, (points,))  # a plan without tasks has one latency


def _zero_row(hw: Hardware, name: str, step: float, latency_us: float, moved_us: float) -> FromZero:
    delta = float(moved_us) - float(latency_us)
    return FromZero(name, shown(unit(name)), hw.sources[name].kind, step, delta)


def _row(hw: Hardware, name: str, pair: tuple[float, float], latencies_us: np.ndarray) -> Elasticity:
    low_us, high_us = latencies_us.tolist()
    moved = np.log(high_us / low_us) / np.log(pair[1] / pair[0]) if low_us and high_us else 0.0
    return Elasticity(
        name=name,
        value=hw.get(name),
        unit=shown(unit(name)),
        source=hw.sources[name].kind,
        elasticity=float(moved),
        low=float(pair[0]),
        high=float(pair[1]),
        low_latency_us=low_us,
        high_latency_us=high_us,
    )
