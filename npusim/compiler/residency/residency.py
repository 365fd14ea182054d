"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. Rules and their evidence:
docs/compiler.md."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence, Set
from math import ceil

from npusim.compiler.chains.activated import in_step
from npusim.compiler.chains.chains import attention_of, turns_operand
from npusim.compiler.chains.heads import cut_by_heads, head_chain
from npusim.compiler.chains.masked import begins_masked, masked_strips
from npusim.compiler.cutting.split import Blocks
from npusim.compiler.cutting.strips import Cut
from npusim.compiler.layouts.images_in_turn import crosses_alone
from npusim.compiler.layouts.norm_edges import UNEVEN, normalises_rows, scaled_where_it_lies
from npusim.compiler.layouts.part_images import has_images
from npusim.compiler.layouts.turned import table_bytes
from npusim.compiler.lowering.lowered import PRODUCTS, multiplies_weights
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.place_tables import between_axes, held_enlarging, place_tables
from npusim.compiler.lowering.reasons import and_also, through_ddr_because
from npusim.compiler.lowering.relaid import RELAID, expands
from npusim.compiler.planes.filled_pools import in_sixteens
from npusim.compiler.planes.image_channels import image_stays
from npusim.compiler.residency.apart import stays_apart
from npusim.compiler.residency.borders import cross_borders, joined_borders
from npusim.compiler.residency.enlarged_lines import BY_LINES, line_by_line
from npusim.compiler.residency.few_terms import few_terms
from npusim.compiler.residency.follow import follow, of_phases, saved_in_place
from npusim.compiler.residency.gates import weights_of_gate
from npusim.compiler.residency.halo import KERNEL, add_rows_around, cross_halo, rows_again, write_for_parts
from npusim.compiler.residency.image_norms import cross_behind, cross_inside, cross_norm
from npusim.compiler.residency.joined import joined_inside, product_stays, strips_stay
from npusim.compiler.residency.kernel_sharing import GATED, kernel_edges
from npusim.compiler.residency.long_lines import by_places, pieces_of_line
from npusim.compiler.residency.moved import moved, strided
from npusim.compiler.residency.passing import (
    chained,
    in_blocks,
    in_strips,
    streamed_through,
)
from npusim.compiler.residency.plane_strips import leave_joined, plane_strips
from npusim.compiler.residency.recurrence import recurrent, step_weights
from npusim.compiler.residency.scattered import cross_refilled, cross_scattered, leave_for_room
from npusim.compiler.residency.turned_scores import turned_scores
from npusim.compiler.residency.weight_pieces import cross_pieces
from npusim.compiler.residency.weight_streams import only_over_channels, streamed_blocks, term_blocks
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import CHANNELS, GROUPS, IMAGE, ROWS, over_channels, sharing_of
from npusim.compiler.sharing.pieces import (
    bytes_between,
    convolution_of,
    too_large_twice,
    weight_copies,
)
from npusim.compiler.weights.own_weights import fills_none
from npusim.work import MacOp, MacWork

CHANNEL_CUTS = 4  # pieces that weights shared over the tiles are cut in, one beside the other


