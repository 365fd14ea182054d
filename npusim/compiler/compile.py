"""Graph and hardware -> plan."""

from __future__ import annotations

from dataclasses import replace

from npusim.arch.hardware import Hardware
from npusim.choices import Precision, choose
from npusim.compiler.emit.broadcast import broadcast
from npusim.compiler.emit.image_by_image import crossing_apart
from npusim.compiler.fuse import fuse
from npusim.compiler.fuse.early_slices import early_slices
from npusim.compiler.kept import keep, kept
from npusim.compiler.layouts.channel_shares import in_sixteens
from npusim.compiler.layouts.filled_windows import filled_windows
from npusim.compiler.layouts.folded_columns import NO_FOLDS, folds_of
from npusim.compiler.layouts.padded_results import padded_sizes
from npusim.compiler.layouts.uneven_sums import sums_as_images
from npusim.compiler.lowering.lone_images import lone_images
from npusim.compiler.order import in_canonical_order
from npusim.compiler.plan import Plan
from npusim.compiler.residency.calls import of_one_image
from npusim.compiler.residency.residency import residences
from npusim.compiler.residency.shared_weights import loaded_once
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.sharing.head_shares import by_heads, heads_in_turn
from npusim.compiler.stages.grouped import attention_grouped, groups_of, members
from npusim.compiler.stages.placing import placed_one_by_one
from npusim.compiler.stages.rewritten import rewritten, sizes_of, with_copies
from npusim.compiler.stages.rooms import emitter_of, machine_of, scratchpad_of
from npusim.compiler.weights.prefetch import weight_chunks
from npusim.graph import Graph
from npusim.ops.registry import rules_known


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
    key = (
        hw.structure(), hw.name, tuple(hw.dsp.kernels), precision, allow_unmodelled, max_memory_bytes,
        rules_known(),
    )  # fmt: skip
    plan = kept(graph, profile, key)
    if plan is None:
        plan = _compiled(graph, hw, profile, precision, allow_unmodelled, max_memory_bytes)
        keep(graph, profile, key, plan)
    return plan


def _compiled(
    asked: Graph,
    hw: Hardware,
    profile: CompilerProfile,
    precision: str,
    allow_unmodelled: bool,
    max_memory_bytes: float | None,
) -> Plan:
    """The plan, made anew: nodes are fused, placed, written anew, grouped, laid out in the scratchpads and emitted."""
    generation, notes = profile.generation_for(hw)
    graph, batch = asked, 1
    if generation in profile.batches_called:
        graph, batch = of_one_image(asked, generation in profile.sequences_called)
    fused = fuse(in_canonical_order(graph), profile, generation, bool(hw.mac_array.lookup_unit), precision)
    if profile.fusion.early_slices:
        fused = early_slices(fused)
    first = placed_one_by_one(fused, hw, generation, profile, allow_unmodelled, max_memory_bytes)
    site = first.site
    placed, heads = rewritten(first.steps, site, batch)
    sizes = sizes_of(placed, site)
    placed, halves = with_copies(placed, site, sizes)
    placed, chains, on_all_tiles = attention_grouped(placed, site, sizes, heads)
    sizes |= {n: site.values[n].npu_bytes for n in site.part_of.values() if n not in sizes}
    ranks = {n: len(site.values[n].shape) for n in sizes}
    folds = NO_FOLDS
    if profile.memory.planes_as_scheduled:
        halo = generation not in profile.memory.kernels_without_halo
        scored = {n for k in members(chains) for n in placed[k].writes}
        folds = folds_of(placed, site.values, site.tile_bytes, site.outputs, halo, scored)
        placed = folds.worked(placed)
        placed, chains = filled_windows(placed, folds.filled, site.values, sizes, chains)
        with_padding = padded_sizes(placed, site.values, sizes, site.outputs, folds)
        placed = sums_as_images(placed, site.values, folds, with_padding.keys(), site.tiles)
        sizes |= with_padding
    lone = lone_images(placed, frozenset(graph.outputs))
    scratchpad = scratchpad_of(placed, site, sizes, heads, folds, halves, on_all_tiles, first.padded, lone)
    groups = groups_of(placed, site, sizes, chains, machine_of(site, scratchpad), lone, folds)
    residence = residences(
        placed, scratchpad, ranks, site.outputs, site.tile_bytes,
        groups.chains, groups.planes, groups.pairs, groups.products,
    )  # fmt: skip
    loaded_once(placed, residence, site.values, site.room, site.tiles)
    due = weight_chunks(
        placed,
        residence,
        site.room,
        profile.memory.prefetch_steps,
        site.tiles,
        site.dsps,
        generation in profile.counts_zeros,
        again=batch > 1,
        ports=site.ports,
        lone_constants=profile.memory.lone_constants,
    )
    emitter = emitter_of(site, sizes)
    outputs = set(site.graph.outputs)
    emitter.images, emitter.by_rows, emitter.whole_images = crossing_apart(
        placed, site.values, outputs, site.tiles
    )
    if generation not in (*profile.memory.rows_around, *profile.memory.turns_in_strips):
        emitter.broadcast = broadcast(placed, site.values, outputs, site.tiles)
    if generation in profile.control_transfers:
        emitter.control(placed)
    if shares := profile.memory.channels_in_sixteens.get(generation):
        one_dsp = shares == "one_dsp"
        placed = in_sixteens(placed, residence, site.values, site.tiles, site.dsps_a_tile, one_dsp)
    if shared := profile.memory.kernels_by_heads.get(generation):
        if generation in profile.groups_over_tiles:
            placed = heads_in_turn(placed, [r.pieces for r in residence])
        one = profile.dsp.one_a_tile
        placed = by_heads(placed, site.values, site.tiles, site.dsps_a_tile, shared == "whole", one)
    for k, step in enumerate(placed):
        emitter.step(k, step, residence[k], due.get(k, []))
    planned = site.graph
    if batch > 1:
        kept_shapes = {n: asked.values[n] for n in (*asked.inputs, *asked.outputs)}
        planned = replace(planned, values=planned.values | kept_shapes, outputs=asked.outputs)
    return emitter.plan.build(
        graph=planned,
        tiles=site.tiles,
        compiler=profile.name,
        precision=precision,
        unpriced=tuple(first.unpriced),
        warnings=(*graph.warnings, *notes),
    )
