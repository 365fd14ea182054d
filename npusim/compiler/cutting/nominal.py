"""About how long a product cut in blocks takes on an NPU of a generation as Intel clocks it.

A choice among ways to cut may look at these times: they are of the generation's own preset, never of the numbers a
plan is asked for, so a sweep over rates keeps one plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

from npusim.arch.dma import dma_ns
from npusim.arch.hardware import Hardware
from npusim.arch.mac_array import mac_array_ns
from npusim.arch.presets import hardware_file, list_hardware, load_hardware, read_file
from npusim.compiler.cutting.fitted import CHUNK_BYTES, MOST_SUM_PIECES, Fitted, Operands
from npusim.compiler.cutting.split import mac_shares, sum_of_parts
from npusim.work import MacWork

#: Of whole weights the first half comes ahead of the step, as weights of later steps do: with nothing of it products
#: came out in blocks that read one side twice to begin early (1,024 x 2,048 x 512 on NPU 4000 1.8 times Intel's bytes);
#: with all of it lone products would be slower with more of the scratchpad by up to 28 %.
AHEAD = 2
_FIELDS = tuple(f.name for f in fields(MacWork))


@cache
def nominal(generation: str) -> Hardware | None:
    """The preset of that generation; None where there is none."""
    of = (name for name in list_hardware() if _generation(name) == generation)
    return next((load_hardware(name) for name in of), None)


def _generation(preset: str) -> str:
    """Of a preset, without building it."""
    return str(read_file(hardware_file(preset))[0].get("generation", ""))


def moving_ns(nbytes: float, generation: str) -> float:
    """Nanoseconds in which all ports move so many bytes into DDR."""
    hw = nominal(generation)
    return 0.0 if hw is None else float(nbytes / hw.ddr.bandwidth_gb_per_s)


def ways_ns(
    work: MacWork, o: Operands, ways: Sequence[Fitted], tiles: int, hw: Hardware, passes: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Nanoseconds of a product in blocks, and of its transfers, [ways] each: compute in `passes` of the array, what
    arrives from DDR beside the first and leaves beside the last, and sums of parts of the terms."""
    pieces = np.array([way.blocks.pieces for way in ways], dtype=float)
    overlaps = np.array([way.overlaps for way in ways])
    compute, adding = _array_ns(work, ways, tiles, hw)
    ports = min(tiles, int(hw.dma.ports))
    slices = -(-tiles // ports)  # of a tensor on the busier port

    def moved(size: Any, blocks: Any, source: str, to: str) -> Any:
        number = np.maximum(np.asarray(blocks, dtype=float), 1) * slices
        each = np.asarray(size, dtype=float) * slices / tiles / number
        return np.where(each > 0, number * dma_ns(each, hw, source, to, sharing_ports=ports), 0.0)

    left = 0.0 if o.left_stays else o.left
    lefts = moved([left * w.left_reads for w in ways], [w.left_blocks for w in ways], "ddr", "scratchpad")
    right = np.array([o.right * w.right_reads for w in ways])
    chunks = np.maximum(np.ceil(right / CHUNK_BYTES / ports), 1)
    rights = chunks * dma_ns(right / ports / chunks, hw, "ddr", "scratchpad", sharing_ports=ports)
    out = moved(0.0 if o.out_stays else o.out, pieces, "scratchpad", "ddr")
    sums = [_sum_pieces(w) for w in ways]
    partial = [w.partial_bytes / 2 for w in ways]
    crossing = moved(partial, sums, "scratchpad", "ddr") + moved(partial, sums, "ddr", "scratchpad")
    first = lefts / [w.left_blocks for w in ways] + rights / [max(w.right_blocks, AHEAD) for w in ways]
    arriving = lefts + rights
    later = (passes - 1) * compute  # what arrives does so beside the first pass
    done = np.maximum(first + compute, arriving + compute / pieces) + later
    done = np.where(crossing > 0, np.maximum(done, arriving + crossing), done) + adding
    last = out / [
        w.blocks.pieces if w.blocks.terms == 1 else _sum_pieces(w) for w in ways
    ]  # a sum leaves when done
    beside = np.maximum(done + last, arriving + crossing + out)
    ns = np.where(overlaps, beside, arriving + compute + later + crossing + adding + out)
    return np.asarray(ns), np.asarray(arriving + out)


def _array_ns(
    work: MacWork, ways: Sequence[Fitted], tiles: int, hw: Hardware
) -> tuple[np.ndarray, np.ndarray]:
    """Time of the array for the pieces of each way, and for the sums of parts of the terms."""
    shares = [mac_shares(work, tiles, way.blocks)[0] for way in ways]
    sums = [
        sum_of_parts(work, way.blocks.terms, tiles, _sum_pieces(way))[0] if way.blocks.terms > 1 else ()
        for way in ways
    ]
    works = list({share: None for group in (*shares, *sums) for share, _ in group})
    columns = {name: np.array([getattr(w, name) for w in works], dtype=float) for name in _FIELDS}
    each = dict(zip(works, np.asarray(mac_array_ns(MacWork(**columns), hw)).tolist(), strict=True))
    least = float(hw.step.minimum_ns)
    compute = [
        max(min(each[w] * n for w, n in group), way.blocks.pieces * least)
        for group, way in zip(shares, ways, strict=True)
    ]
    adding = [
        max(min(each[w] * n for w, n in group), _sum_pieces(way) * least) if group else 0.0
        for group, way in zip(sums, ways, strict=True)
    ]
    return np.array(compute), np.array(adding)


def _sum_pieces(way: Fitted) -> int:
    return min(way.blocks.pieces, MOST_SUM_PIECES) if way.partial_bytes else 1
