"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. Rules and their evidence:
docs/compiler.md."""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import ceil

from npusim.compiler.activated import in_step
from npusim.compiler.apart import stays_apart, with_the_others
from npusim.compiler.chains import attention_of
from npusim.compiler.distribution import ADDED, COPIED, GROUPS, IMAGE, PARTS, ROWS, over_channels, sharing_of
from npusim.compiler.halo import cross_halo
from npusim.compiler.joined import is_small, joined_inside, shared_parts, strips_stay
from npusim.compiler.norm_edges import UNEVEN, normalises_rows, scaled_where_it_lies
from npusim.compiler.passing import (
    chained,
    in_blocks,
    in_strips,
    plane_strips,
    streamed_through,
)
from npusim.compiler.pieces import (
    bytes_between,
    convolution_of,
    scales_planes,
    term_blocks,
    too_large_twice,
    weight_copies,
    works_in_place,
)
from npusim.compiler.place import Placed
from npusim.compiler.reasons import and_also, through_ddr_because
from npusim.compiler.recurrence import recurrent, step_weights
from npusim.compiler.relaid import RELAID
from npusim.compiler.scattered import cross_scattered
from npusim.compiler.scratchpad import Residence, Scratchpad
from npusim.compiler.split import Blocks
from npusim.compiler.strips import Cut
from npusim.compiler.turned import table_bytes
from npusim.compiler.weight_streams import streamed_blocks
from npusim.work import MacOp, MacWork

# MAC-array passes that leave their result where their inputs came from
FOLLOWING_PASSES = ("Add", "Sub", "Mul")


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
    `chains`: steps of attention that are cut together (npusim.compiler.chains), index of the first -> how many;
    `planes`: others (npusim.compiler.planes), and their cut; `pairs`: products cut together with the kernel behind them
    (npusim.compiler.activated), and in how many pieces."""
    found: list[Residence] = []
    inputs = frozenset(scratchpad.in_ddr)
    for k, step in enumerate(steps):
        if k in chains:
            found += chained(
                k, steps[k : k + chains[k]], scratchpad, tile_bytes * scratchpad.memory.pipelined_share
            )
        elif k in pairs:
            found += in_step(k, step, steps[k + 1], pairs[k], scratchpad)
        elif k in planes:
            length, cut = planes[k]
            found += plane_strips(k, steps[k : k + length], cut, scratchpad)
            if cut.rows == 1 and strips_stay(k + length - 1, steps, scratchpad, planes, outputs):
                found[-1].destination = "scratchpad"
        if k < len(found):
            r = found[k]
            together = ROWS if k in pairs or k - 1 in pairs else GROUPS
            _settle(k, step, scratchpad, r, IMAGE if r.part else together, outputs)
            continue
        r, crossing = Residence(), ""
        sharing = sharing_of(step, scratchpad.sharing_of, ranks.get(step.reads[0], 0) if step.reads else 0)
        if step.engine == "none":
            _strided(k, step, scratchpad, r, inputs, outputs)
        elif step.engine == "dma":
            scratchpad.cross_tiles(step, sharing, r)
            crossing, r.reason = r.reason, ""
            _moved(k, step, scratchpad, r, outputs)
        else:
            scratchpad.cross_tiles(step, sharing, r)
            cross_halo(step, scratchpad, r)
            if scratchpad.in_one_place:
                cross_scattered(scratchpad, step, r)
            crossing, r.reason = r.reason, ""
            _computed(k, step, scratchpad, r, tile_bytes * scratchpad.memory.pipelined_share)
        _settle(k, step, scratchpad, r, sharing, outputs)
        if not crossing and scratchpad.also_apart(n for n, _, _ in r.loads):
            crossing = through_ddr_because("input", "it lies there")
        r.reason = and_also(crossing, r.reason)
        found.append(r)
    return found


