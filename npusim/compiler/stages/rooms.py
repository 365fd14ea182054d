"""The scratchpads as the steps will find them, and the machine as groups of steps are cut for it."""

from __future__ import annotations

from collections.abc import Set
from math import inf

from npusim.compiler.chains.batched_masks import crossing_sums
from npusim.compiler.chains.masked import WHOLE
from npusim.compiler.chains.outer_products import made_whole
from npusim.compiler.chains.scans import handed_on, staying
from npusim.compiler.chains.sums_and_scales import summed_and_scaled
from npusim.compiler.chains.uneven_heads import crossing_heads, crossing_products
from npusim.compiler.cutting.strips import Machine
from npusim.compiler.emit.emit import Emitter
from npusim.compiler.layouts.folded_columns import Folds
from npusim.compiler.layouts.pooled_images import results_crossing
from npusim.compiler.layouts.uneven_sums import sums_crossing
from npusim.compiler.lowering.head_cuts import Heads
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.works import WIDE_ROWS
from npusim.compiler.planes.image_channels import over_channels
from npusim.compiler.residency.long_lines import line_means
from npusim.compiler.residency.phases import rows_apart, written_in_planes
from npusim.compiler.residency.scattered import MASKED_SCORES, SCALED_LINES, UNEVEN_LINES, UNEVEN_SUMS
from npusim.compiler.scratchpad.dense_parts import read_by_parts
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.scratchpad.square_means import square_means
from npusim.compiler.sharing.line_shares import Shares, shares_of_lines
from npusim.compiler.sharing.rows_alike import shared_rows
from npusim.compiler.sharing.same_passes import handed_to_the_next
from npusim.compiler.stages.site import Site
from npusim.ops.counting import PIXELS_PER_ROW


def kept_inside(placed: list[Placed], site: Site, sizes: dict[str, float]) -> frozenset[str]:
    """Tensors that stay in the scratchpads for whoever reads them, whatever else wants room."""
    memory, generation, values, tiles = site.memory, site.generation, site.values, site.tiles
    stay = staying(placed, values, memory, generation, tiles, site.part_of)
    stay |= handed_on(placed, values, memory, generation, tiles, site.wholes)
    stay |= site.lists.stay
    stay |= shared_rows(placed, values, tiles, site.wholes)
    stay |= handed_to_the_next(placed, values, site.wholes)
    if tokens := memory.outer_products.get(generation):
        stay |= made_whole(placed, values, sizes, site.outputs, site.wholes, site.room, tiles, tokens)
    if generation in memory.scales_between_sums_stay:
        stay |= summed_and_scaled(placed, values, site.outputs, site.wholes)
    return stay


