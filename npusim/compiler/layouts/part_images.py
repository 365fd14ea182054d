"""Images of their own for the parts of a window whose taps lie apart: what they cost beside the image they are made of.

The array adds zeros up to half a window; a part that needs more reads an image with the others in it
(npusim.ops.slicing.dilated). On NPU 4000 and 5010 the image is written once, and every part's is copied from it within
the DDR and read with the rows around each tile's own (7 x 7 taps 3 apart over 64 x 56 x 56: 0.40 MB out, 1.81 copied,
2.50 and 2.27 read). On NPU 3720 an image with zeros beside its columns alone is put together as it is loaded (six of
eight are copied for 3 x 3 taps 12 apart), and where every part reads one and nobody else reads the image, its maker
writes it to where they are and only zeros are copied: as many bytes, without the image itself (VAN's 7 x 7 taps 3
apart; 3 x 3 taps 6 apart). On small planes, of which the tiles share channels, all are put together as they are
loaded. Read off Intel's schedules of sixteen such windows, of 3, 5 and 7 taps on 5 to 64 rows, three NPUs."""

from __future__ import annotations

from collections.abc import Iterable

from npusim.compiler.lowering.place import Placed
from npusim.ops.slicing import DILATED_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, Work

# Parts over channels; the result of a further one reaches its sum, shared over rows, through DDR.
SUMMED_INSIDE = 2
# Planes of up to so many rows are shared over channels: 7 and 8 rows on all; 16 and 28 on NPU 5010, not 32.
SMALL_ROWS = {"3720": 8, "4000": 8, "5010": 28}


def has_images(step: Placed) -> bool:
    """Whether parts of a window over a plane read images of their own."""
    plane = len(step.node.attribute("dilations", ())) == 2
    return plane and step.lowering in DILATED_LIMITS and bool(step.reads and images_of(step))


def images_of(step: Placed) -> list[MoveWork]:
    """The loads of such images; of more where results cross between the parts."""
    return [w for w in step.steps if isinstance(w, MoveWork) and w.destination == "scratchpad"]


def parts_of(step: Placed) -> list[MacWork]:
    """The parts of a window, without the sums of what they make."""
    return [w for w in step.steps if isinstance(w, MacWork) and w.op != MacOp.ELTWISE]


def images_of_parts(placed: Iterable[Placed], tiles: int, generation: str, whole: bool) -> list[Placed]:
    """The steps with their parts' images as this generation makes them. `whole`: all are copied within the DDR, and
    read with the rows around each tile's own (NPU 4000 and 5010)."""
    most = SMALL_ROWS.get(generation, 0)
    return [_imaged(step, tiles, whole, most) if has_images(step) else step for step in placed]


def _imaged(step: Placed, tiles: int, whole: bool, most_rows: int) -> Placed:
    parts = parts_of(step)
    reading = iter(parts[len(parts) - len(images_of(step)) :])
    inside = tiles > 1 and parts[0].out_h <= most_rows
    works: list[Work] = []
    for work in step.steps:
        if isinstance(work, MacWork):
            works.append(work)
            if inside and whole and any(work is part for part in parts[SUMMED_INSIDE:]):
                made = work.out_h * work.out_w * work.out_c * work.output_bytes
                works += (MoveWork(made, "scratchpad", "ddr"), MoveWork(made))
        elif not isinstance(work, MoveWork):
            works.append(work)
        elif work.source == work.destination:
            works += () if inside or whole else (work,)
        elif not whole or inside:
            works.append(work)
        else:
            part = next(reading)
            rows = (part.out_h - 1) * part.stride_h + part.kernel_h - part.kernel_h // 2
            around = max(0, part.kernel_h - part.stride_h) * (tiles - 1)
            works.append(MoveWork(work.nbytes, "ddr", "ddr"))
            works.append(MoveWork(work.nbytes * (1 + around / rows), "ddr", "scratchpad"))
    return step._replace(steps=tuple(works))