def _computed(k: int, step: Placed, scratchpad: Scratchpad, r: Residence, tile_bytes: float) -> None:
    """A step of the MAC array or the DSPs."""
    sizes = scratchpad.sizes
    missing = [n for n in step.reads if scratchpad.holder(n) is None]
    reads, writes = sum([sizes[n] for n in step.reads]), sum([sizes[n] for n in step.writes])
    need = reads + writes - _saved_in_place(k, step, scratchpad)
    attention = attention_of([step]) if len(step.steps) > 2 else None
    if attention is not None:
        need += 2 * attention.score_bytes
    weights = step.fixed_bytes * weight_copies(step, scratchpad.tiles)
    scratchpad.make_room(k, step, r, need + min(weights, scratchpad.resident_bytes / 4))
    held = need + scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
    r.fixed_traffic = r.weights_held = step.fixed_bytes
    keeps_loads = True
    if step.times:
        kept = max(step.fixed_bytes, step_weights(step, scratchpad))
        recurrent(step, scratchpad, r, held + kept <= scratchpad.resident_bytes)
    elif (
        attention is not None
        and held > scratchpad.resident_bytes
        and (s := attention.strips(scratchpad.tiles, tile_bytes))
    ):
        in_strips(step, scratchpad, r, s)
        keeps_loads = False
    elif too_large_twice(step, need, scratchpad.tiles, tile_bytes):
        missing = in_blocks(k, step, scratchpad, r, missing, tile_bytes)
        keeps_loads = False  # it reads its input and drops it
    elif held + weights <= scratchpad.resident_bytes:
        r.destination = _follow(step, scratchpad, missing)
        stays_apart(step, scratchpad, r)
        whole = tile_bytes / scratchpad.memory.pipelined_share * scratchpad.tiles
        room = whole if step.lowering == RELAID else scratchpad.resident_bytes
        r.partial_bytes = 2 * bytes_between(step, 0.0, room - held, scratchpad.by_columns)
        if normalises_rows(step) and not scaled_where_it_lies(step, scratchpad.tiles, scratchpad.row_pixels):
            r.partial_bytes = 2 * writes
            if scratchpad.tiles > 1:
                r.reason = and_also(r.reason, through_ddr_because("rows", UNEVEN))
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
        r.reason = f"weights streamed in {blocks} pieces" if blocks > 1 else ""
        r.reason += f" ({terms} of terms)" if terms > 1 else ""
        if blocks > 1 and not joined_inside(step, scratchpad, weights > step.fixed_bytes):
            r.destination, keeps_loads = "ddr", False
            r.reason += ", joined in DDR"
    elif convolution_of(step) is not None:
        missing = in_blocks(k, step, scratchpad, r, missing, tile_bytes)
        keeps_loads = False
    else:
        missing = streamed_through(step, scratchpad, r, missing, writes)
        keeps_loads = False
    if step.images > 1:
        _image_by_image(step, scratchpad.tiles, r, tile_bytes)
    if not r.loads:
        r.loads = [(n, scratchpad.sizes[n], 1) for n in missing]
    if tables := table_bytes(step):
        r.loads.append((f"{step.node.name}/tables", tables, 1))
    r.held_bytes = min(held, scratchpad.resident_bytes)
    if keeps_loads:
        for name in missing:
            scratchpad.put(name)


def _image_by_image(step: Placed, tiles: int, r: Residence, tile_bytes: float) -> None:
    """A convolution of a batch shared over channels, whose weights on a tile do not fit `CHANNEL_CUTS` times, is cut
    over channels image by image, and its weights are read again for each (Intel's schedules: 256 x 256 x 3 x 3 on NPU
    3720 and 5010, on 4000 with a tile more once; 512 x 2048 on all; 1,024 x 256 once)."""
    work = convolution_of(step)
    if work is None or not over_channels(work, int(work.in_h / step.images)):
        return
    again = step.fixed_bytes * step.images
    if CHANNEL_CUTS * step.fixed_bytes / tiles > tile_bytes and again > r.fixed_traffic:
        r.fixed_traffic, r.weights_until = again, 1.0
        why = f"image by image, its weights read {step.images} times"
        r.reason = f"{r.reason}; {why}" if r.reason else why


def _until(step: Placed) -> float:
    """Weights of a product or convolution are used channel by channel: the last ones when the rest is done."""
    work = step.steps[0] if step.steps else None
    return float(isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION)


def _moved(k: int, step: Placed, scratchpad: Scratchpad, r: Residence, outputs: Set[str]) -> None:
    """A pure transfer reads where its input is and writes where its output may stay."""
    inside = step.reads and all(scratchpad.holder(n) is not None for n in step.reads)
    r.source = "scratchpad" if inside else "ddr"
    writes = sum(scratchpad.sizes[n] for n in step.writes)
    scratchpad.make_room(k, step, r, writes + scratchpad.bytes_of(step.reads))
    held = writes + scratchpad.used_bytes
    r.destination = "scratchpad" if held <= scratchpad.resident_bytes else "ddr"
    leaves = all(n in outputs and scratchpad.dead_after(n, k) for n in step.writes)
    if step.sharing in (COPIED, PARTS):
        r.destination = "ddr" if step.sharing == PARTS or leaves else r.destination
    # An operand written out stays beside the other and the result, which is written over one of them.
    elif step.node.op_type == "Broadcast":
        r.destination = "scratchpad" if held + writes <= scratchpad.resident_bytes else "ddr"
    elif leaves:
        r.destination = "ddr"
    elif r.source == "ddr" and r.destination == "scratchpad":
        r.destination = _follow(step, scratchpad, list(step.reads))
        stays_apart(step, scratchpad, r)
    r.held_bytes = min(held, scratchpad.resident_bytes)


