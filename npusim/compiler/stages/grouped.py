"""Which steps are cut together: attention by heads and rows, gates, and planes, products and kernels in strips."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from npusim.compiler.chains.activated import activated_products
from npusim.compiler.chains.added_masks import added_as_scores
from npusim.compiler.chains.batched_masks import heads_in_line
from npusim.compiler.chains.chains import find_chains
from npusim.compiler.chains.equal_operands import equal_operands
from npusim.compiler.chains.fed_forward import fed_forward
from npusim.compiler.chains.gated import gated
from npusim.compiler.chains.masked import masked_groups, masked_sums
from npusim.compiler.chains.outer_products import cut_together, next_to_reader
from npusim.compiler.chains.padded_scores import padded_scores
from npusim.compiler.chains.scaled_scores import scores_apart
from npusim.compiler.chains.uneven_heads import sums_apart
from npusim.compiler.cutting.strips import Cut, Machine
from npusim.compiler.layouts.aligned import without_copies
from npusim.compiler.layouts.folded_columns import Folds
from npusim.compiler.lowering.head_cuts import Heads
from npusim.compiler.lowering.place import Placed
from npusim.compiler.planes.planes import plane_chains
from npusim.compiler.stages.site import Site


@dataclass(frozen=True)
class Groups:
    """By the index of their first step: how many steps are cut together."""

    chains: dict[int, int]  # attention
    planes: dict[int, tuple[int, Cut]]  # images, and rows of feed-forwards
    pairs: dict[int, int]  # a product and the kernel behind it
    products: dict[int, int]  # two of activations, the first larger than what it reads


def attention_grouped(
    placed: list[Placed], site: Site, sizes: dict[str, float], heads: Heads
) -> tuple[list[Placed], dict[int, int], frozenset[str]]:
    """Steps with those of attention side by side, where each begins and how many they are, and the results of gates
    that lie on all tiles."""
    profile, memory, generation, tiles = site.profile, site.memory, site.generation, site.tiles
    on_tile = None
    if site.groups and generation in memory.operands_in_strips:
        on_tile = (tiles, site.pipelined_bytes)
    how = profile.fusion.scores_scaled_apart.get(generation, "") if tiles > 1 else ""
    if tokens := memory.outer_products.get(generation):
        placed = next_to_reader(placed, site.values, site.outputs, tokens)
    placed, scaled, in_strips = scores_apart(placed, site.values, how)
    batches = memory.as_scheduled and site.groups
    if batches:
        placed = padded_scores(placed, site.values, sizes, site.outputs, tiles)
    masks = memory.masked_scores.get(generation, "")
    apart: frozenset[str] = frozenset()
    if batches and generation in memory.heads_in_rows:
        apart = sums_apart(placed, site.values, tiles, site.outputs)
    masked = masked_sums(placed, sizes, site.outputs, tiles, masks, site.values, apart)
    if batches and masks:
        placed = heads_in_line(placed, masked, site.values, tiles)
    placed, chains = find_chains(
        placed,
        sizes,
        site.room,
        site.outputs,
        heads.softmax,
        on_tile,
        masked | scaled | apart,
        guarded=profile.turns_guarded_scores,
    )
    placed, chains = equal_operands(
        placed, chains, site.values, sizes, profile.writes_out, site.room, batches, masked | apart
    )
    placed, chains = masked_groups(placed, chains, masked | in_strips, sizes, site.all_tiles_bytes, masks)
    placed = added_as_scores(placed, chains)
    if memory.natural_cuts:
        placed = without_copies(placed, site.outputs)
    placed, on_all_tiles = gated(placed, site.outputs)
    return placed, chains, on_all_tiles


def members(chains: Mapping[int, int]) -> set[int]:
    """Indices of all steps of attention that are cut together: they are in no other group."""
    return {k + i for k, n in chains.items() for i in range(n)}


def groups_of(
    placed: list[Placed],
    site: Site,
    sizes: dict[str, float],
    chains: dict[int, int],
    machine: Machine,
    lone: Set[int],
    folds: Folds,
) -> Groups:
    """All that is cut together. `chains`: attention's; `lone`: steps for which the laws of size hold."""
    scored = members(chains)
    planes = plane_chains(placed, sizes, site.values, site.outputs, machine, lone, folds)
    planes = {k: (n, cut) for k, (n, cut) in planes.items() if scored.isdisjoint(range(k, k + n))}
    pairs: dict[int, int] = {}
    least = site.memory.activated_in_step.get(site.generation)
    if least is not None:
        pairs = activated_products(placed, sizes, site.outputs, least, site.all_tiles_bytes, site.tiles)
    if site.memory.planes_as_scheduled:
        forward = fed_forward(placed, site.values, sizes, site.outputs, machine)
        taken = scored | {k + i for k, (n, _) in planes.items() for i in range(n)}
        forward = {k: f for k, f in forward.items() if taken.isdisjoint(range(k, k + f[0]))}
        within = {k + i for k, (n, _) in forward.items() for i in range(n)}
        pairs = {k: n for k, n in pairs.items() if within.isdisjoint((k, k + 1))}
        planes |= forward
    pairs = {k: n for k, n in pairs.items() if scored.isdisjoint((k, k + 1))}
    products: dict[int, int] = {}
    if tokens := site.memory.outer_products.get(site.generation):
        products = cut_together(placed, site.values, sizes, site.outputs, site.room, tokens)
        others = scored | {k + i for k, (n, _) in planes.items() for i in range(n)}
        products = {k: n for k, n in products.items() if others.isdisjoint((k, k + 1))}
    return Groups(chains, planes, pairs, products)