def scratchpad_of(
    placed: list[Placed],
    site: Site,
    sizes: dict[str, float],
    heads: Heads,
    folds: Folds,
    halves: dict[str, int],
    on_all_tiles: frozenset[str],
    padded: Set[str],
    lone: frozenset[int],
) -> Scratchpad:
    """The scratchpads before the first step. `padded`: inputs that are loaded with padding; `lone`: steps for which
    the laws of size hold."""
    memory, generation, tiles, tile_bytes = site.memory, site.generation, site.tiles, site.tile_bytes
    wide = WIDE_ROWS if generation in site.profile.rows_of_eight else PIXELS_PER_ROW
    lines, around = Shares(), generation in memory.rows_around
    if memory.as_scheduled:
        lines = shares_of_lines(placed, site.values, tiles, wide, around)
    scratchpad = Scratchpad(
        placed,
        sizes,
        memory,
        tiles,
        tile_bytes,
        site.part_of,
        generation,
        kept_inside(placed, site, sizes) | lines.alike,
        wide,
        not site.groups,
        on_all_tiles,
        heads,
        folds,
        halves,
        site.lists,
        generation in site.profile.pads_images,
    )
    scratchpad.in_ddr.update(site.graph.inputs, padded)
    share = memory.resident_share
    scratchpad.read_by_parts = read_by_parts(placed, site.values, sizes, generation, share)
    scratchpad.lines, scratchpad.crossing = site.lines, dict.fromkeys(lines.crossing, UNEVEN_LINES)
    if site.groups and memory.masked_scores.get(generation):
        sums = crossing_sums(placed, site.values, tiles)
        if generation in memory.heads_in_rows:
            sums |= crossing_heads(placed, site.values, tiles, site.outputs)
        if memory.masked_scores[generation] == WHOLE:
            sums |= crossing_products(placed, site.values, tiles, site.outputs)
        scratchpad.crossing |= dict.fromkeys(sums, MASKED_SCORES)
    if generation in memory.scaled_lines_cross:
        scratchpad.crossing |= dict.fromkeys(lines.scaled, SCALED_LINES)
    if generation in memory.uneven_sums_cross:
        sums = sums_crossing(placed, site.values, folds, tiles)
        scratchpad.crossing |= dict.fromkeys(sums, UNEVEN_SUMS)
    if generation in memory.images_over_channels:
        by_law = lone if memory.turns_in_strips else frozenset()
        scratchpad.over_channels = over_channels(placed, sizes, site.room, tiles, tile_bytes, by_law)
    if generation in memory.folded_images_pooled:
        scratchpad.pooled = results_crossing(placed, site.values, tiles)
    rows = memory.square_means_cross.get(generation)
    scratchpad.square_means = square_means(placed, site.values, tiles, rows)
    if memory.as_scheduled:
        pads = generation in site.profile.pads_images
        scratchpad.phases_in_planes = written_in_planes(placed, site.values, pads)
        if generation in memory.moves_without_halo:
            scratchpad.rows_apart = rows_apart(placed, tiles) - scratchpad.phases_in_planes
    if scratchpad.cuts_lines:
        scratchpad.square_means |= line_means(placed, site.values, tiles)
    return scratchpad


def machine_of(site: Site, scratchpad: Scratchpad) -> Machine:
    """What cutting a group of steps in strips asks of the machine and its compiler."""
    memory, generation = site.memory, site.generation
    return Machine(
        site.tiles,
        site.dsps,
        scratchpad.pipelined_bytes,
        scratchpad.kernels_wait,
        generation in memory.kernels_without_halo,
        both_axes=generation in memory.strips_both_ways,
        image_alone=generation in site.profile.pads_images,
        turns=generation in memory.turns_in_strips,
        as_scheduled=memory.planes_as_scheduled,
        resident=site.room,
        rows_around=scratchpad.rows_around,
        one_kernel=site.groups,
        least_sum=memory.sums_pipelined.get(generation, inf),
        image_stems=generation in memory.images_pipelined,
        windows_alone=generation in memory.windows_cut_alone,
        images_in_turn=generation in memory.images_in_turn,
        turned_first=generation in memory.batches_turned_first,
        tile_bytes=site.tile_bytes,
        by_themselves=frozenset(scratchpad.over_channels),
        whole=scratchpad.whole,
    )


def emitter_of(site: Site, sizes: dict[str, float]) -> Emitter:
    """What writes the plan: each kernel under the line that prices it on this NPU."""
    profile, memory, generation = site.profile, site.memory, site.generation
    own = profile.prices.kernels.get(generation, {})
    renamed = profile.dsp.lines.get(generation, {})
    return Emitter(
        sizes,
        site.tiles,
        site.dsps_a_tile,
        site.ports,
        site.groups,
        site.part_of,
        profile.dsp.one_a_tile,
        {a: b for a, b in renamed.items() if b in site.hw.dsp.kernels and a not in own},
        generation in memory.whole_copies,
        generation in profile.channels_to_all_tiles,
        generation in memory.halves_odd_slices,
        generation in memory.turns_in_strips,
        generation in memory.pads_few_terms,
        generation in profile.counts_zeros,
        site.tile_bytes,
    )
