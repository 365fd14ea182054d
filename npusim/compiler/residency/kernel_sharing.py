"""Results of kernels on planes that reach their reader through DDR, as the tiles share both another way.

Intel's compiler shares a DSP kernel over the tiles as the convolution in front of it, and that one by its estimate: by
channels on small planes, by rows on large ones. What lies by channels goes through DDR to a reader that is shared over
rows, and the other way round; by rows it stays where a tile's rows are what its reader wants. Read off its schedules of
nine networks of inverted bottlenecks at 224 to 320 pixels and of single blocks of 12 to 32 rows and 192 to 912
channels, and of fourteen detection nets and others on NPU 3720 and 4000: what a
kernel makes by channels crosses to any convolution with one reader (190 of 190); by rows, on NPU 3720 where a tile's
share is no whole fours of pixels (all 143 convolutions and 45 additions, either way), on NPU 4000 to an addition beside
what a window reads (44 of 44, either way), for that lies with the rows around each tile's."""

from __future__ import annotations

from collections.abc import Mapping, Set

from npusim.compiler.layouts.image_columns import is_folded, over_channels
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.ends import ends
from npusim.compiler.residency.halo import KERNEL
from npusim.compiler.residency.quantised_kernels import (
    FOUR,
    FOURS,
    QUANTISE,
    WIDE,
    behind_quantised,
    even_fours,
    unequal_in_8_bits,
)
from npusim.compiler.residency.uneven_kernels import uneven_edges
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.distribution import SLABS, is_pointwise
from npusim.compiler.sharing.gated_wholes import is_mean
from npusim.compiler.sharing.tile_sharing import shares_channels
from npusim.work import MacOp, MacWork, VectorWork

CHANNELS = "input through DDR: one of the two shares channels over the tiles, the other rows"
GATED = "input through DDR: its kernel shares channels over the tiles, what it is scaled by is on all"
# Rows of a depthwise convolution up to which the tiles share its channels. NPU 4000: 36 (40 are shared by rows), at a
# stride of two 10 (14). NPU 3720: 20 (24) where an addition behind the block reads its input too, else 12 (14).
FOUR_TILES_ROWS, FOUR_TILES_STRIDED, TWO_TILES_ROWS, TWO_TILES_ALONE = 36, 12, 20, 12
# ... on NPU 3720 at a stride of two: half of 7, 8 and 14 rows is half as many fours of rows, not of 9 and 10.
TWO_TILES_STRIDED, TWO_TILES_TINY = (9, 10), 6
# NPU 4000: rows, and channels, up to and from which the tiles share the channels of a 1x1 convolution in front.
EXPANDED_ROWS, EXPANDED_CHANNELS = 20, 384
# Rows above which what such a convolution reads is shared over rows: 14 (10 and less are on all tiles).
EXPANDED_TINY = 12
# Of a 3x3 convolution in front of a 1x1 one; what stays of it is projected to a third and less.
WINDOW_CHANNELS, PROJECTED_ROWS, PROJECTED_CHANNELS, PROJECTED_TO = 128, 20, 256, 3
# NPU 4000: planes that are scaled row by row though they lie by channels: 36 rows; 20 of 480 channels and more.
GATED_ROWS, GATED_TINY, GATED_EVEN, GATED_CHANNELS = 32, 8, 20, 480
BY_CHANNELS = True


def kernel_edges(
    steps: list[Placed], scratchpad: Scratchpad, outputs: Set[str]
) -> dict[tuple[str, str], str]:
    """(a kernel's result, what its reader makes) -> why it reaches that one through DDR, '' where it stays. Edges that
    are not here go by the other rules."""
    if scratchpad.tiles == 1:
        return {}
    makers = {name: step for step in steps for name in step.writes}
    found = _of_folded_images(steps, makers, scratchpad)
    if scratchpad.generation in scratchpad.memory.kernels_share_unevenly:
        found |= uneven_edges(steps, makers, scratchpad)
    elif scratchpad.generation in scratchpad.memory.shared_as_made:
        found |= _as_made(steps, makers, scratchpad)
    return found | ends(steps, makers, scratchpad, outputs)


