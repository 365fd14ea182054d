"""Graph and hardware -> plan."""

from __future__ import annotations

from dataclasses import replace

from npusim.arch.hardware import Hardware
from npusim.choices import Precision, choose
from npusim.compiler.emit import Emitter
from npusim.compiler.fuse import fuse
from npusim.compiler.guard import BREAKS, TaskBudget, broken
from npusim.compiler.place import Placed, Placer
from npusim.compiler.plan import Plan, Unpriced
from npusim.compiler.prefetch import weight_chunks
from npusim.compiler.profile import CompilerProfile
from npusim.compiler.residency import residences
from npusim.compiler.scratchpad import Scratchpad
from npusim.errors import UnknownOp
from npusim.graph import DType, Graph, Node, Value
from npusim.work import MoveWork, VectorWork


def compile_graph(
    graph: Graph,
    hw: Hardware,
    profile: CompilerProfile,
    precision: str = "fp16",
    allow_unmodelled: bool = False,
    max_memory_bytes: float | None = None,
) -> Plan:
    """The plan of a graph. Reads structural numbers of `hw` only (tiles, scratchpad, ports, DSPs a tile,
    lookup unit, generation).

    Raises UnknownOp (an op without a rule, unless `allow_unmodelled`), DoesNotFit, BadArgument, TooLarge
    (more tasks than `max_memory_bytes` hold; by default more than 10 a tensor and 50,000)."""
    precision = choose(Precision, precision)
    fused = fuse(graph, profile, hw.generation, bool(hw.mac_array.lookup_unit), precision)
    warnings = list(graph.warnings)
    if hw.generation in profile.hypothesis_on:
        warnings.append(
            f"compiler {profile.name} never knew NPU {hw.generation}: its rules there are a hypothesis"
        )
    placed, unpriced, fused = _place(fused, hw, profile, allow_unmodelled, max_memory_bytes)
    tiles, capacity = int(hw.tiles), float(hw.scratchpad.capacity_bytes)
    sizes = {n: fused.values[n].npu_bytes for step in placed for n in (*step.reads, *step.writes)}
    for name in fused.inputs:
        if name in sizes and fused.values[name].dtype is DType.FLOAT:
            sizes[name] = fused.values[name].elements * 4.0
    ranks = {n: len(fused.values[n].shape) for n in sizes}
    pad = Scratchpad(placed, sizes, profile.memory, tiles, capacity)
    pad.in_ddr.update(fused.inputs)
    residence = residences(placed, pad, ranks, frozenset(fused.outputs), capacity)
    due = weight_chunks(
        placed, residence, tiles * capacity * profile.memory.resident_share, profile.memory.prefetch_steps
    )
    groups = hw.generation in profile.groups_over_tiles
    emitter = Emitter(sizes, tiles, int(hw.dsp.per_tile), int(hw.dma.ports), groups)
    for k, step in enumerate(placed):
        emitter.step(k, step, residence[k], due.get(k, []))
    b = emitter.plan
    return Plan(
        graph=fused,
        steps=tuple(b.steps),
        label=tuple(b.label),
        step=tuple(b.step),
        queue=tuple(b.queue),
        ask=tuple(b.ask),
        pieces=tuple(b.pieces),
        repeats=tuple(b.repeats),
        minimum_steps=tuple(b.minimum_steps),
        after=tuple(b.after),
        streams=tuple(b.streams),
        feeds=b.feeds,
        tiles=tiles,
        compiler=profile.name,
        precision=precision,
        unpriced=tuple(unpriced),
        warnings=tuple(warnings),
    )


def _place(
    graph: Graph,
    hw: Hardware,
    profile: CompilerProfile,
    allow_unmodelled: bool,
    max_memory_bytes: float | None = None,
) -> tuple[list[Placed], list[Unpriced], Graph]:
    """All nodes placed, with conversions of float32 inputs before their first reader and of float32 outputs
    behind their producer."""
    one_dsp = frozenset(profile.dsp.one_dsp)
    placer = Placer(graph, profile, hw.generation, one_dsp, bool(hw.mac_array.lookup_unit))
    tasks = TaskBudget(len(graph.values), max_memory_bytes)
    placed: list[Placed] = []
    unpriced: list[Unpriced] = []
    values = dict(graph.values)
    waiting = {n for n in graph.inputs if values[n].dtype is DType.FLOAT and values[n].elements}
    converted: dict[str, str] = {}
    for node in graph.nodes:
        try:
            step = placer.place(node)
        except UnknownOp:
            if not allow_unmodelled:
                raise
            unpriced.append(Unpriced(node, _node_bytes(node, values)))
            source = next((n for n in node.inputs if n and not values[n].constant), None)
            if source is not None:  # its readers wait for what it reads; without that, for nothing
                placer.alias.update((name, source) for name in node.outputs if name)
            continue
        except BREAKS as error:
            raise broken(graph, error, node) from error
        if step is None:
            continue
        tasks.take(node, len(step.steps))
        for name in step.reads:
            if name in waiting:
                waiting.discard(name)
                inside = f"{name}/fp16"
                values[inside] = replace(values[name], name=inside, dtype=DType.FLOAT16)
                converted[name] = inside
                placed.append(_conversion(f"{name}/convert", name, inside, values, profile.input_convert, hw))
        if converted:
            step = replace(step, reads=tuple(converted.get(n, n) for n in step.reads))
        placed.append(step)
    made = {n for s in placed for n in s.writes}
    for name in graph.outputs:
        source = placer.root(name)
        value = values[name]
        if source in made and value.dtype is DType.FLOAT and value.elements:
            out = f"{name}/fp32"
            values[out] = Value(out, value.shape, DType.UINT32)  # 4 bytes an element, as float32 in DDR
            placed.append(_conversion(f"{name}/convert", source, out, values, profile.output_convert, hw))
    outputs = tuple(f"{n}/fp32" if f"{n}/fp32" in values else placer.root(n) for n in graph.outputs)
    return placed, unpriced, replace(graph, values=values, outputs=outputs)


def _conversion(
    name: str, source: str, result: str, values: dict[str, Value], engines: dict[str, str], hw: Hardware
) -> Placed:
    """float32 <-> fp16 at the edge of the graph, by DMA or by a DSP kernel."""
    engine = engines.get(hw.generation, "dma")
    value = values[source]
    node = Node(name, "Convert", (source,), (result,))
    work: VectorWork | MoveWork
    if engine == "dsp":
        work = VectorWork("convert", value.elements, independent=max(1, value.elements))
        why = "float32 at the graph's edge is converted by a DSP kernel on this generation"
    else:
        work = MoveWork(value.elements * 4.0)
        why = "float32 at the graph's edge is converted by the DMA on this generation"
    return Placed(node, engine, (work,), engine, why, (source,), (result,), 0.0, 0.0)


def _node_bytes(node: Node, values: dict[str, Value]) -> float:
    return sum(values[n].npu_bytes for n in (*node.inputs, *node.outputs) if n and n in values)
