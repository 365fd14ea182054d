"""Sums of images whose channels fill no sixteens: as what image the array adds them, and which of them cross DDR.

An image that lies with its padding is added so, rows and columns as they are, channels in whole sixteens (40 x 48 x 48
as 48 x 48 x 48 on all NPUs in Intel's schedules). Of one that lies without (npusim.compiler.layouts.folded_columns)
columns are folded as in front of a convolution, where both operands lie so and either every tile has as many rows of
it or such a convolution alone reads the sum (24 x 84 x 84 as 48 x 84 x 42 on three tiles). Else its elements are
sixteen channels of the most even rectangle (24 x 112 x 112 as 16 x 147 x 128, 40 x 64 x 64 as 16 x 128 x 80). The tiles
share rows of the rectangle: where these or the rows of the image are not as many for every tile, no tile has of the one
what it has of the other, and operands and sum are written and read back (BlazePose, LR-ASPP, RTMDet, fused MBConv
blocks and six nets made for it on NPU 5010, whose three tiles share 128, 112, 80 or 64 rows; PiDiNet's 240 stay)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.layouts.folded_columns import Folds
from npusim.compiler.layouts.folded_works import uneven
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, most_even_rectangle
from npusim.work import MacWork


def sums_as_images(
    placed: Sequence[Placed], values: Mapping[str, Value], folds: Folds, padded: Set[str], tiles: int
) -> list[Placed]:
    """The steps, sums of uneven channels with the work of the image they are added as. `padded`: images that lie with
    their padding."""
    in_sixteens = set(rectangles(placed, values, folds, tiles))
    done = []
    for step in placed:
        work = step.only
        if isinstance(work, MacWork) and _adds(step, values):
            name = step.writes[0]
            if name in in_sixteens or name in folds.dense:
                step = step._replace(steps=(_dense(work, values[name], name in in_sixteens),))
            elif name in padded:
                step = step._replace(steps=(_padded(work, values[name]),))
        done.append(step)
    return done


def rectangles(placed: Sequence[Placed], values: Mapping[str, Value], folds: Folds, tiles: int) -> list[str]:
    """Sums without padding that are added as sixteen channels of a rectangle."""
    if not folds.dense:
        return []
    readers = reading_steps(placed)
    found = []
    for step in placed:
        if not _adds(step, values) or step.writes[0] not in folds.dense:
            continue
        name = step.writes[0]
        value = values[name]
        cut_out = any([(n, name) in folds.crossing for n in step.reads])  # of its padding
        folded = (
            _read_folded([placed[k] for k in readers.get(name, ())], folds) or value.shape[2] % tiles == 0
        )
        if value.elements % CHANNEL_BLOCK == 0 and (cut_out or not folded):
            found.append(name)
    return found


def sums_crossing(
    placed: Sequence[Placed], values: Mapping[str, Value], folds: Folds, tiles: int
) -> frozenset[tuple[str, str]]:
    """(tensor, what its reader makes): operands and results of such rectangles whose tiles' rows are not those of the
    image."""
    if tiles == 1:
        return frozenset()
    split = {n for n in rectangles(placed, values, folds, tiles) if not _rows_alike(values[n], tiles)}
    if not split:
        return frozenset()
    pairs: list[tuple[str, str]] = []
    for step in placed:
        if len(step.writes) != 1:
            continue
        out = step.writes[0]
        crossing: Iterable[str] = set(step.reads) - split if out in split else split.intersection(step.reads)
        pairs += [(n, out) for n in crossing]
    return frozenset(pairs)


def _adds(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step adds two images of uneven channels."""
    if not is_elementwise_pass(step.steps) or len(step.writes) != 1 or len(step.reads) != 2:
        return False
    made = values[step.writes[0]]
    return uneven(made) and made.shape[0] == 1 and all([values[n].shape == made.shape for n in step.reads])


def _read_folded(reads: Sequence[Placed], folds: Folds) -> bool:
    """Whether one step alone reads a sum, a convolution whose columns are folded."""
    return len(reads) == 1 and not folds.results.keys().isdisjoint(reads[0].writes)


def _rows_alike(image: Value, tiles: int) -> bool:
    rows, _ = most_even_rectangle(image.elements // CHANNEL_BLOCK)
    return rows % tiles == 0 and image.shape[2] % tiles == 0


def _dense(work: MacWork, image: Value, in_sixteens: bool) -> MacWork:
    _, channels, height, width = image.shape
    if in_sixteens:
        rows, columns = most_even_rectangle(image.elements // CHANNEL_BLOCK)
        return _of(work, rows, columns, CHANNEL_BLOCK)
    together = next((n for n in (2, 4, 8, 16) if channels * n % CHANNEL_BLOCK == 0 and width % n == 0), 1)
    return _of(work, height, width // together, channels * together)


def _padded(work: MacWork, image: Value) -> MacWork:
    _, channels, height, width = image.shape
    return _of(work, height, width, int(ceil_to(channels, CHANNEL_BLOCK)))


def _of(work: MacWork, rows: int, columns: int, channels: int) -> MacWork:
    return replace(work, out_h=rows, out_w=columns, out_c=channels, in_h=rows, in_w=columns, in_c=channels)
