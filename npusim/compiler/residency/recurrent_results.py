"""What the time steps of a recurrence move through DDR besides their weights."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import EVERY_TILE, MacOp, MacWork

SUM_AT_ONCE, SUM_STEP_BY_STEP = 3, 4  # times that results cross for a sum: Intel's schedules of LSTM layers


def loops_of(step: Placed) -> list[MacWork]:
    """The products of a recurrence that run once a time step."""
    return [
        w
        for w, n in zip(step.steps, step.times, strict=True)
        if isinstance(w, MacWork) and w.op == MacOp.CONVOLUTION and n > 1
    ]


def batch_of(step: Placed) -> int:
    """Sequences that each time step takes at once."""
    return next((int(w.out_h * w.out_w) for w in loops_of(step)), 1)


def states_through_ddr(step: Placed, tiles: int) -> float:
    """Bytes of a batch that cross DDR beside its weights: products of all inputs, their sums, and in every step an
    LSTM's sums where the sequences are not alike on every tile (Intel's schedules of LSTM of 128 units over 32 and of
    512 over 8). What a time step waits for: `residency/time_steps.py`."""
    moved = 0.0
    for work, times in zip(step.steps, step.times, strict=True):
        if not isinstance(work, MacWork):
            continue
        result = work.result_bytes * times
        if times == 1:
            moved += result * (SUM_AT_ONCE if work.op == MacOp.ELTWISE else 2)
        elif work.op == MacOp.ELTWISE and batch_of(step) % tiles:
            moved += 2 * result
    return moved


def results_through_ddr(step: Placed) -> float:
    """Bytes of the inputs' products, written and read again; of a bias added to them all at once, which reads two
    operands and writes one; of sums made step by step, which are written and read as both of their operands are; of
    inputs' products that fill no sixteens, cut out of their padding (`slice_out` of a GRU of 300 units on all three
    NPUs; those of the steps: `residency/time_steps.py`)."""
    made = 0.0
    for i, (work, times) in enumerate(zip(step.steps, step.times, strict=True)):
        if not isinstance(work, MacWork) or work.write_tiles == EVERY_TILE:
            continue
        result = work.result_bytes * times
        if work.op == MacOp.ELTWISE:
            made += result * (SUM_STEP_BY_STEP if times > 1 else SUM_AT_ONCE)
        elif i == 0:
            made += result * 2
        if work.op == MacOp.CONVOLUTION and work.out_c % CHANNEL_BLOCK and i == 0:
            made += result
            if step.node.op_type == "LSTM" and work.groups == 1:
                made += result * CHANNEL_BLOCK  # read as a pixel a gate
    return made