def _strided(
    k: int, step: Placed, scratchpad: Scratchpad, r: Residence, inputs: Set[str], outputs: Set[str]
) -> None:
    """No task: the result lies where its parts lie; in the scratchpad it takes their place. What has a place of its
    own (an input of the graph that becomes part of an output, a part of something that stays whole) is copied."""
    holders = [scratchpad.holder(n) for n in step.reads]
    out = [n for n in step.writes if n in outputs]
    large = scratchpad.parts_apart or not is_small(step.writes[0], scratchpad)
    several = large and shared_parts(step, scratchpad)
    if all(h is not None for h in holders) and not out and not several:
        for name in step.reads:
            scratchpad.release(name, k)
        scratchpad.make_room(
            k, step, r, sum(scratchpad.sizes[n] for n in step.writes) + scratchpad.bytes_of(step.reads)
        )
    else:
        r.destination = "ddr"
        whole = step.node.op_type == "Concat"
        if out and not whole:
            moved = [(n, scratchpad.sizes[n]) for n in out]
            if holders and holders[0] is not None:
                r.writes += moved
            else:
                r.copies += moved
        elif out:
            placed = (n for n in step.reads if any(w in inputs or w in outputs for w in scratchpad.wholes(n)))
            r.copies += [(n, scratchpad.sizes[n]) for n in placed]
        elif whole:  # what others read too has a place of its own already
            r.copies += [(n, scratchpad.sizes[n]) for n in shared_parts(step, scratchpad)]
        if not out:
            stays_apart(step, scratchpad, r)
        for holder in dict.fromkeys(holders):
            if holder is not None and (whole or not out):
                with_the_others(holder, step, scratchpad, r)
    r.held_bytes = min(scratchpad.used_bytes, scratchpad.resident_bytes)


def _settle(
    k: int, step: Placed, scratchpad: Scratchpad, r: Residence, sharing: str, outputs: Set[str]
) -> None:
    """Note where the outputs are, and forget inputs that nobody needs any more."""
    if not step.steps:
        sharing = next((s for n in step.reads if (s := scratchpad.sharing_of(n)) is not None), sharing)
    for name in step.writes:
        scratchpad.sharings[name] = sharing
        if r.destination == "next":
            continue
        if r.destination == "ddr" or name in outputs:
            scratchpad.in_ddr.add(name)
            by_itself = step.engine == "none" or (step.engine == "dma" and r.destination == "ddr")
            if not by_itself:
                r.writes.append((name, scratchpad.sizes[name]))
        if r.destination == "scratchpad" and not scratchpad.dead_after(name, k):
            scratchpad.put(name)
            if step.engine in ("mac_array", "dsp"):
                scratchpad.made_by[name] = r
                if 2 * sum([scratchpad.sizes[n] for n in step.reads]) < scratchpad.sizes[name]:
                    scratchpad.made_of_little.add(name)
                if step.engine == "dsp" and scratchpad.kernels_end and len(step.steps) == 1:
                    scratchpad.by_kernel.add(name)
    for name, _, _ in r.loads:
        scratchpad.sharings[name] = sharing
    for name in step.reads:
        scratchpad.release(name, k)


def _saved_in_place(k: int, step: Placed, scratchpad: Scratchpad) -> float:
    """Bytes an element-wise step saves by writing over an input that nobody needs afterwards."""
    if not works_in_place(step) or (step.engine == "dsp" and scratchpad.kernels_apart):
        return 0.0
    size = scratchpad.sizes[step.writes[0]]
    whole = (n for n in step.reads if n not in scratchpad.part_of or scratchpad.holder(n) in (None, n))
    return size if any(scratchpad.sizes[n] == size and scratchpad.dead_after(n, k) for n in whole) else 0.0


def _follow(step: Placed, scratchpad: Scratchpad, missing: list[str]) -> str:
    """Element-wise and DSP steps whose inputs all came from DDR leave their output there."""
    own = step.engine == "mac_array" and step.node.op_type not in FOLLOWING_PASSES
    own = own or not scratchpad.staying.isdisjoint(step.writes)
    if step.lowering == "scale_shift" and step.writes[0] in scratchpad.added_next:
        own = True  # Multiply/as_scaleshift, then Add/cluster_0 without a transfer
    if scales_planes(step) and step.reads_turned:
        own = True  # of a normalisation in groups: its image is turned and scaled on the way to a convolution
    own |= any(name in scratchpad.stays for name in step.writes)
    if step.reads and scratchpad.sharing_of(step.reads[0]) == ADDED:
        own = True  # the softmax of scores with a mask: its product takes it head by head
    if not scratchpad.memory.follow_input or own or len(missing) < max(1, len(step.reads)):
        return "scratchpad"
    return "ddr"