def residences(
    steps: list[Placed],
    scratchpad: Scratchpad,
    ranks: dict[str, int],
    outputs: Set[str],
    tile_bytes: float,
    chains: Mapping[int, int],
    planes: Mapping[int, tuple[int, Cut]],
    pairs: Mapping[int, int],
) -> list[Residence]:
    """What every step loads, spills, keeps and writes, and into how many pieces it is cut.

    `ranks`: rank of every tensor. `outputs`: tensors that must end up in DDR. `tile_bytes`: one scratchpad.
    `chains`: steps of attention that are cut together (npusim.compiler.chains.chains), index of the first -> how many;
    `planes`: others (npusim.compiler.planes.planes), and their cut; `pairs`: products cut together with the kernel
    behind them (npusim.compiler.chains.activated), and in how many pieces."""
    found: list[Residence] = []
    inputs, edges = frozenset(scratchpad.in_ddr), kernel_edges(steps, scratchpad)
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
            _settle(k, step, scratchpad, r, _shared_together(k, steps, r, pairs), outputs)
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
            if has_images(step):
                write_for_parts(k, step, scratchpad, r)
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
            alone = scratchpad.images_in_turn and crosses_alone(step, outputs)
            if alone:  # no chain: what it reads and makes crosses DDR all the same
                leave_joined(step.reads, scratchpad, r)
            share = scratchpad.memory.pipelined_share
            _computed(
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


def _computed(
    k: int,
    step: Placed,
    scratchpad: Scratchpad,
    r: Residence,
    tile_bytes: float,
    stays: Callable[[Placed], bool],
) -> None:
    """A step of the MAC array or the DSPs. `stays`: whether a product's result does, however it is
    cut."""
    sizes = scratchpad.sizes
    missing = [n for n in step.reads if scratchpad.holder(n) is None]
    reads, writes = sum([sizes[n] for n in step.reads]), sum([sizes[n] for n in step.writes])
    need, leaving = reads + writes - saved_in_place(k, step, scratchpad), writes
    if scratchpad.as_scheduled:
        need *= in_sixteens(step)
        leaving = max(writes, held_enlarging(step, scratchpad.tiles, scratchpad.place_tables == "all"))
        need = max(need, leaving)
    attention = attention_of([step]) if len(step.steps) > 2 else None
    if attention is not None:
        need += 2 * attention.score_bytes
    weights = step.fixed_bytes * weight_copies(step, scratchpad.tiles)
    room = need + min(weights, scratchpad.resident_bytes / 4)
    if scratchpad.operands_in_strips and turns_operand(step) and need > scratchpad.resident_bytes:
        beside = scratchpad.beside(
            step.writes[0], k
        )  # the turn is cut whatever leaves: what is used next need not
        room = scratchpad.resident_bytes - (beside if 2 * beside <= scratchpad.pipelined_bytes else 0.0)
    scratchpad.make_room(k, step, r, room)
    held = need + scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
    r.fixed_traffic = r.weights_held = step.fixed_bytes
    keeps_loads = True
    if scratchpad.heads.cut(step.writes) and held + weights <= scratchpad.resident_bytes:
        cut_by_heads(step, scratchpad, r)
    elif step.lowering == BY_LINES:
        missing, keeps_loads = line_by_line(step, scratchpad, r), False
    elif scratchpad.cuts_lines and (pieces := pieces_of_line(step)) > 1 and need <= scratchpad.resident_bytes:
        missing, keeps_loads = by_places(step, pieces, scratchpad, r), False
    elif step.times:
        kept = max(step.fixed_bytes, step_weights(step, scratchpad))
        recurrent(step, scratchpad, r, held + kept <= scratchpad.resident_bytes)
    elif (
        attention is not None
        and held > scratchpad.resident_bytes
        and (s := attention.strips(scratchpad.tiles, tile_bytes))
    ):
        in_strips(step, scratchpad, r, s)
        keeps_loads = False
    elif image_stays(step, scratchpad, r):
        keeps_loads = False
    elif too_large_twice(step, need, scratchpad.tiles, tile_bytes) and not stays(step):
        missing = in_blocks(k, step, scratchpad, r, missing, tile_bytes)
        keeps_loads = False  # it reads its input and drops it
    elif held + weights <= scratchpad.resident_bytes or (
        held <= need and scratchpad.whole.fits(step, scratchpad.tiles)
    ):
        leaves = not scratchpad.leave.isdisjoint(step.writes)
        r.destination = "ddr" if leaves else follow(step, scratchpad, missing)
        stays_apart(step, scratchpad, r)
        whole = tile_bytes / scratchpad.memory.pipelined_share * scratchpad.tiles
        room = whole if step.lowering in RELAID and not expands(step.steps) else scratchpad.resident_bytes
        r.partial_bytes = 2 * bytes_between(
            step, 0.0, room - held, scratchpad.by_columns, scratchpad.as_scheduled
        )
        if normalises_rows(step) and not scaled_where_it_lies(step, scratchpad.tiles, scratchpad.row_pixels):
            r.partial_bytes = 2 * writes
            if scratchpad.tiles > 1:
                r.reason = and_also(r.reason, through_ddr_because("rows", UNEVEN))
        elif of_phases(step, scratchpad) and not scratchpad.joined_next.isdisjoint(step.writes):
            r.partial_bytes = 2 * writes  # scaled over rows, as what it is joined with lies
        keeps_loads = r.destination == "scratchpad"
        r.streams = not (scratchpad.waits_whole(step, reads + writes) or step.times)
        loading = sum([sizes[n] for n in missing])
        r.weights_until = _until(step) if loading < step.fixed_bytes else 0.0
    elif blocks := streamed_blocks(k, step, scratchpad, r, need):
        held = need + scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
        terms = term_blocks(step)
        r.blocks = Blocks(channels=ceil(blocks / terms), terms=terms)
        r.pieces = blocks = r.blocks.pieces
        r.weights_held, r.weights_until = min(1.0, 2 / blocks) * step.fixed_bytes, 1.0
        r.by_channels = only_over_channels(step, blocks, need, scratchpad)
        r.reason = f"weights streamed in {blocks} pieces" if blocks > 1 else ""
        r.reason += f" ({terms} of terms)" if terms > 1 else ""
        if blocks > 1 and not joined_inside(step, scratchpad, weights > step.fixed_bytes):
            r.destination, keeps_loads = "ddr", False
            r.reason += ", joined in DDR"
    elif convolution_of(step) is not None:
        missing = in_blocks(k, step, scratchpad, r, missing, tile_bytes)
        keeps_loads = False
    else:
        missing = streamed_through(step, scratchpad, r, missing, leaving)
        keeps_loads = False
    if step.images > 1:
        _image_by_image(step, scratchpad, r, tile_bytes, missing)
    if not r.loads:
        r.loads = [(n, scratchpad.sizes[n], 1) for n in missing]
    weights_of_gate(step, scratchpad, r, missing)
    few_terms(step, scratchpad, r)
    turned_scores(step, scratchpad, r)
    if scratchpad.as_scheduled:
        between_axes(step, r, scratchpad.tiles)
    if scratchpad.place_tables:
        place_tables(step, r, scratchpad.tiles, scratchpad.place_tables == "all")
    if tables := table_bytes(step):
        r.loads.append((f"{step.node.name}/tables", tables, 1))
    r.held_bytes = min(held, scratchpad.resident_bytes)
    if keeps_loads:
        for name in missing:
            scratchpad.put(name)


def _image_by_image(
    step: Placed, scratchpad: Scratchpad, r: Residence, tile_bytes: float, missing: Sequence[str]
) -> None:
    """A convolution of a batch shared over channels, whose weights on a tile do not fit `CHANNEL_CUTS` times, is cut
    over channels image by image, and its weights are read again for each (Intel's schedules: 256 x 256 x 3 x 3 on NPU
    3720 and 5010, on 4000 with a tile more once; 512 x 2048 on all; 1,024 x 256 once). Inside a network
    each image waits for them (`batches_wait`; ResNet-18 over 8 images on NPU 3720: 512 x 512 x
    3 x 3 in 351 us of the MAC array and 498 of waiting; alone, behind the pass that turns its images, it waits not)."""
    work = convolution_of(step)
    if work is None:
        return
    again = step.fixed_bytes * step.images
    if scratchpad.as_scheduled and fills_none(step, work) and again > r.fixed_traffic:
        r.fixed_traffic, r.weights_until = again, 1.0
        r.loads = r.loads or [(n, scratchpad.sizes[n], step.images) for n in missing]
        return
    if not over_channels(work, int(work.in_h / step.images)):
        return
    if CHANNEL_CUTS * step.fixed_bytes / scratchpad.tiles > tile_bytes and again > r.fixed_traffic:
        waits = scratchpad.batches_wait and not step.reads_turned
        r.fixed_traffic, r.weights_until = again, 0.0 if waits else 1.0
        why = f"image by image, its weights read {step.images} times"
        r.reason = f"{r.reason}; {why}" if r.reason else why


def _until(step: Placed) -> float:
    """Weights of a product or convolution are used channel by channel: the last ones when the rest is done."""
    work = step.steps[0] if step.steps else None
    return float(isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION)


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
