"""How the weights of a recurrence cross: once, or again in every time step."""

from __future__ import annotations

from npusim.compiler.cutting.split import ceil_to, weight_bytes
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.recurrent_results import (
    batch_of,
    loops_of,
    results_through_ddr,
    states_through_ddr,
)
from npusim.compiler.residency.time_steps import legs, moved_by
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.pieces import MIB
from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES
from npusim.ops.recurrent import ONE_KERNEL_UNITS
from npusim.work import MacWork

# Of a tile's scratchpad: larger ones are cut (Intel's schedules: 399 KB of 1.5 MB are, 360 are not).
LARGE_WEIGHTS = 1 / 4
#: ... from here on a tile's are whole again (its schedules on NPU 3720: 1.64 MB of 640 units are, 1.33 of 576 not); by
#: bytes, or with more scratchpad they would be cut and read again.
WHOLE_WEIGHTS_BYTES = 1_500_000
#: Units of an LSTM that two tiles cut into pieces that take turns are a multiple of this; of others all pieces stay
#: (its schedules on NPU 3720: of 384, 448, 512 and 576 units they take turns, of 352 to 368, 400 to 432, 464 to 496,
#: 528 to 560, 592 and 608 not).
UNITS_IN_TURNS = 4 * CHANNEL_BLOCK
#: Of all scratchpads; weights of a step that are larger come again but for what stays of them, or all of them.
OVERFLOW = 1.1
SHARES = {1.0: "all", 0.5: "half"}
#: Zeros of weights filled up to sixteens from which on they are stored without them (Intel's schedules on NPU 5010:
#: LSTM of 40, 100 and 150 units and of 120, 1 of 16, are, of 136, 184, 200, 250 and 300, 0.013 to 0.056, not; GRU of 72
#: to 136, 0.074 to 0.11, are).
COMPRESSED = 1 / 16


def step_weights(step: Placed, scratchpad: Scratchpad) -> float:
    """Bytes of scratchpad, over all tiles, that the weights of one time step take: the tiles share its channels, of a
    batch too (Intel's schedules, `SplitOverKernel`)."""
    return sum(weight_bytes(w) for w in loops_of(step))


