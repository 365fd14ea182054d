"""What a time step of a recurrence waits for: transfers to DDR and back between its products and its gates.

In Intel's schedules of a batch (GRU of 256 units over 8 sequences, LSTM of 512 over 4) a step reads the state, writes
what its product made, reads it a slice a tile for its gates, and writes the state a slice a tile: transfers one
behind the other, with a latency each (here one a tensor, or more tiles would cost more; sums of an LSTM that the
tiles share otherwise than its gates cross beside the weights). Of one sequence the state of units that fill no
sixteens crosses so, to be filled up, and so do gates that fill none, cut out of their padding (`slice_out`; of an
LSTM by way of a copy within DDR). Of whole sixteens a sequence waits for none of that. Weights, tables and the
products of the inputs arrive beside all of it."""

from __future__ import annotations

from typing import NamedTuple

from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.recurrent_results import batch_of, loops_of
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.recurrent import GATES

DDR, INSIDE = "ddr", "scratchpad"


class Leg(NamedTuple):
    """One tensor that every time step moves: bytes of all directions, from where to where, in how many transfers at
    least."""

    nbytes: float
    source: str
    destination: str
    transfers: int


def legs(step: Placed) -> dict[int, list[Leg]]:
    """What is moved in front of each work of a time step, by the work's place in `steps`; behind the last one that many
    works on. None of other steps, nor of a recurrence in one time step."""
    loops = loops_of(step) if step.times else []
    found: dict[int, list[Leg]] = {}
    if not loops or step.node.op_type not in GATES:
        return found
    first, ways = loops[0], int(loops[0].groups)
    several = batch_of(step) > 1
    state = ways * batch_of(step) * first.in_c * first.output_bytes
    result = sum(float(w.result_bytes) for w in loops)
    begins = step.steps.index(first)
    made = begins + len(loops)  # behind the products
    if several or first.in_c % CHANNEL_BLOCK:
        found[begins] = [Leg(state, DDR, INSIDE, ways)]
        found[len(step.steps)] = [Leg(0.0 if several else state, INSIDE, DDR, ways)]
    if several:
        found[made] = [Leg(result, INSIDE, DDR, ways * len(loops)), Leg(result, DDR, INSIDE, ways)]
    elif first.out_c % CHANNEL_BLOCK:
        found[made] = [Leg(result, INSIDE, DDR, ways), Leg(result, DDR, INSIDE, ways)]
        if step.node.op_type == "LSTM":
            found[made].insert(1, Leg(0.0, DDR, DDR, ways))
    return found


def moved_by(found: dict[int, list[Leg]]) -> float:
    """Bytes of all of them, in one time step."""
    return sum(leg.nbytes for some in found.values() for leg in some)