def _as_made(
    steps: list[Placed], makers: dict[str, Placed], scratchpad: Scratchpad
) -> dict[tuple[str, str], str]:
    """Of kernels that the tiles share as the convolution in front of them."""
    found: dict[tuple[str, str], str] = {}
    for step in steps:
        before = makers.get(step.reads[0]) if step.reads else None
        if before is None or step.engine != "dsp" or not isinstance(step.only, VectorWork):
            continue
        work = before.only
        if not isinstance(work, MacWork) or before.images > 1 or work.groups > 1 or len(step.reads) > 1:
            continue
        if work.out_h * work.out_w == 1:
            continue
        readers = [steps[k] for k in scratchpad.uses.get(step.writes[0], ())]
        quantised = [r for r in readers if r.node.op_type == QUANTISE]
        shared = False if quantised else _sharing(before, work, readers, makers, scratchpad)
        if shared is None:
            continue
        for pass_ in quantised:
            found |= behind_quantised(step, pass_, work, steps, scratchpad)
        if shared and unequal_in_8_bits(work, scratchpad.tiles):
            found[before.writes[0], step.writes[0]] = WIDE
            scratchpad.shared_otherwise.add(before.writes[0])  # it crosses for this alone
        source = makers.get(before.reads[0])
        if (
            shared
            and work.kernel_h == 1
            and work.out_h > EXPANDED_TINY
            and source
            and any(map(_window_of, readers))
        ):
            found[before.reads[0], before.writes[0]] = CHANNELS  # what begins a block is shared over rows
        for reader in (r for r in readers if r not in quantised):
            why = _between(work, shared, reader, makers, scratchpad, steps)
            if why is not None:
                found[step.writes[0], reader.writes[0]] = why
    return found


def _of_folded_images(
    steps: list[Placed], makers: dict[str, Placed], scratchpad: Scratchpad
) -> dict[tuple[str, str], str]:
    """Results of convolutions over folded images that are shared over channels, to whoever reads them first; others
    read what that loaded (1x1 convolutions of a RegNetX)."""
    found: dict[tuple[str, str], str] = {}
    for step in steps:
        turn = makers.get(step.reads[0]) if step.reads else None
        apart = turn is not None and turn.sharing == SLABS and is_folded(step)
        if apart and over_channels(step, scratchpad.generation):
            uses = scratchpad.uses.get(step.writes[0], ())
            found |= {(step.writes[0], steps[k].writes[0]): CHANNELS for k in uses[:1]}
            scratchpad.shared_otherwise.add(step.writes[0])
    return found


def _sharing(
    before: Placed,
    work: MacWork,
    readers: list[Placed],
    makers: Mapping[str, Placed],
    scratchpad: Scratchpad,
) -> bool | None:
    """Whether a convolution and the kernel behind it are shared over channels; None where no rule was seen."""
    if _window_of(before) is not None:
        return _depthwise(before, work, makers, scratchpad)
    if work.op != MacOp.CONVOLUTION:
        return None
    found = next(((r, w) for r in readers if (w := _window_of(r)) is not None), None)
    if found is not None and work.kernel_h == 1:
        window = found[1]
        by_channels = _depthwise(*found, makers, scratchpad)
        if not scratchpad.rows_around or not by_channels:
            return by_channels
        if window.stride_h > 1:
            return window.out_h in TWO_TILES_STRIDED
        wide = bool(work.out_c >= EXPANDED_CHANNELS and work.out_h <= EXPANDED_ROWS)
        return wide and (_joined_again(before, scratchpad) or work.out_h <= TWO_TILES_ALONE)
    if work.kernel_h > 1 and len(readers) == 1 and is_pointwise(readers[0]):
        wide = work.out_c >= WINDOW_CHANNELS and (work.stride_h == 1 or scratchpad.rows_around)
        return BY_CHANNELS if wide else shares_channels(work, scratchpad.rows_around)
    if all(is_mean(r) for r in readers) and work.out_h <= EXPANDED_ROWS:
        return BY_CHANNELS
    return shares_channels(work, scratchpad.rows_around)


