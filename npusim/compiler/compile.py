"""Graph and hardware -> plan."""

from __future__ import annotations

from dataclasses import replace

from npusim.arch.hardware import Hardware
from npusim.compiler.emit import Emitter
from npusim.compiler.fuse import fuse
from npusim.compiler.place import Placed, Placer
from npusim.compiler.plan import Plan, Unpriced
from npusim.compiler.prefetch import weight_chunks
from npusim.compiler.profile import CompilerProfile
from npusim.compiler.residency import residences
from npusim.compiler.scratchpad import Scratchpad
from npusim.errors import BadArgument, UnknownOp
from npusim.graph import DType, Graph, Node, Value
from npusim.work import MoveWork, VectorWork

PRECISIONS = ("fp16", "int8")


def compile_graph(
    graph: Graph,
    hw: Hardware,
    profile: CompilerProfile,
    precision: str = "fp16",
    allow_unmodelled: bool = False,
) -> Plan:
    """The plan of a graph. Reads structural numbers of `hw` only (tiles, scratchpad, ports, DSPs a tile,
    lookup unit, generation).

    Raises UnknownOp (an op without a rule, unless `allow_unmodelled`), DoesNotFit, BadArgument."""
    if precision not in PRECISIONS:
        raise BadArgument(f"precision '{precision}' is not on offer; choose from {', '.join(PRECISIONS)}")
    generation, notes = profile.generation_for(hw)
    fused = fuse(graph, profile, generation, bool(hw.mac_array.lookup_unit), precision)
    warnings = [*graph.warnings, *notes]
    placed, unpriced, fused = _place(fused, hw, generation, profile, allow_unmodelled)
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
    groups = generation in profile.groups_over_tiles
    emitter = Emitter(sizes, tiles, int(hw.dsp.per_tile), int(hw.dma.ports), groups, profile.dsp.one_a_tile)
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
    graph: Graph, hw: Hardware, generation: str, profile: CompilerProfile, allow_unmodelled: bool
) -> tuple[list[Placed], list[Unpriced], Graph]:
    """All nodes placed, with conversions of float32 inputs before their first reader and of float32 outputs
    behind their producer."""
    one_dsp = frozenset(profile.dsp.one_dsp)
    placer = Placer(graph, profile, generation, one_dsp, bool(hw.mac_array.lookup_unit), int(hw.tiles))
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
            for name in node.outputs:
                placer.alias[name] = next((n for n in node.inputs if n and not values[n].constant), name)
            continue
        if step is None:
            continue
        for name in step.reads:
            if name in waiting:
                waiting.discard(name)
                inside = f"{name}/fp16"
                values[inside] = replace(values[name], name=inside, dtype=DType.FLOAT16)
                converted[name] = inside
                placed.append(
                    _conversion(
                        f"{name}/convert", name, inside, values, profile.input_convert.get(generation, "dma")
                    )
                )
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
            placed.append(
                _conversion(
                    f"{name}/convert", source, out, values, profile.output_convert.get(generation, "dma")
                )
            )
        elif source in graph.inputs and name != source and value.elements:
            placed.append(_copied_input(name, source, value))
    left = {n for step in placed if step.node.op_type == "Copy" for n in step.writes}
    outputs = tuple(
        f"{n}/fp32" if f"{n}/fp32" in values else n if n in left else placer.root(n) for n in graph.outputs
    )
    return placed, unpriced, replace(graph, values=values, outputs=outputs)


def _conversion(name: str, source: str, result: str, values: dict[str, Value], engine: str) -> Placed:
    """float32 <-> fp16 at the edge of the graph, by DMA or by a DSP kernel."""
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


def _copied_input(name: str, source: str, value: Value) -> Placed:
    """An output that is only a view of an input is another buffer all the same."""
    size = 4.0 if value.dtype is DType.FLOAT else value.dtype.npu_bytes
    work = MoveWork(value.elements * size, destination="ddr")
    why = "an output that is a view of an input of the graph is copied by the DMA"
    node = Node(f"{name}/copy", "Copy", (source,), (name,))
    return Placed(node, "dma", (work,), "dma", why, (source,), (name,), 0.0, 0.0)


def _node_bytes(node: Node, values: dict[str, Value]) -> float:
    return sum(values[n].npu_bytes for n in (*node.inputs, *node.outputs) if n and n in values)
