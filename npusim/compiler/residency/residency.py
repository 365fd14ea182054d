"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. Rules and their evidence:
docs/compiler.md."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set

from npusim.compiler.chains.activated import in_step
from npusim.compiler.chains.heads import head_chain
from npusim.compiler.chains.masked import begins_masked, masked_strips
from npusim.compiler.chains.outer_products import in_pieces
from npusim.compiler.cutting.strips import Cut
from npusim.compiler.layouts.images_in_turn import convolves_sixteens, crosses_alone, turns_images
from npusim.compiler.layouts.part_images import has_images
from npusim.compiler.layouts.sliced_images import reads_slices
from npusim.compiler.lowering.lowered import PRODUCTS, multiplies_weights
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also, through_ddr_because
from npusim.compiler.residency.borders import cross_borders, joined_borders
from npusim.compiler.residency.computed import computed
from npusim.compiler.residency.halo import (
    KERNEL,
    add_rows_around,
    cross_halo,
    read_for_slices,
    rows_again,
    write_for_parts,
    write_for_slices,
)
from npusim.compiler.residency.image_norms import cross_behind, cross_inside, cross_norm
from npusim.compiler.residency.joined import product_stays, strips_stay
from npusim.compiler.residency.kernel_sharing import GATED, kernel_edges
from npusim.compiler.residency.moved import moved, strided
from npusim.compiler.residency.passing import (
    chained,
)
from npusim.compiler.residency.plane_strips import leave_joined, plane_strips
from npusim.compiler.residency.scattered import cross_refilled, cross_scattered, leave_for_room
from npusim.compiler.residency.weight_pieces import cross_pieces
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import CHANNELS, GROUPS, IMAGE, ROWS, sharing_of


def residences(
    steps: list[Placed],
    scratchpad: Scratchpad,
    ranks: dict[str, int],
    outputs: Set[str],
    tile_bytes: float,
    chains: Mapping[int, int],
    planes: Mapping[int, tuple[int, Cut]],
    pairs: Mapping[int, int],
    products: Mapping[int, int],
) -> list[Residence]:
    """What every step loads, spills, keeps and writes, and into how many pieces it is cut.

    `ranks`: rank of every tensor. `outputs`: tensors that must end up in DDR. `tile_bytes`: one scratchpad.
    `chains`: steps of attention that are cut together (npusim.compiler.chains.chains), index of the first -> how many;
    `planes`: others (npusim.compiler.planes.planes), and their cut; `pairs`: products cut together with the kernel
    behind them (npusim.compiler.chains.activated), and in how many pieces; `products`: two of activations, likewise
    (npusim.compiler.chains.outer_products)."""
    found: list[Residence] = []
    inputs, edges = frozenset(scratchpad.in_ddr), kernel_edges(steps, scratchpad, outputs)
    around: set[int] = set()  # steps that load the rows around each tile's own
    for k, step in enumerate(steps):
        if k in chains:
            members, share = steps[k : k + chains[k]], scratchpad.memory.pipelined_share
            apart = not scratchpad.heads.softmax.isdisjoint(members[-1].reads)
            if begins_masked(members[0]):
                found += masked_strips(k, members, scratchpad)
            else:
                found += (head_chain if apart else chained)(k, members, scratchpad, tile_bytes * share)
        elif k in pairs:
            found += in_step(k, step, steps[k + 1], pairs[k], scratchpad)
        elif k in products:
            found += in_pieces(k, step, steps[k + 1], products[k], scratchpad)
        elif k in planes and k >= len(found):
            length, cut = planes[k]
            found += plane_strips(k, steps[k : k + length], cut, scratchpad)
            stem = scratchpad.generation in scratchpad.memory.images_pipelined and step.reads_turned
            # 4,096 x 96 by 384 on NPU 4000: neither in nor out
            rows = step.node.op_type in PRODUCTS and length > 2 and scratchpad.rows_around and not cut.through
            stays = cut.rows == 1 and strips_stay(k + length - 1, steps, scratchpad, planes, outputs, stem)
            if rows or stays:
                found[-1].destination = "scratchpad"
        if k < len(found):
            r = found[k]
            _settle(k, step, scratchpad, r, _shared_together(k, steps, r, {*pairs, *products}), outputs)
            continue
        r, crossing = Residence(), ""
        sharing = sharing_of(step, scratchpad.sharing_of, ranks.get(step.reads[0], 0) if step.reads else 0)
        if step.engine == "none":
            strided(k, step, steps, scratchpad, r, inputs, outputs)
        elif step.engine == "dma":
            scratchpad.cross_tiles(step, sharing, r)
            crossing, r.reason = r.reason, ""
            moved(k, step, scratchpad, r, outputs)
        else:
            scratchpad.cross_tiles(step, sharing, r)
            sliced = reads_slices(step)
            if has_images(step):
                write_for_parts(k, step, scratchpad, r)
            elif sliced:
                write_for_slices(step, scratchpad, r)
            else:
                cross_halo(step, scratchpad, r, edges)
            cross_norm(step, steps, scratchpad, r)
            cross_behind(step, steps, scratchpad, r)
            cross_scattered(step, scratchpad, r)
            if sharing == IMAGE:
                leave_for_room(k, step, scratchpad, r)
            cross_borders(step, scratchpad, r)
            cross_refilled(step, scratchpad, r)
            crossing, r.reason = r.reason, ""
            behind = steps[k + 1 : k + 2]
            alone = scratchpad.images_in_turn and crosses_alone(step, outputs)
            if scratchpad.turned_first and turns_images(step, behind, outputs):
                alone = convolves_sixteens(behind[0])
            if alone:  # no chain: what it reads and makes crosses DDR all the same
                leave_joined(step.reads, scratchpad, r)
            share = scratchpad.memory.pipelined_share
            computed(
                k,
                step,
                scratchpad,
                r,
                tile_bytes * share,
                lambda s: product_stays(s, steps, scratchpad, outputs),
            )
            if alone:
                r.destination = "ddr"
            joined_borders(step, scratchpad, r)
            cross_pieces(step, steps, scratchpad, r)
            if sliced:
                read_for_slices(step, scratchpad, r)
            cross_inside(step, steps, scratchpad, r)
            if crossing == KERNEL and edges and len(step.reads) == 1:
                r.loads = rows_again(step, scratchpad.tiles, r.loads)
                around.add(k)
            elif crossing == GATED:
                scratchpad.spill_all(step.reads, r)  # whoever else reads it loads it for itself
        _settle(k, step, scratchpad, r, sharing, outputs)
        if not crossing and scratchpad.also_apart(n for n, _, _ in r.loads):
            crossing = through_ddr_because("input", "it lies there")
        r.reason = and_also(crossing, r.reason)
        found.append(r)
    add_rows_around(steps, found, scratchpad, around)
    return found


