"""Steps as a generation's compiler writes them anew: later, image by image, as copies, channel by channel."""

from __future__ import annotations

from math import inf

from npusim.compiler.chains.cached_operands import padded_as_loaded, scaled_operands
from npusim.compiler.chains.flags import flags_converted
from npusim.compiler.chains.guarded import turned_scores
from npusim.compiler.chains.heads import heads_apart
from npusim.compiler.late import as_late_as_read
from npusim.compiler.layouts.batch_sums import batch_sums_turned
from npusim.compiler.layouts.expanded import expanded_in_ddr, expanded_in_pieces, written_in_full
from npusim.compiler.layouts.images_on_tiles import images_on_tiles
from npusim.compiler.layouts.part_images import images_of_parts
from npusim.compiler.layouts.pixel_scales import pixels_scaled
from npusim.compiler.layouts.rows_of_batch import rows_of_batch
from npusim.compiler.layouts.sliced_images import images_of_slices
from npusim.compiler.lowering.head_cuts import NO_HEADS, Heads
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.subtractions import subtractions_apart
from npusim.compiler.residency.calls import called
from npusim.compiler.residency.copied_parts import parts_copied
from npusim.compiler.residency.dense_wholes import open_wholes
from npusim.compiler.residency.enlarged_lines import enlarged_by_lines, interpolated_apart
from npusim.compiler.residency.joined import JOINED_SHARE
from npusim.compiler.residency.padded_channels import with_channels
from npusim.compiler.scratchpad.joined_halves import joined_halves
from npusim.compiler.stages.site import Site
from npusim.graph import DType


def rewritten(placed: list[Placed], site: Site, batch: int) -> tuple[list[Placed], Heads]:
    """Steps in another order, called image by image, turned, or apart for each head; and what heads are cut apart."""
    memory, generation, values, tiles = site.memory, site.generation, site.values, site.tiles
    if memory.late_as_read:
        placed = as_late_as_read(placed, memory.late_as_read == "all")
    if memory.planes_as_scheduled:
        placed = subtractions_apart(placed, values, site.inputs)
    if generation in memory.images_in_turn:
        each = tiles if generation in memory.images_on_tiles else 0
        placed = batch_sums_turned(placed, values, each)
        once = generation in memory.batched_windows_once
        placed = images_on_tiles(placed, values, tiles, site.tile_bytes, once) if each else placed
    if batch > 1:
        placed = called(placed, site.graph, batch)
    if site.profile.turns_guarded_scores:
        placed = turned_scores(placed, values, tiles, site.pipelined_bytes)
        placed = flags_converted(placed, values)
    if memory.natural_cuts:
        placed = scaled_operands(placed, values, tiles)
        placed = padded_as_loaded(placed, values, tiles, site.tile_bytes)
    if generation in memory.rows_of_batches:
        placed = rows_of_batch(placed, values, tiles, memory.rows_of_batches[generation] == "shifts apart")
    if memory.as_scheduled:
        most = memory.enlarged_by_lines.get(generation, inf)
        by_dma = generation not in site.profile.pads_images
        whole = generation in memory.enlarged_whole_by_lines
        placed = enlarged_by_lines(placed, values, most, tiles, site.outputs, whole, by_dma)
        placed = interpolated_apart(placed, values)
        placed = pixels_scaled(placed, values)
    if generation in site.profile.heads_apart:
        return heads_apart(placed, values, site.outputs)
    return placed, NO_HEADS


def sizes_of(placed: list[Placed], site: Site) -> dict[str, float]:
    """Bytes of every tensor that a step reads or writes; float32 inputs of the graph arrive as they are."""
    values = site.values
    sizes = {n: values[n].npu_bytes for step in placed for n in (*step.reads, *step.writes)}
    for name in sizes:
        if values[name].dtype is DType.FLOAT and edge_of(name, site.part_of) in site.inputs:
            sizes[name] = values[name].elements * 4.0
    return sizes


def with_copies(
    placed: list[Placed], site: Site, sizes: dict[str, float]
) -> tuple[list[Placed], dict[str, int]]:
    """Steps with the copies of lists, parts, images and expansions among them; and the halves that are joined where
    they lie. New tensors are entered into `sizes`."""
    memory, generation, values, tiles = site.memory, site.generation, site.values, site.tiles
    placed = site.lists.turned(placed, values, sizes, site.outputs)
    if generation in memory.lists_copied:
        site.lists.copy(placed, values, site.part_of)
    halves: dict[str, int] = {}
    if memory.natural_cuts:
        most, edge = JOINED_SHARE * site.all_tiles_bytes, frozenset((*site.inputs, *site.outputs))
        beside = generation in memory.padded_channels_in_ddr
        placed = with_channels(placed, values, sizes, edge, beside, memory.as_scheduled)
        if halves_most := memory.halves_joined.get(generation, 0.0):
            halves = joined_halves(placed, sizes, site.part_of, halves_most, site.tile_bytes, tiles, edge)
        in_ddr = *memory.joined_in_ddr(generation), tiles
        if generation in memory.dense_wholes:
            resident = memory.resident_share * site.all_tiles_bytes
            placed = open_wholes(placed, values, sizes, edge, resident)
        placed = parts_copied(placed, values, sizes, site.part_of, most, edge, *in_ddr, halves)
    around = generation in memory.rows_around
    placed = images_of_parts(placed, tiles, generation, around)
    if memory.natural_cuts:
        placed = images_of_slices(placed, values, site.inputs, tiles, around, site.all_tiles_bytes)
        placed = expanded_in_ddr(placed, values, site.inputs, site.tile_bytes)
        placed = written_in_full(placed, site.outputs)
    if memory.expands_in_pieces:
        placed = expanded_in_pieces(placed, values, site.inputs, site.outputs, site.tile_bytes)
    return placed, halves
