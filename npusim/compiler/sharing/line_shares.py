"""Lines, [1,C,L], between a window along them and a convolution of one tap: where the tiles' shares are not alike.

Intel's compiler 8.4 sees a window along a line as one of L rows and one column, of which each tile has as many, and a
convolution of one tap over the same line as an image: of eight columns (NPU 5010, from 64 places on), of four, else as
the most even rectangle (333 places as 37 x 9, 150 as 15 x 10, 210 as 15 x 14). Of 200 places three tiles have 67, 67
and 66, of 25 rows of eight 72, 64 and 64: the line crosses DDR, in the one direction and the other. It stays where the
rows are whole for every tile (192 places on three, 150 as 5 x 10 a tile), but for a window that reads the places around
a tile's own on NPU 4000 and 5010: a line in eight columns has none to share.

Up to 128 places are shared so too, not over channels as products of so few rows (60, 100 and 128 of 128 and 256
channels; 32 of 512 lie whole on every tile and stay, which is not followed). The sum of a long window's slices is such
a result of a window (15 taps of 256 channels of 200 places: 0.1 MB out and in on NPU 4000 and 5010; on 3720 see
`npusim.compiler.layouts.sliced_lines`).

A scale of channels sees a line as an image of as many rows as come out even (3,000 places as 8 x 375, 4 x 750 a tile):
between it and a window whose tiles share its places the line crosses DDR, either way, and stays where they share its
channels. NPU 5010 shares places (4 of 4 graphs of 64 to 256 channels at 300 to 3,000 places); which of both NPU 3720
and 4000 choose no size tells (1 and 2 of 4 share places), and there it stays (`scaled_lines_cross`).

Several lines as one image cross between reading them as rows and as columns, around poolings of one after another, and
in front of a mean, whose pass that turns them the tiles share otherwise (0.26 MB of 8 x 128 x 128 on all three NPUs).

Seen in its schedules of 15 graphs made for it, separable and dense windows of 3 to 13 taps over 32 to 400 places of 64
to 512 channels, 26 schedules on three NPUs: the bytes of 24 are within 18 % of Intel's, of 11 without. Additions of
residual ones are seen now one way, now the other (1.24 of Intel's bytes at 200 places on NPU 5010)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from npusim.compiler.lowering.batched_lines import is_batched_line
from npusim.compiler.lowering.filled_lines import pooled_in_columns
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.works import LEAST_WIDE_ROWS
from npusim.compiler.sharing.distribution import CONVOLUTIONS, ROW_LIMIT
from npusim.graph import Value
from npusim.ops.counting import PIXELS_PER_ROW, most_even_rectangle
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork

RELAID = "pooling_chain_relayout"  # a mean over several lines turns them over other shares
WINDOW, ONE_TAP, SCALE = "window", "one tap", "scale"
# Several lines as one image (npusim.compiler.lowering.batched_lines).
WIDE, TALL, COLUMNS = "wide", "tall", "columns"


class Shares(NamedTuple):
    """Lines between a window and a convolution of one tap."""

    crossing: frozenset[tuple[str, str]] = frozenset()  # each with what is made of it
    alike: frozenset[str] = frozenset()  # of few places, each for its only reader
    # Of a window and a scale, each with what is made of it: where the window's tiles share its places.
    scaled: frozenset[tuple[str, str]] = frozenset()


def shares_of_lines(
    steps: Sequence[Placed], values: Mapping[str, Value], tiles: int, wide: int, rows_around: bool
) -> Shares:
    """Which lines reach such a reader through DDR, and which stay though products of so few rows are shared over
    channels. `wide`: columns where they fill rows of so many; `rows_around`: the generation wants the places around a
    tile's own on it."""
    if tiles == 1:
        return Shares()
    readers = Counter(n for s in steps for n in s.reads)
    seen: dict[str, str] = {}
    crossing, alike, scaled = set(), set(), set()
    for step in steps:
        if _pooled_alone(step, values):
            seen[step.writes[0]] = COLUMNS
            crossing.add((step.reads[0], step.writes[0]))
            continue
        if step.engine != "dma" and step.writes:  # which turns it as it is written
            parted = (COLUMNS, WIDE, TALL) if step.lowering == RELAID else (COLUMNS,)
            crossing |= {(n, step.writes[0]) for n in step.reads if seen.get(n) in parted}
        reader = _seen(step, values)
        if not reader:
            if _sliced(step, values):
                seen[step.writes[0]] = WINDOW
            elif _turned(step, values):
                seen[step.writes[0]] = WIDE
            continue
        name, out = step.reads[0], step.writes[0]
        seen[out] = reader
        if seen.get(name, reader) == reader:
            continue
        if SCALE in (reader, seen[name]):
            if WINDOW in (reader, seen[name]):
                scaled.add((name, out))
            continue
        places = values[name].shape[2]
        if reader in (WIDE, TALL) or (rows_around and reader == WINDOW) or rows_of(places, wide) % tiles:
            crossing.add((name, out))
        elif readers[name] == 1 and places <= ROW_LIMIT:
            alike.add(name)
    return Shares(frozenset(crossing), frozenset(alike), frozenset(scaled))


