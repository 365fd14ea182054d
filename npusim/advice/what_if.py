"""The same plan on machines that differ in one thing: what twice the DMA, the DSPs or a clock would bring.

All machines are priced at once, as points of arrays; the plan is the same, as only numbers that price it change."""

from __future__ import annotations

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import DspTask, Plan
from npusim.measures import US
from npusim.pricing import timeline
from npusim.report.record import WhatIf

_LINE = ("launch_cycles", "cycles_per_element", "cycles_per_row")


def what_ifs(plan: Plan, hw: Hardware, host_us: float = 0.0) -> tuple[WhatIf, ...]:
    """Latencies of `plan`, microseconds, on machines that are twice as fast in one way, or launch for nothing."""
    kernels = sorted({ask.kernel for ask in plan.ask if isinstance(ask, DspTask)})
    lines = {f"dsp.kernels.{name}.{part}": 0.5 for name in kernels for part in _LINE}
    launches = {f"dsp.kernels.{name}.launch_cycles": 0.0 for name in kernels}
    asked: list[tuple[str, dict[str, float]]] = [
        ("DMA and DDR twice as fast", {"dma.bytes_per_cycle": 2.0, "ddr.bandwidth_gb_per_s": 2.0}),
        ("DSPs twice as fast", lines),
        ("MAC array at twice its clock", {"mac_array.clock_mhz": 2.0}),
        ("both clocks twice as fast", {"mac_array.clock_mhz": 2.0, "dsp.clock_mhz": 2.0}),
        ("launches and steps that cost nothing", {**launches, "step.minimum_ns": 0.0}),
    ]
    asked = [(name, {n: f for n, f in factors.items() if hw.get(n)}) for name, factors in asked]
    asked = [(name, factors) for name, factors in asked if factors]
    if not plan.queue:
        return ()
    changes = {}
    for number in dict.fromkeys(n for _, factors in asked for n in factors):
        points = np.full(len(asked), float(hw.get(number)))
        for k, (_, factors) in enumerate(asked):
            points[k] *= factors.get(number, 1.0)
        changes[number] = points
    latency = (
        np.broadcast_to(timeline(plan, hw.with_numbers(changes)).latency_ns, (len(asked),)) * US + host_us
    )
    return tuple(
        WhatIf(name, float(us), _shown(factors))
        for (name, factors), us in zip(asked, latency.tolist(), strict=True)
    )


def _shown(factors: dict[str, float]) -> dict[str, float]:
    """One name for the lines of all kernels."""
    kernels = {f for n, f in factors.items() if n.startswith("dsp.kernels.")}
    rest = {n: f for n, f in factors.items() if not n.startswith("dsp.kernels.")}
    return rest | ({"dsp.kernels": kernels.pop()} if len(kernels) == 1 else {})
