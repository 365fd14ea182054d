"""Where the pieces of a result are put together: in the scratchpads, or in DDR.

What Intel's compiler writes to DDR and what it keeps in its schedules of convolutional networks (U-Nets, residual and
detection nets, MobileNets, VGG at 128 to 608 pixels): strips of columns of a small plane stay for one reader, strips of
rows never do; pieces of channels stay for one reader, of planes whose rows the tiles share only small ones."""

from __future__ import annotations

from collections.abc import Container, Set

from npusim.compiler.distribution import APART, CHANNELS, DOUBLED, DOUBLED_APART, ENLARGED, IMAGE, ROWS
from npusim.compiler.pieces import IMAGE_CONVOLUTIONS, convolution_of
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Scratchpad
from npusim.work import MacWork

JOINED_SHARE = 1 / 6  # of all scratchpads: planes of 0.04 to 0.17 of them stay, of 0.2 and more do not


def strips_stay(
    k: int, steps: list[Placed], scratchpad: Scratchpad, cut_from: Container[int], outputs: Set[str]
) -> bool:
    """Whether strips of columns that step `k` leaves are put together inside: a small plane with one reader,
    which is not cut itself and, where a tile holds the rows around its own, has no window. `cut_from`: steps that begin
    to be cut together."""
    result = steps[k].writes[0]
    uses = scratchpad.uses.get(result, ())
    if len(uses) != 1 or result in outputs or uses[0] in cut_from:
        return False
    reader = steps[uses[0]]
    work = reader.only
    if not isinstance(work, MacWork) or (scratchpad.rows_around and work.kernel_h > 1):
        return False
    return is_small(result, scratchpad)


def joined_inside(step: Placed, scratchpad: Scratchpad, by_rows: bool) -> bool:
    """Whether a convolution's pieces of channels are put together in the scratchpads: for one reader; where the tiles
    share rows (`by_rows`), those of a small plane."""
    if convolution_of(step) is None or step.node.op_type not in IMAGE_CONVOLUTIONS:
        return True
    result = step.writes[0]
    if len(scratchpad.uses.get(result, ())) > 1:
        return False
    return not by_rows or is_small(result, scratchpad)


def shared_parts(step: Placed, scratchpad: Scratchpad) -> list[str]:
    """The parts of a Concat that others read too."""
    if step.node.op_type != "Concat" or scratchpad.joined_over.get(step.reads[0]) in (DOUBLED, DOUBLED_APART):
        return []
    return [n for n in step.reads if any(len(scratchpad.uses[w]) > 1 for w in scratchpad.wholes(n))]


def joined_in_ddr(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether a Concat of images goes through DDR since its parts cannot be written where it lies in the scratchpads:
    one is a DSP kernel's or the DMA's (38 of 38 in Intel's schedules of nine detection and segmentation nets), or, on
    small planes, they lie over channels and over rows, or one is enlarged and others read another too (14 of 17)."""
    if step.node.op_type != "Concat" or all(scratchpad.sharing_of(n) != IMAGE for n in step.reads):
        return False
    made = {scratchpad.joined_over.get(w, "") for n in step.reads for w in scratchpad.wholes(n)}
    if not made.isdisjoint((APART, DOUBLED_APART)) or (
        CHANNELS in made and not made.isdisjoint((ROWS, ENLARGED))
    ):
        return True
    return ENLARGED in made and bool(shared_parts(step, scratchpad))


def is_small(name: str, scratchpad: Scratchpad) -> bool:
    """Whether a result may be put together in the scratchpads where that is for small ones."""
    return scratchpad.sizes[name] <= JOINED_SHARE * scratchpad.tiles * scratchpad.tile_bytes