def _pooled_alone(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step pools several lines one by one, each in columns, out of DDR and into it (`slice_0` to `slice_15`,
    [1x64x8x4] of 128 places on four tiles)."""
    work = step.steps[0] if step.engine == "mac_array" and len(step.writes) == len(step.reads) == 1 else None
    if (
        work is None
        or step.images > 1
        or not all(is_batched_line(values[n]) for n in (*step.reads, *step.writes))
    ):
        return False
    return pooled_in_columns(values[step.reads[0]].shape[2], work)


def _seen(step: Placed, values: Mapping[str, Value]) -> str:
    """How a convolution over a line sees it; empty for any other step."""
    work = step.only if step.engine == "mac_array" and len(step.writes) == 1 and step.reads else None
    if step.lowering == "scale_shift" and isinstance(work, MacWork):
        return (
            SCALE if len(values[step.writes[0]].shape) == 3 and values[step.writes[0]].shape[0] == 1 else ""
        )
    if not isinstance(work, MacWork) or step.node.op_type not in CONVOLUTIONS or step.images > 1:
        return ""
    shapes = [values[n].shape for n in (step.reads[0], step.writes[0])]
    if all(is_batched_line(values[n]) for n in (step.reads[0], step.writes[0])):
        batch, _, places, *_ = shapes[1]
        return {(batch, places): WIDE, (places, batch): TALL}.get((work.out_h, work.out_w), "")
    if any(len(s) != 3 or s[0] != 1 for s in shapes) or work.op not in (MacOp.CONVOLUTION, MacOp.DEPTHWISE):
        return ""
    if work.kernel_h * work.kernel_w * work.stride_h * work.stride_w > 1:
        return WINDOW if work.kernel_w == work.out_w == 1 else ""
    whole = work.op == MacOp.CONVOLUTION and int(step.node.attribute("group", 1)) == 1
    return ONE_TAP if whole else ""


def _sliced(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step is a long window along a line, cut into slices, the sum of which lies as a window's result."""
    work = step.steps[0] if step.steps else None
    line = isinstance(work, MacWork) and work.kernel_w == work.out_w == 1
    return line and step.lowering in WINDOW_LIMITS and values[step.writes[0]].shape[0] == 1


def _turned(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step turns several lines of the graph, a line a row (`memperm_[d2, d0, d3, d1]`); for a window that
    sees them as columns they cross DDR behind it (`memperm_[d3, d2, d0, d1]`)."""
    work = step.only
    turns = isinstance(work, MacWork) and work.op == MacOp.PERMUTE_IMAGE and len(step.writes) == 1
    return turns and is_batched_line(values[step.writes[0]])


def rows_of(places: int, wide: int) -> int:
    """Rows of a line as a convolution of one tap sees it."""
    for columns, least in ((wide, LEAST_WIDE_ROWS), (PIXELS_PER_ROW, 0)):
        if places % columns == 0 and places >= least:
            return places // columns
    return most_even_rectangle(places)[0]
