"""When the weights of each step may begin to arrive.

Weights are fetched in chunks, in program order. A chunk of step k may arrive during an earlier step j when it
fits there beside what step j holds and beside all weights that have arrived and are not used yet. That is a
rule on bytes, so it belongs to the structure and not to the price (Intel's schedules of ResNet-50, MobileNet-v2 and
BERT)."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import NamedTuple

from npusim.compiler.cutting.counts import MACS_A_BYTE
from npusim.compiler.cutting.fitted import CHUNK_BYTES
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.compiler.weights.own_weights import own_transfers
from npusim.compiler.weights.zeros import counted
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, VectorWork

LEAST_SHARED_BYTES = 65_536  # from here on both DMA ports share even one chunk's worth
MOST_CHUNKS = 16
KERNEL_BYTES = 40  # of DDR traffic beside one element of a kernel on one DSP: the least of the three NPUs
STENCIL_MACS = 16  # multiply-accumulates of a convolution in the time of one of a depthwise or pooling window


class Chunk(NamedTuple):
    """Bytes of the weights of step `step`, needed before the share `needed_at` of its compute is done (0: before
    it starts). `stored`, `memory`: bytes moved over `nbytes`, and from where. `counted`: how many times its
    bytes its time is of. `port`: which brings it; None: whichever has less to do."""

    step: int
    label: str
    nbytes: float
    needed_at: float
    repeats: int
    stored: float = 1.0
    memory: str = "ddr"
    counted: float = 1.0
    transfers: int = 1
    port: int | None = None


def weight_chunks(
    steps: list[Placed],
    residence: list[Residence],
    capacity_bytes: float,
    ahead: int,
    tiles: int,
    dsps: int,
    counts_zeros: bool = False,
    again: bool = False,
    ports: int = 1,
    lone_constants: str = "",
) -> dict[int, list[Chunk]]:
    """Chunks by the step at whose start they may begin to arrive, in the order of their use.

    `counts_zeros`: those of grouped convolutions take the time of zeros that are left out, too; `again`: every
    repetition of a node reads its weights; `lone_constants`: which product's cross a slice a tile (`own_weights`)."""
    occupied = [r.held_bytes + r.weights_held for r in residence]
    waiting: deque[tuple[int, Chunk]] = deque()
    earliest = begins = 0  # `begins`: where the chain begins whose image a pass turns strip by strip
    constant = [step for step in steps if step.fixed_bytes > 0 or step.engine == "extra"]
    # The products of a gated pair read the same rows; what a supposed engine runs is no product beside one.
    alone = len({(step.engine, step.reads) for step in constant}) == 1
    lone = lone_constants if alone else ""
    until: dict[int, int] = {}  # first step of a chain -> the last
    for k, (step, r) in enumerate(zip(steps, residence, strict=True)):
        turned = r.part in ("inner", "last") and steps[begins].node.op_type == "MemPermute"
        begins = begins if turned else k
        until[begins] = k
        if not r.fixed_traffic:
            continue
        count = _chunks(step, r)
        # each image's arrive beside the one before
        own = 0 if r.by_image else own_transfers(step, tiles, ports, lone)
        count = max(count, ports) if own else count
        transfers = max(1, round(own / count))
        repeats = step.node.repeats if r.pieces > 1 or again else 1
        brought, times = 0.0, counted(step, tiles) if counts_zeros else 1.0
        for c, (label, size) in enumerate(_parts(step, r, count)):
            brought += size
            gate, weights = begins, brought * times
            held = brought <= r.weights_held * (1 + 1e-9)  # more of it is not held at once
            first = max(0, begins - ahead) if held else begins
            while gate > first and occupied[gate - 1] + weights <= capacity_bytes:
                gate -= 1
                weights += residence[gate].weights_held
            earliest = max(earliest, gate)  # in order: never before the chunk in front of it
            needed_at = r.weights_until * c / count
            port = c % ports if lone and own else None
            chunk = Chunk(
                k, label, size, needed_at, repeats, step.stored, step.memory, times, transfers, port
            )
            waiting.append((earliest, chunk))
    due: dict[int, list[Chunk]] = {}
    behind: dict[tuple[int, int, bool, int], float] = {}  # by the identity of works, which equal steps share
    for k, (step, r) in enumerate(zip(steps, residence, strict=True)):
        if not waiting or waiting[0][0] > k:
            continue
        of_kind = (id(step.steps), id(step.times), step.one_dsp, step.dsp_tiles)
        if of_kind not in behind:
            behind[of_kind] = compute_bytes(step, tiles, dsps)
        room = behind[of_kind] - _transferred(r)
        asked = until.get(k, k)
        while waiting and waiting[0][0] <= k and (room >= 0 or waiting[0][1].step <= asked):
            chunk = waiting.popleft()[1]
            # a kernel waits for all of its table: both ports bring it at once
            if steps[chunk.step].engine == "dsp":
                asked = max(asked, chunk.step)
            room -= chunk.nbytes * chunk.counted
            due.setdefault(k, []).append(chunk)
    return due


def _parts(step: Placed, r: Residence, count: int) -> list[tuple[str, float]]:
    """Label and bytes of each chunk: the weights first, then what the time steps of a recurrence move besides them."""
    label = f"{step.node.name}/weights"
    if not r.again_bytes:
        return [(label, r.fixed_traffic / count)] * count
    once = r.fixed_traffic - r.again_bytes
    first = min(max(1, round(count * once / r.fixed_traffic)), max(1, count - 1))
    later = max(1, count - first)
    return [(label, once / first)] * first + [(f"{step.node.name}/steps", r.again_bytes / later)] * later


def compute_bytes(step: Placed, tiles: int, dsps: int) -> float:
    """About how many bytes arrive while a step computes: a rule on counts, not a price. Of weights for later steps no
    more are asked for, or they would stand in the way of what the next step needs first."""
    total = 0.0
    busy = 1 if step.one_dsp else dsps // tiles * min(tiles, step.dsp_tiles)  # DSPs
    for i, work in enumerate(step.steps):
        times = step.times[i] if step.times else 1
        if isinstance(work, VectorWork):
            total += times * work.elements * KERNEL_BYTES / busy
        elif isinstance(work, MacWork):
            pixels = work.groups * work.out_h * work.out_w * work.out_c * work.kernel_h * work.kernel_w
            macs = pixels * (work.in_c if work.op == MacOp.CONVOLUTION else STENCIL_MACS)
            total += times * macs / (MACS_A_BYTE * tiles)
    return total


def _transferred(r: Residence) -> float:
    """Bytes that a step moves itself."""
    moved = sum([size for _, size, _ in r.loads]) + sum([size for _, size in (*r.stores, *r.writes)])
    return moved + r.fixed_traffic * (r.pieces > 1)


def _chunks(step: Placed, r: Residence) -> int:
    """In how many chunks weights arrive: by their bytes, and no finer than sixteens of channels."""
    count = min(
        MOST_CHUNKS,
        max(ceil(r.fixed_traffic / CHUNK_BYTES), int(r.fixed_traffic // LEAST_SHARED_BYTES > 0) + 1),
    )
    work = step.steps[0] if step.steps else None
    if isinstance(work, MacWork):
        count = min(count, ceil(work.out_c / CHANNEL_BLOCK) * r.pieces)
    return max(1, count)