def _shared_together(k: int, steps: Sequence[Placed], r: Residence, pairs: Container[int]) -> str:
    """Over what the tiles share a step that is cut together with others: rows of a product and of the kernel behind
    it, else images or the groups of attention."""
    if not r.part:
        return ROWS if k in pairs or k - 1 in pairs else GROUPS
    makers = (steps[k - 1],) if r.part == "inner" else ()
    return ROWS if any(s.node.op_type in PRODUCTS for s in (steps[k], *makers)) else IMAGE


def _settle(
    k: int, step: Placed, scratchpad: Scratchpad, r: Residence, sharing: str, outputs: Set[str]
) -> None:
    """Note where the outputs are, and forget inputs that nobody needs any more."""
    if not step.steps:
        sharing = next((s for n in step.reads if (s := scratchpad.sharing_of(n)) is not None), sharing)
    for name in step.writes:
        scratchpad.sharings[name] = CHANNELS if name in scratchpad.on_all_tiles else sharing
        if r.destination == "next":
            continue
        if r.destination == "ddr" or name in outputs:
            scratchpad.in_ddr.add(name)
            by_itself = step.engine == "none" or (step.engine == "dma" and r.destination == "ddr")
            if not by_itself:
                r.writes.append((name, scratchpad.sizes[name]))
        if r.destination == "scratchpad" and not scratchpad.dead_after(name, k):
            scratchpad.put(name)
            if step.engine == "mac_array":
                scratchpad.kept_by_array.add(name)
            if step.engine in ("mac_array", "dsp"):
                scratchpad.made_by[name] = r
                if 2 * sum([scratchpad.sizes[n] for n in step.reads]) < scratchpad.sizes[name]:
                    scratchpad.made_of_little.add(name)
                if step.engine == "dsp" and scratchpad.kernels_end and len(step.steps) == 1:
                    scratchpad.by_kernel.add(name)
    product = multiplies_weights(step.node.op_type, step.steps, step.fixed_bytes)
    for name, _, _ in r.loads:
        scratchpad.sharings[name] = sharing
        (scratchpad.for_products.add if product else scratchpad.for_products.discard)(name)
    for name in step.reads:
        scratchpad.release(name, k)