def _in_pieces(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether a tile's weights of one product of a time step are large, and are cut so that two pieces take turns."""
    loops = loops_of(step)
    each = [weight_bytes(w) / w.groups / scratchpad.tiles for w in loops]
    largest = max(each, default=0.0)
    if batch_of(step) > 1:  # halves are of one product there
        return bool(sum(each) > LARGE_WEIGHTS * scratchpad.tile_bytes)
    # In halves, or so large that no second piece fits beside it (Intel's schedules of 640 and 768 hidden units).
    uneven = any(w.out_c % CHANNEL_BLOCK for w in loops)
    apart = any(w.in_c % UNITS_IN_TURNS for w in loops) or largest > WHOLE_WEIGHTS_BYTES
    alone = step.lowering == "gates_in_halves" or (apart and not uneven)
    if step.node.op_type == "LSTM" and alone and sum(each) <= scratchpad.tile_bytes:
        return False
    return largest > LARGE_WEIGHTS * scratchpad.tile_bytes


def compressed(work: MacWork) -> bool:
    """Whether the weights of a product are stored without the zeros that fill its terms and columns up: one constant of
    weights, a map of zeros and a table, which every time step fetches for itself, as every strip of a plane does
    (`residency/compressed_weights.py`)."""
    terms, columns = (ceil_to(n, CHANNEL_BLOCK) for n in (work.in_c, work.out_c))
    return bool(work.in_c * work.out_c <= (1 - COMPRESSED) * terms * columns)


def _read_again(step: Placed, scratchpad: Scratchpad) -> float:
    """Of weights in pieces, the share that is read again in each step: half of them, one of two pieces stays; all where
    the product for the inputs has the shape of the recurrent one (Intel's schedules: GRU of 512 and 640 units over as
    many inputs, not over 128 or 256; LSTM of 384 and 512 in two directions, not in one). Of weights of `OVERFLOW`
    scratchpads or more, what the profile says (LSTM of 768 to 1,024 and GRU of 1,024 units: of 1.2 to 2.1 scratchpads
    0.69 to 0.76 on NPU 3720 and 0.70 on 4000, all of them on 5010; of 0.96 to 1.07 0.69 on 3720, 0.39 to 0.57 on the
    others); of two pieces in flight one stays, so at most half a scratchpad of the weights: of 2,048 units, 9
    scratchpads, 0.97 are read again). Of a batch all where every tile has a sequence (LSTM of 512 units over 8 and 32:
    2.1 of 2.1 MB a step on all three, over 2 on NPU 3720, and 1.1 of it on the others; GRU of 512 over 8 and 32 all of
    1.6). So do those of gates that fill no sixteens (LSTM and GRU of 650 units)."""
    first, loop = step.steps[0], loops_of(step)[0]
    if compressed(loop):
        return 1.0
    if batch_of(step) > 1:
        return 1.0 if batch_of(step) >= scratchpad.tiles else 0.5
    if loop.out_c % CHANNEL_BLOCK:
        return 1.0
    same = isinstance(first, MacWork) and first.in_c == loop.in_c
    if step.node.op_type == "LSTM":
        same = same and loop.groups > 1
    if same:
        return 1.0
    taken = step_weights(step, scratchpad) / (scratchpad.tiles * scratchpad.tile_bytes)
    return 0.5 if taken <= OVERFLOW else max(scratchpad.overflowing, 1 - 0.5 / taken)


def recurrent(step: Placed, scratchpad: Scratchpad, r: Residence, fits: bool) -> None:
    """How the weights of a recurrence cross. Those of the time steps stay where no product of them is cut; of a product
    in pieces half of them are read again in every step, or all of them. What is
    beside the weights (16 bytes a channel) is read in every step; results of the products, and a sequence that does
    not fit, go through DDR."""
    loops = loops_of(step)
    again = sum(weight_bytes(w) for w in loops)
    rounds = max(step.times)
    several = batch_of(step) > 1
    results = states_through_ddr(step, scratchpad.tiles) if several else results_through_ddr(step)
    tables = sum(w.groups * w.out_c for w in loops) * TABLE_BYTES
    units = loops[0].in_c if loops else 0  # a sum of many tensors has rounds, and no products
    if (
        not several
        and step.lowering == "gates_in_halves"
        and units <= ONE_KERNEL_UNITS
        and units % CHANNEL_BLOCK == 0
    ):
        tables = 0.0
    zeros = any(compressed(w) for w in loops)
    in_pieces = _in_pieces(step, scratchpad)
    stay = not (zeros or in_pieces)
    # Else what they move crosses beside weights that take longer. An LSTM's batch does not wait where more tiles, which
    # end the pieces, would so cost more: 8 sequences of 320 and 512 units.
    r.steps_wait = not in_pieces and (zeros or not several or step.node.op_type != "LSTM")
    if not r.steps_wait:
        results += moved_by(legs(step)) * rounds
    r.weights_until = 1.0
    if several or not fits:
        r.destination = "ddr"
    if stay:
        r.again_bytes = results + tables * (rounds - 1)
        r.reason = "" if fits else "the sequence passes through DDR, the recurrent weights stay"
    else:
        share = _read_again(step, scratchpad)
        r.again_bytes = results + ((again - tables) * share + tables) * (rounds - 1)
        how = "stored without their zeros" if zeros else "used in pieces"
        r.reason = (
            f"the recurrent weights ({again / MIB:.1f} MiB) are {how}, and "
            f"{SHARES.get(share, 'most')} of them are read again in each of {rounds} steps"
        )
    r.fixed_traffic = step.fixed_bytes + r.again_bytes
    r.weights_held = min(again, scratchpad.resident_bytes)
