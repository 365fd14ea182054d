"""What a step of the MAC array or the DSPs loads, holds and leaves, and into how many pieces it is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from npusim.compiler.chains.chains import attention_of, turns_operand
from npusim.compiler.chains.heads import cut_by_heads
from npusim.compiler.cutting.split import Blocks, ceil_to
from npusim.compiler.layouts.norm_edges import UNEVEN, normalises_rows, scaled_where_it_lies
from npusim.compiler.layouts.turned import table_bytes
from npusim.compiler.layouts.windows import cut_into_windows
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.place_tables import between_axes, held_enlarging, place_tables
from npusim.compiler.lowering.reasons import and_also, through_ddr_because
from npusim.compiler.lowering.relaid import RELAID, expands
from npusim.compiler.planes.filled_pools import in_sixteens
from npusim.compiler.planes.image_channels import image_stays
from npusim.compiler.residency.apart import stays_apart
from npusim.compiler.residency.enlarged_lines import BY_LINES, line_by_line
from npusim.compiler.residency.few_terms import few_terms
from npusim.compiler.residency.follow import follow, of_phases, saved_in_place
from npusim.compiler.residency.gates import weights_of_gate
from npusim.compiler.residency.guarded_scores import guarded_scores
from npusim.compiler.residency.image_windows import windows_by_image
from npusim.compiler.residency.joined import joined_inside
from npusim.compiler.residency.long_lines import by_places, pieces_of_line
from npusim.compiler.residency.passing import (
    in_blocks,
    in_strips,
    streamed_through,
)
from npusim.compiler.residency.phases import PHASES_APART, phases_cross
from npusim.compiler.residency.recurrence import recurrent, step_weights
from npusim.compiler.residency.turned_scores import turned_scores
from npusim.compiler.residency.weight_streams import only_over_channels, streamed_blocks, term_blocks
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import CONVOLUTIONS, IMAGES, over_channels
from npusim.compiler.sharing.pieces import (
    bytes_between,
    convolution_of,
    too_large_twice,
    weight_copies,
)
from npusim.compiler.weights.own_weights import fills_none
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

CHANNEL_CUTS = 4  # pieces that weights shared over the tiles are cut in, one beside the other


def computed(
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
        need = (need + filled_result(step, writes, scratchpad.fills_results)) * in_sixteens(step)
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
    elif windows_by_image(step, scratchpad, r):
        missing, keeps_loads = [], False
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
        elif scratchpad.as_scheduled and phases_cross(step, scratchpad, tile_bytes):
            r.apart_bytes = writes
            r.reason = and_also(r.reason, PHASES_APART)
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
    if step.images > 1 and step.sharing != IMAGES:
        _image_by_image(step, scratchpad, r, tile_bytes, missing)
    if not r.loads:
        r.loads = [(n, scratchpad.sizes[n], 1) for n in missing]
    weights_of_gate(step, scratchpad, r, missing)
    few_terms(step, scratchpad, r)
    turned_scores(step, scratchpad, r)
    guarded_scores(step, scratchpad, r)
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


def filled_result(step: Placed, nbytes: float, fills: bool) -> float:
    """Bytes beside a convolution's result of `nbytes` inside, where the generation fills its channels up to sixteens:
    the three of a picture take as much room as sixteen, and are written to DDR without the rest; so does the one of
    a map that a transposed convolution makes (240 x 240 to 480 x 480 in three pieces on NPU 4000, DBNet)."""
    work = step.only
    if not fills or not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION:
        return 0.0
    if step.node.op_type not in (*CONVOLUTIONS, "ConvTranspose"):
        return 0.0
    return float(nbytes * (ceil_to(work.out_c, CHANNEL_BLOCK) / work.out_c - 1))


def _image_by_image(
    step: Placed, scratchpad: Scratchpad, r: Residence, tile_bytes: float, missing: Sequence[str]
) -> None:
    """A convolution of a batch shared over channels, whose weights on a tile do not fit `CHANNEL_CUTS` times, is cut
    over channels image by image, and its weights are read again for each (Intel's schedules: 256 x 256 x 3 x 3 on NPU
    3720 and 5010, on 4000 with a tile more once; 512 x 2048 on all; 1,024 x 256 once). Inside a network
    each image waits for them (`batches_wait`; ResNet-18 over 8 images on NPU 3720: 512 x 512 x
    3 x 3 in 351 us of the MAC array and 498 of waiting; alone, behind the pass that turns its images, it waits not)."""
    work = convolution_of(step)
    if work is None or (step.reads_turned and cut_into_windows(step)):
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
