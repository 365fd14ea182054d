"""Plan, prices and timeline -> the report people read. For one point only (scalar hardware)."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import DSP, MAC_ARRAY, Ask, DmaTask, DspTask, MacTask, Plan, Step, engine_name
from npusim.measures import US, busy_us, critical_ns, ddr_bytes, engine_kind, host_ns, spans_ns
from npusim.pricing import Prices
from npusim.report.certainty import SOURCES, assumed, time_by_source
from npusim.report.chain import path_ns, waits_for
from npusim.report.doubts import rests_on_assumptions, sources_differ
from npusim.report.record import NodeReport, Report, TaskReport, Unmodelled
from npusim.schedule import Timeline
from npusim.work import MacOp
from npusim_xamba.envelope import versions


def build(plan: Plan, hw: Hardware, prices: Prices, line: Timeline, mode: str = "throughput") -> Report:
    """The report of one simulated run; with `mode` 'latency' the host's part is added."""
    host = float(host_ns(plan.graph, hw))
    host_us = host * US if mode == "latency" else 0.0
    launch, waits = prices.launch_ns.tolist(), prices.step_ns.tolist()
    choice = prices.choice.tolist()
    doubts = {kernels: sources_differ(kernels, hw) for kernels in {step.kernels for step in plan.steps}}
    nodes = [
        _node(
            plan,
            hw,
            prices,
            step,
            [t * US for t in span],
            critical * US,
            line.time_ns,
            launch,
            waits,
            choice,
            doubts[step.kernels],
        )
        for step, span, critical in zip(
            plan.steps,
            spans_ns(plan, line.start_ns, line.end_ns),
            critical_ns(plan, line.end_ns),
            strict=True,
        )
    ]
    times_us, waits_us = (t * US for t in line.time_ns), (w * US for w in waits)
    engines = busy_us(map(engine_kind, plan.queue), times_us, waits_us, int(hw.dma.ports))
    on_path = path_ns(plan, line)
    blocks = {i: _block(ask) for i, ask in enumerate(plan.ask) if isinstance(ask, MacTask)}
    shares = time_by_source(plan, hw, prices, on_path, blocks, host if mode == "latency" else 0.0)
    tasks = tuple(_task(plan, line, i, waits[i], choice[i], on_path[i] * US) for i in range(len(plan.queue)))
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


def _node(
    plan: Plan,
    hw: Hardware,
    prices: Prices,
    step: Step,
    span_us: Sequence[float],
    critical_us: float,
    time_ns: list[float],
    launch: list[float],
    waits: list[float],
    choice: list[int],
    doubt: str,
) -> NodeReport:
    tasks = (*step.tasks, *step.prefetch)
    kinds = [engine_kind(plan.queue[i]) for i in tasks]
    times_us, waits_us = (time_ns[i] * US for i in tasks), (waits[i] * US for i in tasks)
    total = busy_us(kinds, times_us, waits_us, int(hw.dma.ports))
    busy = {kind: total[kind] for kind in dict.fromkeys(kinds)}
    if total["step"]:
        busy["step"] = total["step"]
    nbytes = sum(ddr_bytes(plan.ask[i], plan.repeats[i]) for i in tasks)
    fixed = sum(launch[i] * US for i, kind in zip(tasks, kinds, strict=True) if kind != "dma")
    start, end = span_us
    split, tiles = _sharing(plan, step, choice)
    bound = _bound_by(busy, fixed)
    return NodeReport(
        name=step.node.name,
        op_type=step.node.op_type,
        engine=step.engine,
        start_us=start,
        duration_us=end - start,
        bound_by=bound,
        bytes_moved=nbytes,
        reason="; ".join(
            filter(
                None,
                (step.reason, _why_so_long(bound, busy, nbytes, fixed), doubt),
            )
        ),
        source=_source(plan, hw, prices, step),
        lowering=step.lowering,
        split=split,
        tiles=tiles,
        pieces=step.pieces,
        macs=step.macs,
        busy_us=busy,
        fused=step.node.absorbed,
        repeats=step.node.repeats,
        origin=step.node.metadata.get("xamba.from", "").partition(" ")[2],
        origin_op=step.node.metadata.get("xamba.from", "").partition(" ")[0],
        critical_us=critical_us,
        dsp_elements=sum(_dsp_elements(plan.ask[i]) * plan.repeats[i] for i in tasks),
        # Blocks on their way in and out are counted whole, so the sum may pass what there is.
        scratchpad_bytes=min(step.held_bytes, float(hw.scratchpad.capacity_bytes) * plan.tiles),
    )


def _dsp_elements(ask: Ask) -> float:
    return ask.elements * ask.parts * ask.launches if isinstance(ask, DspTask) else 0.0


