"""Graph and hardware -> plan."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from npusim.arch.hardware import Hardware
from npusim.choices import Precision, choose
from npusim.compiler.chains.activated import activated_products
from npusim.compiler.chains.chains import find_chains
from npusim.compiler.chains.equal_operands import equal_operands
from npusim.compiler.chains.fed_forward import fed_forward
from npusim.compiler.chains.gated import gated
from npusim.compiler.chains.guarded import turned_scores
from npusim.compiler.chains.heads import heads_apart
from npusim.compiler.chains.masked import masked_groups, masked_sums
from npusim.compiler.chains.scaled_scores import scores_apart
from npusim.compiler.chains.scans import handed_on, staying
from npusim.compiler.chains.sums_and_scales import summed_and_scaled
from npusim.compiler.cutting.strips import Machine
from npusim.compiler.edges import Edges
from npusim.compiler.emit.emit import Emitter
from npusim.compiler.fuse import fuse
from npusim.compiler.fuse.early_slices import early_slices
from npusim.compiler.guard import BREAKS, TaskBudget, broken
from npusim.compiler.kept import keep, kept
from npusim.compiler.late import as_late_as_read
from npusim.compiler.layouts.aligned import without_copies
from npusim.compiler.layouts.channel_shares import in_sixteens
from npusim.compiler.layouts.expanded import expanded_in_pieces
from npusim.compiler.layouts.folded_columns import NO_FOLDS, folds_of
from npusim.compiler.layouts.lines import Lines
from npusim.compiler.layouts.part_images import images_of_parts
from npusim.compiler.layouts.pixel_lists import Lists
from npusim.compiler.layouts.pooled_images import results_crossing
from npusim.compiler.layouts.rows_of_batch import rows_of_batch
from npusim.compiler.layouts.scan_slices import ScanSlices
from npusim.compiler.layouts.state_sums import StateSums
from npusim.compiler.layouts.turned import stays_copied, turned_by_steps
from npusim.compiler.lowering.head_cuts import NO_HEADS
from npusim.compiler.lowering.lone_images import lone_images
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed, Placer
from npusim.compiler.lowering.works import WIDE_ROWS
from npusim.compiler.order import in_canonical_order
from npusim.compiler.plan import Plan, Unpriced
from npusim.compiler.planes.filled_pools import filled_up
from npusim.compiler.planes.image_channels import over_channels
from npusim.compiler.planes.planes import plane_chains
from npusim.compiler.residency.calls import called, of_one_image
from npusim.compiler.residency.copied_parts import parts_copied
from npusim.compiler.residency.enlarged_lines import enlarged_by_lines, interpolated_apart
from npusim.compiler.residency.joined import JOINED_SHARE
from npusim.compiler.residency.padded_channels import with_channels
from npusim.compiler.residency.residency import residences
from npusim.compiler.residency.shared_weights import loaded_once
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.scratchpad.joined_halves import joined_halves
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.rows_alike import shared_rows
from npusim.compiler.weights.prefetch import weight_chunks
from npusim.errors import UnknownOp
from npusim.graph import DType, Graph, Node, Value
from npusim.ops.counting import PIXELS_PER_ROW
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
    graph: Graph,
    hw: Hardware,
    profile: CompilerProfile,
    precision: str,
    allow_unmodelled: bool,
    max_memory_bytes: float | None,
) -> Plan:
    """The plan, made anew."""
    generation, notes = profile.generation_for(hw)
    asked, batch = graph, 1
    if generation in profile.batches_called:
        graph, batch = of_one_image(graph)
    fused = fuse(in_canonical_order(graph), profile, generation, bool(hw.mac_array.lookup_unit), precision)
    if profile.fusion.early_slices:
        fused = early_slices(fused)
    warnings = [*graph.warnings, *notes]
    placed, unpriced, fused, part_of, padded, lists = _place(
        fused, hw, generation, profile, allow_unmodelled, max_memory_bytes
    )
    outputs = frozenset(fused.outputs)
    if profile.memory.late_as_read:
        placed = as_late_as_read(placed, profile.memory.late_as_read == "all")
    if batch > 1:
        placed = called(placed, fused, batch)
    tiles, capacity = int(hw.tiles), float(hw.scratchpad.capacity_bytes)
    if profile.turns_guarded_scores:
        placed = turned_scores(placed, fused.values, tiles, capacity * profile.memory.pipelined_share)
    if generation in profile.memory.rows_of_batches:
        apart = profile.memory.rows_of_batches[generation] == "shifts apart"
        placed = rows_of_batch(placed, fused.values, tiles, apart)
    if profile.memory.as_scheduled:
        most = profile.memory.enlarged_by_lines.get(generation, inf)
        placed = interpolated_apart(enlarged_by_lines(placed, fused.values, most, tiles), fused.values)
    heads = NO_HEADS
    if generation in profile.heads_apart:
        placed, heads = heads_apart(placed, fused.values, outputs)
    sizes = {n: fused.values[n].npu_bytes for step in placed for n in (*step.reads, *step.writes)}
    inputs = frozenset(fused.inputs)
    for name in list(sizes):
        if fused.values[name].dtype is DType.FLOAT and edge_of(name, part_of) in inputs:
            sizes[name] = fused.values[name].elements * 4.0
    room = tiles * capacity * profile.memory.resident_share
    groups = generation in profile.groups_over_tiles
    turns = groups and generation in profile.memory.operands_in_strips
    on_tile = (tiles, capacity * profile.memory.pipelined_share) if turns else None
    placed = lists.turned(placed, fused.values, sizes, outputs)
    if generation in profile.memory.lists_copied:
        lists.copy(placed, fused.values, part_of)
    halves: dict[str, int] = {}
    if profile.memory.natural_cuts:
        most, edge = JOINED_SHARE * tiles * capacity, frozenset((*fused.inputs, *fused.outputs))
        in_ddr = *profile.memory.joined_in_ddr(generation), tiles
        beside = generation in profile.memory.padded_channels_in_ddr
        placed = with_channels(placed, fused.values, sizes, edge, beside, profile.memory.as_scheduled)
        halves_most = profile.memory.halves_joined.get(generation, 0.0) * tiles * capacity
        halves = joined_halves(placed, sizes, part_of, halves_most, edge)
        placed = parts_copied(placed, fused.values, sizes, part_of, most, edge, *in_ddr, halves)
    placed = images_of_parts(placed, tiles, generation, generation in profile.memory.rows_around)
    if profile.memory.expands_in_pieces:
        placed = expanded_in_pieces(placed, fused.values, inputs, outputs, capacity)
    how = profile.fusion.scores_scaled_apart.get(generation, "") if tiles > 1 else ""
    placed, scaled, in_strips = scores_apart(placed, fused.values, how)
    masks = profile.memory.masked_scores.get(generation, "")
    masked = masked_sums(placed, sizes, outputs, tiles, masks)
    placed, chains = find_chains(placed, sizes, room, outputs, heads.softmax, on_tile, masked | scaled)
    batches = profile.memory.as_scheduled and groups
    placed, chains = equal_operands(
        placed, chains, fused.values, sizes, profile.writes_out, room, batches, masked
    )
    placed, chains = masked_groups(placed, chains, masked | in_strips, sizes, tiles * capacity, masks)
    if profile.memory.natural_cuts:
        placed = without_copies(placed, outputs)
    placed, on_all_tiles = gated(placed, outputs)
    sizes |= {n: fused.values[n].npu_bytes for n in part_of.values() if n not in sizes}
    ranks = {n: len(fused.values[n].shape) for n in sizes}
    stay = staying(placed, fused.values, profile.memory, generation, tiles, part_of)
    stay |= handed_on(placed, fused.values, profile.memory, generation, tiles, frozenset(part_of.values()))
    stay |= lists.stay
    wholes = frozenset(part_of.values())
    stay |= shared_rows(placed, fused.values, tiles, wholes)
    if generation in profile.memory.scales_between_sums_stay:
        stay |= summed_and_scaled(placed, fused.values, outputs, wholes)
    ends = generation in profile.memory.kernels_without_halo
    pixels = WIDE_ROWS if generation in profile.rows_of_eight else PIXELS_PER_ROW
    folds = NO_FOLDS
    if profile.memory.planes_as_scheduled:
        folds = folds_of(placed, fused.values, capacity, outputs, not ends)
        placed = folds.worked(placed)
    scratchpad = Scratchpad(
        placed,
        sizes,
        profile.memory,
        tiles,
        capacity,
        part_of,
        generation,
        stay,
        pixels,
        not groups,
        on_all_tiles,
        heads,
        folds,
        halves,
        lists,
    )
    scratchpad.in_ddr.update(fused.inputs, padded)
    lone = lone_images(placed, frozenset(graph.outputs))
    if generation in profile.memory.images_over_channels:
        by_law = lone if profile.memory.turns_in_strips else frozenset()
        scratchpad.over_channels = over_channels(placed, sizes, room, tiles, capacity, by_law)
    if generation in profile.memory.folded_images_pooled:
        scratchpad.pooled = results_crossing(placed, fused.values, tiles)
    dsps = tiles * int(hw.dsp.per_tile)
    machine = Machine(
        tiles, dsps, scratchpad.pipelined_bytes, scratchpad.kernels_wait, ends,
        both_axes=generation in profile.memory.strips_both_ways,
        image_alone=generation in profile.pads_images,
        turns=generation in profile.memory.turns_in_strips,
        as_scheduled=profile.memory.planes_as_scheduled, resident=room, rows_around=scratchpad.rows_around,
        one_kernel=groups, least_sum=profile.memory.sums_pipelined.get(generation, inf),
        image_stems=generation in profile.memory.images_pipelined,
        tile_bytes=capacity, by_themselves=frozenset(scratchpad.over_channels),
        window_bytes=scratchpad.window_room.tile_bytes, window_steps=scratchpad.window_room.steps_of,
        pooling_bytes=scratchpad.window_room.pooling_bytes,
    )  # fmt: skip
    planes = plane_chains(
        placed,
        sizes,
        fused.values,
        outputs,
        machine,
        lone,
        folds,
    )
    least = profile.memory.activated_in_step.get(generation)
    pairs = {}
    if least is not None:
        whole = tiles * capacity
        pairs = activated_products(placed, sizes, outputs, least, whole, tiles)
    if profile.memory.planes_as_scheduled:
        forward = fed_forward(placed, fused.values, sizes, outputs, machine)
        taken = {k + i for k, n in chains.items() for i in range(n)}
        taken |= {k + i for k, (n, _) in planes.items() for i in range(n)}
        forward = {k: f for k, f in forward.items() if taken.isdisjoint(range(k, k + f[0]))}
        within = {k + i for k, (n, _) in forward.items() for i in range(n)}
        pairs = {k: n for k, n in pairs.items() if within.isdisjoint((k, k + 1))}
        planes |= forward
    residence = residences(placed, scratchpad, ranks, outputs, capacity, chains, planes, pairs)
    loaded_once(placed, residence, fused.values, room, tiles)
    due = weight_chunks(
        placed,
        residence,
        room,
        profile.memory.prefetch_steps,
        tiles,
        dsps,
        generation in profile.counts_zeros,
        again=batch > 1,
        ports=int(hw.dma.ports),
    )
    own = profile.prices.kernels.get(generation, {})
    renamed = profile.dsp.lines.get(generation, {})
    lines = {a: b for a, b in renamed.items() if b in hw.dsp.kernels and a not in own}
    emitter = Emitter(
        sizes, tiles, int(hw.dsp.per_tile), int(hw.dma.ports), groups, part_of, profile.dsp.one_a_tile, lines,
        generation in profile.memory.whole_copies, generation in profile.channels_to_all_tiles,
        generation in profile.memory.halves_odd_slices, machine.turns,
        generation in profile.memory.pads_few_terms, generation in profile.counts_zeros,
    )  # fmt: skip
    if generation in profile.control_transfers:
        emitter.control(placed)
    if shares := profile.memory.channels_in_sixteens.get(generation):
        placed = in_sixteens(
            placed, residence, fused.values, tiles, int(hw.dsp.per_tile), shares == "one_dsp"
        )
    for k, step in enumerate(placed):
        emitter.step(k, step, residence[k], due.get(k, []))
    if batch > 1:
        kept_shapes = {n: asked.values[n] for n in (*asked.inputs, *asked.outputs)}
        fused = replace(fused, values=fused.values | kept_shapes, outputs=asked.outputs)
    return emitter.plan.build(
        graph=fused,
        tiles=tiles,
        compiler=profile.name,
        precision=precision,
        unpriced=tuple(unpriced),
        warnings=tuple(warnings),
    )


def _place(
    graph: Graph,
    hw: Hardware,
    generation: str,
    profile: CompilerProfile,
    allow_unmodelled: bool,
    max_memory_bytes: float | None = None,
) -> tuple[list[Placed], list[Unpriced], Graph, dict[str, str], set[str], Lists]:
    """All nodes placed, with what is added at the edge of the graph, which tensors are parts of others,
    which inputs are loaded with padding, and which tensors are lists of pixels."""
    one_dsp = frozenset(profile.dsp.one_dsp)
    tile_bytes = float(hw.scratchpad.capacity_bytes)
    lookup, tiles = bool(hw.mac_array.lookup_unit), int(hw.tiles)
    placer = Placer(graph, profile, generation, one_dsp, lookup, tile_bytes, tiles)
    edges = Edges(graph, placer, profile, generation, tiles)
    if profile.memory.as_scheduled:
        edges.lines = Lines(edges)
    one_kernel = generation in profile.groups_over_tiles
    edges.sums = StateSums(edges, one_kernel)
    edges.scans = ScanSlices(edges, one_kernel)
    tasks = TaskBudget(len(graph.values), max_memory_bytes)
    placed: list[Placed] = []
    unpriced: list[Unpriced] = []
    for node in graph.nodes:
        try:
            step = placer.place(node)
        except UnknownOp:
            if not allow_unmodelled:
                raise
            unpriced.append(Unpriced(node, _node_bytes(node, edges.values)))
            source = next((n for n in node.inputs if n and not graph.values[n].constant), None)
            if source is not None:  # its readers wait for what it reads; without that, for nothing
                placer.alias.update((name, source) for name in node.outputs if name)
            continue
        except BREAKS as error:
            raise broken(graph, error, node) from error
        if step is not None:
            tasks.take(node, len(step.steps))
            step = stays_copied(step, edges.values, tile_bytes)
            for one in turned_by_steps(step, placer, edges.values, one_kernel):
                placed += edges.before(one)
    if profile.memory.as_scheduled and generation in profile.pads_images:
        placed = filled_up(placed, edges.values, tiles * tile_bytes)
    ends, outputs = edges.behind(placed)
    placed += ends
    fused = replace(graph, values=edges.values, outputs=outputs)
    order = placer.image_order
    return placed, unpriced, fused, placer.part_of, edges.padded, Lists(order.lists, order.listed_rows)


def _node_bytes(node: Node, values: dict[str, Value]) -> float:
    return sum(values[n].npu_bytes for n in (*node.inputs, *node.outputs) if n and n in values)
