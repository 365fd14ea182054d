"""Where the pieces of a result are put together: in the scratchpads, or in DDR.

What Intel's compiler writes to DDR and what it keeps in its schedules of convolutional networks (U-Nets, residual and
detection nets, MobileNets, VGG at 128 to 608 pixels): strips of columns of a small plane stay for one reader, strips of
rows never do; pieces of channels stay for one reader, of planes whose rows the tiles share only small ones."""

from __future__ import annotations

from collections.abc import Container, Sequence, Set

from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.joined_halves import FULL_TILE, one_tile_bytes
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.distribution import (
    APART,
    CHANNELS,
    DOUBLED,
    DOUBLED_APART,
    ENLARGED,
    ENLARGED_WIDE,
    IMAGE,
    POOLINGS,
    ROWS,
    is_pointwise,
)
from npusim.compiler.sharing.pieces import IMAGE_CONVOLUTIONS, convolution_of
from npusim.work import MacWork, VectorWork

SPREAD_OUT = (ENLARGED, ENLARGED_WIDE)
JOINED_SHARE = 1 / 6  # of all scratchpads: planes of 0.04 to 0.17 of them stay, of 0.2 and more do not
FILLING_SHARE = 0.7  # wholes of 0.55 get their parts written in place, of 0.75 and more copied

#: Of a tile, for a product's input, weights and share of the result (4000: 0.80 MB stay, 1.04 do not), or its input and
#: result (5010: 0.76 stay, 0.99 do not), of 1.44; and for its weights alone (4000: 0.30 stay, 0.52 do not).
TILE_SHARE = 0.6
POOLED_WHOLE = 0.98  # of a tile: 0.964 stay, 0.986 cross
BESIDE_WEIGHTS = 1.11  # of a tile: on NPU 5010 1.38 to 1.62 MB stay, 1.65 to 2.55 do not
FEW_WEIGHTS = 0.25


def strips_stay(
    k: int,
    steps: list[Placed],
    scratchpad: Scratchpad,
    cut_from: Container[int],
    outputs: Set[str],
    stem: bool = False,
) -> bool:
    """Whether strips of columns that step `k` leaves are put together inside: a small plane with one reader,
    which is not cut itself and, where a tile holds the rows around its own, has no window. `cut_from`: steps that begin
    to be cut together; `stem`: a kernel of the DSPs gets them so, too (npusim.compiler.planes.image_stems)."""
    result = steps[k].writes[0]
    uses = scratchpad.uses.get(result, ())
    if len(uses) != 1 or result in outputs or uses[0] in cut_from:
        return False
    reader = steps[uses[0]]
    work = reader.only
    if stem and reader.engine == "dsp" and len(reader.reads) == 1:
        return is_small(result, scratchpad)
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


def product_stays(step: Placed, steps: list[Placed], scratchpad: Scratchpad, outputs: Set[str]) -> bool:
    """Whether the result of a product with constant weights stays inside for its only reader, though its weights do not
    fit twice (`products_stay`). A kernel gets its channels as the tiles made them, where weights are few (Gelu of 144
    to 320 rows by 1,536 channels of 384 terms on NPU 4000; not 128 by 2,048 of 512, nor 192 by 3,072 of 768); a product
    all of them on every tile, where its input, its result and a tile's share of the weights are no larger than a tile
    and a bit (144 to 320 rows by 1,536 of 384 terms, 128 and 160 by 2,048 of 512, 512 by 1,024 of 256 on NPU 5010; not
    384 by 1,536 of 384, nor 192 by 2,048 of 512, 640 by 1,024 of 256, 96 by 3,072 of 768)."""
    uses = scratchpad.uses.get(step.writes[0], ()) if scratchpad.product_reader and step.writes else ()
    if len(uses) != 1 or step.writes[0] in outputs or not step.fixed_bytes or len(step.reads) != 1:
        return False
    reader, tiles = steps[uses[0]], scratchpad.tiles
    if reader.engine != scratchpad.product_reader or step.writes[0] in reader.reshaped:
        return False
    reads, writes = scratchpad.sizes[step.reads[0]], scratchpad.sizes[step.writes[0]]
    if reader.engine == "dsp":
        if not (isinstance(reader.only, VectorWork) and reader.only.rows <= 1 and len(reader.reads) == 1):
            return False
        few = step.fixed_bytes / tiles <= FEW_WEIGHTS * scratchpad.tile_bytes
        few = few and reads + (step.fixed_bytes + writes) / tiles <= TILE_SHARE * scratchpad.tile_bytes
        scratchpad.leave.update(reader.writes if few else ())  # the next product gets it whole, from DDR
        return few
    follows = reader.node.op_type in PRODUCTS and bool(reader.fixed_bytes)
    return follows and reads + writes + step.fixed_bytes / tiles <= BESIDE_WEIGHTS * scratchpad.tile_bytes