def _bound_by(busy: dict[str, float], fixed_us: float) -> str:
    """The engine a step spends most time on, or the wait for its dispatch; 'launch' when most is fixed cost."""
    if not busy or max(busy.values()) <= 0:
        return "none"
    engine = max(busy, key=lambda e: busy[e])
    return "launch" if engine == "dsp" and fixed_us > busy[engine] / 2 else engine


def _why_so_long(bound: str, busy: dict[str, float], nbytes: float, fixed_us: float) -> str:
    """What a reader is told about the bound, when it is not the engine's own work."""
    compute = max(busy.get("mac_array", 0.0), busy.get("dsp", 0.0))
    if bound == "dma" and compute:
        moved = f"{nbytes / 1e6:.2f} MB, {busy['dma']:.1f} us a port"
        return f"its transfers ({moved}) take longer than its {compute:.1f} us of compute"
    if bound == "step":
        waits = busy["step"]
        return f"it waits for dispatch: {waits:.1f} of {waits + busy.get('mac_array', 0.0):.1f} us, the rest is work"
    if bound == "launch":
        return f"{fixed_us:.1f} of {compute:.1f} us are fixed cost of launching it"
    return ""


def _sharing(plan: Plan, step: Step, choice: list[int]) -> tuple[str, int]:
    for i in step.tasks:
        ask = plan.ask[i]
        if isinstance(ask, MacTask):
            way = ask.splits[choice[i]]
            return way, 1 if way == "none" else plan.tiles
        if isinstance(ask, DspTask):
            return ("none", 1) if ask.parts == 1 else (f"{ask.parts} DSPs", min(plan.tiles, ask.parts))
    return "none", plan.tiles


def _source(plan: Plan, hw: Hardware, prices: Prices, step: Step) -> str:
    """The weakest source among the constants that price a step's compute (or its transfers)."""
    kinds = set()
    for i in step.tasks:
        queue = plan.queue[i]
        if queue == MAC_ARRAY:
            kinds.add(hw.sources[f"mac_array.{_block(plan.ask[i])}.overhead_cycles"].kind)
        elif queue == DSP:
            kinds.add(prices.kinds[i])
    if not kinds:
        kinds.add(hw.sources["dma.latency_ns"].kind)
    return max(kinds, key=SOURCES.index)


_BLOCKS = {
    MacOp.CONVOLUTION: "convolution",
    MacOp.ELTWISE: "eltwise",
    MacOp.PERMUTE_IMAGE: "permute",
    MacOp.PERMUTE: "permute",
}


def _block(ask: Ask) -> str:
    """The block of constants that prices a MAC-array task."""
    op = ask.alternatives[0][0].op if isinstance(ask, MacTask) else MacOp.CONVOLUTION
    return _BLOCKS.get(op, "stencil")


def _task_tiles(plan: Plan, ask: Ask, choice: int) -> int:
    """Tiles a task keeps busy; a transfer keeps none."""
    if isinstance(ask, DspTask):
        return min(plan.tiles, ask.parts)
    return plan.tiles if isinstance(ask, MacTask) and ask.splits[choice] != "none" else 1


def _task(plan: Plan, line: Timeline, i: int, wait_ns: float, choice: int, path_us: float) -> TaskReport:
    ask = plan.ask[i]
    moves = ask if isinstance(ask, DmaTask) else None
    node = plan.steps[plan.step[i]].node.name
    return TaskReport(
        node=node,
        name=plan.label[i],
        engine=engine_name(plan.queue[i]),
        start_us=line.start_ns[i] * US,
        duration_us=(line.end_ns[i] - line.start_ns[i]) * US,
        nbytes=moves.nbytes if moves else 0.0,
        source=moves.source if moves else "",
        destination=moves.destination if moves else "",
        tiles=_task_tiles(plan, ask, choice),
        dsps=max(1, ask.parts // plan.tiles) if isinstance(ask, DspTask) else 1,
        pieces=plan.pieces[i],
        waits_for=waits_for(plan, i),
        path_us=path_us,
        step_us=wait_ns * US,
    )


def _coverage(
    plan: Plan, nodes: list[NodeReport], time_shares: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Share of nodes, MACs, bytes and time by how well the cost is known."""
    totals = {"nodes": len(nodes) + len(plan.unpriced), "macs": sum(n.macs for n in nodes)}
    unknown_bytes = sum(u.nbytes for u in plan.unpriced)
    totals["bytes"] = sum(n.bytes_moved for n in nodes) + unknown_bytes
    table = {s: dict.fromkeys((*totals, "time"), 0.0) for s in SOURCES}
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
