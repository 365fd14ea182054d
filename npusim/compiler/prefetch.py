"""When the weights of each step may begin to arrive.

Weights are fetched in chunks, in program order. A chunk of step k may arrive during an earlier step j when it
fits there beside what step j holds and beside all weights that have arrived and are not used yet. That is a
rule on bytes, so it belongs to the structure and not to the price (facts on whole networks, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence

CHUNK_BYTES = 262_144  # Intel's schedules fetch weights in pieces of about 200 KB
MOST_CHUNKS = 16
MOST_PIECES = 4096  # whose weights are followed one by one; a tensor of terabytes has millions


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of the weights of step `step`, needed before the share `needed_at` of its compute is done (0: before
    it starts)."""

    step: int
    label: str
    nbytes: float
    needed_at: float
    repeats: int


def weight_chunks(
    steps: list[Placed], residence: list[Residence], capacity_bytes: float, ahead: int
) -> dict[int, list[Chunk]]:
    """Chunks by the step at whose start they may begin to arrive, in the order of their use."""
    occupied = [r.held_bytes + _weights_held(s, r) for s, r in zip(steps, residence, strict=True)]
    due: dict[int, list[Chunk]] = {}
    earliest = 0
    for k, (step, r) in enumerate(zip(steps, residence, strict=True)):
        total = r.fixed_traffic
        if not total:
            continue
        pieces = min(r.pieces, MOST_PIECES) if r.cut == "channels" else 1
        chunks, finer = _cut(total, pieces)
        repeats = step.node.repeats if r.pieces > 1 else 1
        brought = 0.0
        for c, nbytes in enumerate(chunks):
            brought += nbytes
            gate, weights = k, brought
            while gate > max(0, k - ahead) and occupied[gate - 1] + weights <= capacity_bytes:
                gate -= 1
                weights += _weights_held(steps[gate], residence[gate])
            earliest = max(earliest, gate)  # in order: never before the chunk in front of it
            chunk = Chunk(k, f"{step.node.name}/weights", nbytes, (c // finer) / pieces, repeats)
            due.setdefault(earliest, []).append(chunk)
    return due


def _weights_held(step: Placed, r: Residence) -> float:
    """Weights a step holds while it runs: all, or two pieces."""
    return step.fixed_bytes if r.pieces == 1 or r.cut != "channels" else 2 * step.fixed_bytes / r.pieces


def _cut(total: float, pieces: int) -> tuple[list[float], int]:
    """Equal chunks, a whole number for each of the step's pieces; and that number."""
    finer = max(1, min(MOST_CHUNKS, ceil(total / CHUNK_BYTES)) // pieces)
    return [total / (pieces * finer)] * (pieces * finer), finer