def shared_parts(step: Placed, scratchpad: Scratchpad) -> list[str]:
    """The parts of a Concat that others read too."""
    if step.node.op_type != "Concat" or scratchpad.joined_over.get(step.reads[0]) in (DOUBLED, DOUBLED_APART):
        return []
    return [n for n in step.reads if any(len(scratchpad.uses[w]) > 1 for w in scratchpad.wholes(n))]


def copied_in_ddr(step: Placed, scratchpad: Scratchpad) -> list[str]:
    """Which of the parts that others read too are copied for a Concat that is put together in DDR: those that have a
    place of their own. What the MAC array makes of an image and leaves inside is written right where it is joined,
    whoever else reads it (96 of 119 Concats with such parts in Intel's schedules of VoVNet, YOLOv7, Res2Net, HarDNet, a
    pose net, detectors and the smaller skips of a U-Net on three NPUs). Copied are the slices of a Split, what was cut
    and written in strips or becomes part of a whole that nearly fills the scratchpads (five of the others and all of
    three more U-Nets': the first skips), what a kernel made, what is part of such a whole already (six, of HarDNet).
    None is for a dense block one of whose parts lies there in strips (npusim.compiler.scratchpad.dense_parts)."""
    if step.writes[0] in scratchpad.read_by_parts:
        return []
    shared = shared_parts(step, scratchpad)
    fills = scratchpad.sizes[step.writes[0]] > FILLING_SHARE * scratchpad.tiles * scratchpad.tile_bytes
    kept = set[str]() if fills else scratchpad.kept_by_array
    copied = [n for n in shared if n not in kept or scratchpad.sharing_of(n) != IMAGE]
    kept.difference_update(shared)
    return copied


