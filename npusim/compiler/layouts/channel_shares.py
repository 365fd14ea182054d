"""Channels of an image that a kernel normalises where they lie: tiles have whole sixteens, their DSPs uneven shares.

Intel's compiler 8.4 gives each tile whole sixteens of the channels that a convolution left there, or that the pass
behind the kernel takes as rows of whole sixteens, and cuts all tiles at one place: the first DSP has half of the
largest share, or where that is all of the smallest half of the latter, and the second the rest: 24 of 32 channels
beside 8 of 16. On NPU 3720 tiles of uneven shares use one DSP each. What crosses DDR on both sides of the kernel is
shared evenly.

Seen in its schedules: 64, 80 and 112 channels at 28 to 96 pixels on NPU 5010, 80, 96 and 112 at 20 to 64 pixels on
4000 (12 graphs; the longest kernel has 24 channels; of 48 and 128 channels on 5010 8 and 24, of 64 x 96 x 96 between
convolutions, which crosses, 11), 48 and 80 at 28 pixels on 3720: 32 and 48, of 64 there 16. Of 64 x 28 x 28 on NPU
5010 22.9 us, in even shares 10.9. Twice 32 channels take 4.5 times as long so, which the laws of size forbid:
`channels_in_sixteens`, 2026-as-released."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from npusim.compiler.layouts.norm_edges import normalises_channels
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import VectorWork


def longest_share(channels: int, tiles: int, dsps: int, one_each: bool) -> int:
    """Channels of the DSP that has most. `one_each`: tiles of uneven shares use one of their DSPs."""
    blocks = channels // CHANNEL_BLOCK
    least, most = (n * CHANNEL_BLOCK for n in (blocks // tiles, -(-blocks // tiles)))
    if least == most or dsps == 1:
        return most // dsps
    if one_each:
        return most
    first = most // dsps if most // dsps < least else least // dsps
    return max(first, most - first)


def in_sixteens(
    placed: Iterable[Placed],
    residences: Iterable[Residence],
    values: Mapping[str, Value],
    tiles: int,
    dsps: int,
    one_each: bool,
) -> list[Placed]:
    """The steps, kernels whose channels lie in sixteens as long as their longest share takes."""
    return [
        _longer(step, values[step.reads[0]].shape[1], tiles, dsps, one_each)
        if tiles > 1 and normalises_channels(step) and _lies(step, r, values, tiles)
        else step
        for step, r in zip(placed, residences, strict=True)
    ]


def _lies(step: Placed, r: Residence, values: Mapping[str, Value], tiles: int) -> bool:
    """Whether an image of one, with sixteens for every tile, does not cross DDR on both sides of the kernel."""
    shape = values[step.reads[0]].shape
    if len(shape) != 4 or shape[0] > 1 or shape[1] % CHANNEL_BLOCK or shape[1] < CHANNEL_BLOCK * tiles:
        return False
    if r.pieces > 1:
        return False
    loaded = any(name == step.reads[0] for name, _, _ in r.loads)
    return not loaded or (not r.partial_bytes and shape[3] % CHANNEL_BLOCK == 0)


def _longer(step: Placed, channels: int, tiles: int, dsps: int, one_each: bool) -> Placed:
    work = step.steps[0]
    uneven = channels // CHANNEL_BLOCK % tiles > 0
    if not isinstance(work, VectorWork) or not uneven:
        return step
    parts = tiles if one_each else tiles * dsps
    longest = longest_share(channels, tiles, dsps, one_each)
    elements = work.elements * longest * parts / channels
    work = replace(work, elements=elements, independent=min(work.independent, parts))
    return step._replace(steps=(work, *step.steps[1:]))