def _depthwise(step: Placed, work: MacWork, makers: Mapping[str, Placed], scratchpad: Scratchpad) -> bool:
    """Whether a depthwise convolution is shared over channels."""
    rows, strided = work.out_h, work.stride_h > 1
    if scratchpad.rows_around:
        return bool(rows <= (FOUR_TILES_STRIDED if strided else FOUR_TILES_ROWS))
    if strided:
        return bool(rows in TWO_TILES_STRIDED or rows <= TWO_TILES_TINY)
    kernel = makers.get(step.reads[0])
    expanded = makers.get(kernel.reads[0]) if kernel is not None and kernel.reads else None
    again = expanded is not None and _joined_again(expanded, scratchpad)
    return bool(rows <= (TWO_TILES_ROWS if again else TWO_TILES_ALONE))


def _joined_again(expanded: Placed, scratchpad: Scratchpad) -> bool:
    """Whether what begins a block is read once more behind it."""
    return len(scratchpad.uses.get(expanded.reads[0], ())) > 1


def _between(
    work: MacWork,
    shared: bool,
    reader: Placed,
    makers: Mapping[str, Placed],
    scratchpad: Scratchpad,
    steps: list[Placed],
) -> str | None:
    """Why the result of a kernel behind `work` crosses DDR to `reader`, '' where it does not."""
    rows, columns = int(work.out_h), int(work.out_w)
    by_rows = "" if scratchpad.kernels_end or even_fours(rows, columns, scratchpad.tiles) else FOURS
    window = _window_of(reader)
    if window is not None:
        wanted = _depthwise(reader, window, makers, scratchpad)
        if shared != wanted:
            return CHANNELS
        return "" if shared else (KERNEL if scratchpad.kernels_end else by_rows)
    if is_mean(reader):
        if not shared:
            if scratchpad.kernels_end:
                return KERNEL
            return by_rows or (CHANNELS if rows <= GATED_TINY else "")
        if work.op == MacOp.CONVOLUTION:
            return ""  # nothing but a mean reads it
        if not scratchpad.rows_around:
            return CHANNELS  # if not here, then what is gated is
        even = rows % FOUR == 0 and GATED_TINY < rows <= GATED_EVEN and work.out_c >= GATED_CHANNELS
        return GATED if even else CHANNELS if rows > GATED_ROWS else ""
    if is_pointwise(reader):
        if not shared:
            return by_rows
        small = work.op == MacOp.CONVOLUTION and rows <= PROJECTED_ROWS and work.out_c >= PROJECTED_CHANNELS
        to = reader.only
        projected = isinstance(to, MacWork) and to.out_c * PROJECTED_TO <= work.out_c
        small = small and work.kernel_h > 1 and projected
        return "" if small else CHANNELS
    if _convolves(reader):
        return CHANNELS if shared else (None if scratchpad.kernels_end else by_rows)
    if is_elementwise_pass(reader.steps) and len(reader.reads) == 2:
        if shared:
            return CHANNELS
        if scratchpad.kernels_end:
            return KERNEL if _beside_window(reader, scratchpad, steps) else None
        return by_rows
    return None


def _beside_window(addition: Placed, scratchpad: Scratchpad, steps: list[Placed]) -> bool:
    """Whether a window reads what is added or the sum: these lie with the rows around each tile's own then."""
    names = {w for n in (*addition.reads, *addition.writes) for w in scratchpad.wholes(n)}
    readers = (steps[k].only for n in names for k in scratchpad.uses.get(n, ()))
    return any(isinstance(w, MacWork) and w.op != MacOp.ELTWISE and w.kernel_h > 1 for w in readers)


def _convolves(step: Placed) -> bool:
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION


def _window_of(step: Placed) -> MacWork | None:
    """The depthwise convolution of more than one tap that a step is."""
    work = step.only
    return work if isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE and work.kernel_h > 1 else None