def parts_through_ddr(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether a Concat of parts that others read too goes through DDR, however small (`shared_parts_through_ddr`);
    those of images are copied (npusim.compiler.residency.copied_parts)."""
    return scratchpad.parts_apart and all(scratchpad.sharing_of(n) != IMAGE for n in step.reads)


def joined_in_ddr(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether a Concat of images goes through DDR since its parts cannot be written where it lies in the scratchpads:
    one is a DSP kernel's or the DMA's (38 of 38 in Intel's schedules of nine detection and segmentation nets), or, on
    small planes, they lie over channels and over rows, or one is enlarged and others read another too (14 of 17).

    One that is enlarged, or spread out with zeros, does not lie over the tiles as the others do, so that the whole must
    fit into one of them: 64 channels of 96 x 96 (1.18 MB) stay on NPU 4000 and 5010, of 100 x 100 (1.28), 104 x 104,
    112 x 112 and 128 x 128, 128 of 80 x 80 and 512 of 40 x 40 do not, enlarged by nearest or linearly or transposed,
    whichever part is the larger (24 graphs); two convolutions' stay at 2.1 MB."""
    if step.node.op_type != "Concat" or all(scratchpad.sharing_of(n) != IMAGE for n in step.reads):
        return False
    made = {scratchpad.joined_over.get(w, "") for n in step.reads for w in scratchpad.wholes(n)}
    if not made.isdisjoint((APART, DOUBLED_APART)) or (
        CHANNELS in made and not made.isdisjoint((ROWS, ENLARGED))
    ):
        return True
    wide = scratchpad.sizes[step.writes[0]] > scratchpad.memory.pipelined_share * scratchpad.tile_bytes
    if wide and not made.isdisjoint(SPREAD_OUT):
        return True
    return ENLARGED in made and bool(shared_parts(step, scratchpad))


def joined_beside_reader(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad) -> bool:
    """Whether a Concat of images goes through DDR since the whole and what a reader makes of it are larger than one
    tile, however the tiles share it (two convolutions of one image in front of a pooling, a window or a 1x1: 256
    channels of 55 to 64 pixels, 128 of 96 and 64 of 112 on NPU 4000 and 5010, 256 of 56 and 62 on 3720; not of 46, 48
    and, on 3720, 55, nor 128 of 62 or 512 of 31: 35 of 38 in Intel's schedules). What is joined with what a depthwise
    convolution makes of it stays, and so does one with an enlarged part and one reader that fits by itself
    (`joined_in_ddr`): 64 channels of 96 x 96 beside 32 made of them on NPU 4000 and 5010.

    Of 18 more such modules in front of a 1x1 or a window 13 come out so (not 256 channels of 40 x 40, on 3720 of 46 x
    46, made into as many by a 1x1, which stay, nor of 46 x 46 on 5010 and 55 x 55 on 3720 into 64 by a window, which
    cross). The whole alone does not decide: 0.87 and 0.90 of a tile stay in front of a 1x1. On NPU 5010 those
    cross, too, that with the reader's weights and a tile's share of its result do not fit into one tile
    (`joined_halves.one_tile_bytes`), whatever they are made of (`wholes_in_one_tile`): 85 of 90 in
    43 graphs that this was read off, by what their schedules show of each tile, readers in strips and MODNet apart.

    Of two parts on NPU 3720 it is not what poolings alone make but what a part is made of and its weights that stand
    beside the whole; in front of 1x1 convolutions alone their weights and a tile's share of what they make (SqueezeNets
    in front of a pooling: 128 channels of 77 to 81 pixels stay, of 83 and 85 cross, 256 of 55 stay, of 57 and 59 cross;
    in front of a 1x1 to an eighth of them 128 of 83 and 256 of 59 stay, 128 of 85 cross: 18 of 18)."""
    if step.node.op_type != "Concat" or not scratchpad.as_scheduled:
        return False
    if all(scratchpad.sharing_of(n) != IMAGE for n in step.reads):
        return False
    made_over = {scratchpad.joined_over.get(n) for n in step.reads}
    readers = [steps[i] for i in scratchpad.uses.get(step.writes[0], ())]
    if DOUBLED in made_over:
        return False
    whole = scratchpad.sizes[step.writes[0]]
    if scratchpad.generation in scratchpad.memory.wholes_in_one_tile:
        tile_bytes, tiles = scratchpad.tile_bytes, scratchpad.tiles
        beside = one_tile_bytes(readers, scratchpad.sizes, scratchpad.uses, tile_bytes, tiles)
        if whole + beside > FULL_TILE * tile_bytes:
            return True
    if len(readers) == 1 and not made_over.isdisjoint(SPREAD_OUT):
        return False
    two = not scratchpad.rows_around and len(step.reads) == 2
    if two and readers and all(s.node.op_type in POOLINGS for s in readers):
        return whole + _beside_parts(step, steps, scratchpad) > POOLED_WHOLE * scratchpad.tile_bytes
    if two and readers and all(is_pointwise(s) for s in readers):
        share = max(s.fixed_bytes + scratchpad.sizes[s.writes[0]] / scratchpad.tiles for s in readers)
        return whole + share > POOLED_WHOLE * scratchpad.tile_bytes
    made = [sum(scratchpad.sizes[n] for n in s.writes) for s in readers if s.steps]
    return whole + max(made, default=0.0) > scratchpad.tile_bytes


def _beside_parts(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad) -> float:
    """The most bytes of what a part of a Concat is made of and its weights."""
    makers = [s for s in steps if not set(step.reads).isdisjoint(s.writes)]
    return max((s.fixed_bytes + sum(scratchpad.sizes[n] for n in s.reads) for s in makers), default=0.0)


def is_small(name: str, scratchpad: Scratchpad) -> bool:
    """Whether a result may be put together in the scratchpads where that is for small ones."""
    return scratchpad.sizes[name] <= JOINED_SHARE * scratchpad.tiles * scratchpad.tile_bytes
