"""Plan, prices and timeline -> the report people read. For one point only (scalar hardware)."""

from __future__ import annotations

from typing import cast

from npusim.arch.hardware import Hardware
from npusim.arch.sources import COMPILER
from npusim.compiler.plan import Plan
from npusim.measures import US, busy_of_plan_us, critical_ns, host_ns, spans_ns
from npusim.pricing import Prices
from npusim.report.certainty import assumed, time_by_source
from npusim.report.chain import path_ns
from npusim.report.doubts import rests_on_assumptions
from npusim.report.nodes import Nodes
from npusim.report.record import NodeReport, Report, TaskReport, Unmodelled
from npusim.report.tasks import Tasks
from npusim.report.words import SOURCES
from npusim.schedule import Timeline
from npusim_xamba.envelope import versions


def build(plan: Plan, hw: Hardware, prices: Prices, line: Timeline, mode: str = "throughput") -> Report:
    """The report of one simulated run; with `mode` 'latency' the host's part is added."""
    host = float(host_ns(plan.graph, hw))
    host_us = host * US if mode == "latency" else 0.0
    spans, critical = spans_ns(plan, line.start_ns, line.end_ns), critical_ns(plan, line.end_ns)
    nodes = Nodes(plan, hw, prices).reports(spans, critical)
    engines = busy_of_plan_us(plan, prices.time_ns, prices.step_ns, int(hw.dma.ports))
    on_path = path_ns(plan, line)
    shares = time_by_source(plan, hw, prices, on_path, host if mode == "latency" else 0.0)
    tasks = cast(tuple[TaskReport, ...], Tasks(plan, line, prices, on_path))
    return Report(
        latency_us=float(line.latency_ns) * US + host_us,
        generation=hw.generation,
        graph=plan.graph.name,
        hardware=hw.name,
        compiler=plan.compiler,
        precision=plan.precision,
        tiles=plan.tiles,
        mode=mode,
        host_us=host_us,
        engines=engines,
        nodes=tuple(sorted(nodes, key=lambda n: n.start_us)),
        tasks=tasks,
        unmodelled=tuple(Unmodelled(u.node.name, u.node.op_type, u.nbytes) for u in plan.unpriced),
        coverage=_coverage(plan, nodes, shares),
        assumed=assumed(hw, engines["step"], host * US, mode),
        warnings=(*plan.warnings, *rests_on_assumptions(plan, hw, line)),
        macs=sum(n.macs for n in nodes),
        bytes_moved=sum(n.bytes_moved for n in nodes),
        nodes_in_file=plan.graph.in_file,
        nodes_folded=plan.graph.folded,
        clocks_mhz={"mac_array": float(hw.mac_array.clock_mhz), "dsp": float(hw.dsp.clock_mhz)},
        model_sha256=plan.graph.sha256,
        versions=versions(),
        peaks=peaks(hw, plan.tiles, plan.precision),
        scratchpad_bytes=float(hw.scratchpad.capacity_bytes) * plan.tiles,
    )


def peaks(hw: Hardware, tiles: int, precision: str) -> dict[str, float]:
    """What the machine can do in a microsecond: the roofs of a roofline. A DSP does one operation on each 16-bit
    element of a vector in a cycle."""
    ratio = float(hw.mac_array.fp16_ratio) if precision == "fp16" else 1.0
    lanes = float(hw.dsp.vector_bits) / 16 * int(hw.dsp.per_tile) * tiles
    return {
        "macs": float(hw.mac_array.macs_per_cycle) / ratio * tiles * float(hw.mac_array.clock_mhz),
        "dsp_elements": lanes * float(hw.dsp.clock_mhz),
        "ddr_bytes": float(hw.ddr.bandwidth_gb_per_s) * 1e3,
    }


def _coverage(
    plan: Plan, nodes: list[NodeReport], time_shares: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Share of nodes, MACs, bytes and time by how well the cost is known."""
    totals = {"nodes": len(nodes) + len(plan.unpriced), "macs": sum(n.macs for n in nodes)}
    unknown_bytes = sum(u.nbytes for u in plan.unpriced)
    totals["bytes"] = sum(n.bytes_moved for n in nodes) + unknown_bytes
    asked = {*time_shares, *(n.source for n in nodes)}  # "compiler" only where its own prices are in use
    table = {s: dict.fromkeys((*totals, "time"), 0.0) for s in SOURCES if s != COMPILER or s in asked}
    for kind, part in time_shares.items():
        table[kind]["time"] = part
    for n in nodes:
        row = table[n.source]
        for key, amount in (
            ("nodes", 1.0),
            ("macs", n.macs),
            ("bytes", n.bytes_moved),
        ):
            row[key] += amount / (totals[key] or 1)
    table["unknown"]["nodes"] += len(plan.unpriced) / (totals["nodes"] or 1)
    table["unknown"]["bytes"] += unknown_bytes / (totals["bytes"] or 1)
    return table
