"""Which of the ways to cut a product Intel's compiler takes, where that is not the one that costs least by counts."""

from __future__ import annotations

from math import ceil, inf
from typing import NamedTuple

import numpy as np

from npusim.compiler.cutting.fitted import AVOID, WAIT, Operands
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.work import MacWork

#: Products of so many rows, cut over channels alone, take equal blocks of them if these cost so little more (Intel's
#: schedules: 256 x 1,024 x 4,096 in 16 of 256 channels, 128 x 2,048 x 8,192 in 64 of 128).
LEAST_EVEN, MOST_EVEN, EVEN_WORTH = 64, 256, 1.1
#: Of up to so many rows, all stand in the scratchpads if that costs so little more than reading weights twice (Intel's
#: schedules: 512 x 3,072 x 3,072 in 96 of 32 channels).
MOST_WHOLE, WHOLE_WORTH = 512, 1.1
#: ... however many they are, where there are more weights than inputs and blocks along two axes wait for their
#: transfers (NPU 3720: 300 x 3,072 x 8,192 in 128 of 64 channels, 729 x 1,152 x 4,304 in 39, 1,500 x 512 x 2,048 in 16;
#: but 4,096 x 320 x 1,280 in 6 of rows).
WHOLE_WORTH_WAITING = 1.5
#: Blocks along two axes that wait for their transfers are taken up to so much dearer than the cheapest along one; where
#: they are avoided, blocks along one up to so much dearer than those (Intel's schedules of products: 85 to 131 cut over
#: channels and 12 to 46 over rows a generation and way, 4 to 10 over both).
TWO_WORTH = 1.3
#: Weights of a product of so many rows pass them in blocks of channels (NPU 4000 and 5010), of no fewer on a tile and
#: equal ones where these are no more than so many times as many.
MOST_STREAMED, LEAST_CHANNELS, MOST_FINER = 640, 32, 2.0


class Ways(NamedTuple):
    """Ways to cut a product, an element each: blocks of rows, channels and terms, whether they are along two axes and
    `waits` for transfers, and what they cost, infinite where they do not fit."""

    rows: np.ndarray
    channels: np.ndarray
    terms: np.ndarray
    two: np.ndarray
    waits: np.ndarray
    cost: np.ndarray


def preferred(work: MacWork, o: Operands, ways: Ways, two_axes: str) -> tuple[int, float]:
    """The way that is taken, and the least cost of all that are thought of.

    Where blocks along two axes wait (NPU 3720), the terms are cut only of what has more of them than channels: 384 x
    4,096 x 1,024, 300 x 8,192 x 3,072 and 448 x 6,144 x 2,048 in 3, 15 and 8 parts of whole rows, but 512 x 4,096 x
    4,096 in 10 of channels and 22 of rows."""
    cost, least = ways.cost, ways.terms.min()
    summed = work.in_c > work.out_c
    if two_axes == WAIT and not summed and cost[ways.terms == least].min() < inf:
        cost = np.where(ways.terms > least, inf, cost)
    best = int(np.argmin(cost))
    least_cost = float(cost[best])
    pixels = work.out_h * work.out_w
    few = work.kernel_h * work.kernel_w == 1 and pixels >= LEAST_EVEN
    uncut = (ways.rows == 1) & (ways.terms == 1)
    alike = ways.waits == ways.waits[best]
    alone = two_axes == WAIT and o.right > o.left
    if few and (alone or (pixels <= MOST_WHOLE and ways.terms[best] == 1)):
        whole = np.where((ways.rows == 1 if alone and summed else uncut) & alike, cost, inf)
        if whole.min() <= (WHOLE_WORTH_WAITING if alone else WHOLE_WORTH) * cost[best]:
            best = int(np.argmin(whole))
    if few and pixels <= MOST_EVEN and uncut[best]:
        sixteens = ceil(work.out_c / CHANNEL_BLOCK)
        even = np.where(uncut & (sixteens % ways.channels == 0) & alike, cost, inf)
        if even.min() <= EVEN_WORTH * cost[best]:
            best = int(np.argmin(even))
    if two_axes and ways.two[best]:
        other = np.where(ways.two, inf, cost)
        dearer = cost[best] > TWO_WORTH * other.min()
        if two_axes == AVOID:
            dearer = other.min() <= TWO_WORTH * cost[best]
        if dearer:
            best = int(np.argmin(other))
    return best, least_cost


def streams_over_channels(work: MacWork, two_axes: str, by_time: str) -> bool:
    """Whether the weights of a product of these rows pass all of its rows in blocks of channels (`over_whole_rows`): on
    NPU 4000 and 5010."""
    pixels = work.out_h * work.out_w
    one_piece_at_a_time = two_axes == WAIT or by_time == "3720"
    return (
        work.kernel_h * work.kernel_w == 1
        and LEAST_EVEN <= pixels <= MOST_STREAMED
        and not one_piece_at_a_time
    )


def over_whole_rows(
    work: MacWork,
    rows: np.ndarray,
    channels: np.ndarray,
    terms: np.ndarray,
    tiles: np.ndarray,
    fits: np.ndarray,
) -> np.ndarray:
    """Of the ways that fit, those left where one of them goes over all rows in blocks of channels: none cuts the terms
    further, and of those over all rows only those in equal blocks of whole sixteens. `tiles`: over how many of them a
    way shares its channels.

    Intel's schedules on NPU 4000: 128 x 4,096 x 4,096 in 128 blocks of 32 channels (48 would fit), 256 x 4,096 x 1,024
    in 32 (no parts of the terms, which would take the array half the time), 192 x 2,560 x 1,024 in 16, 512 x 3,072 x
    3,072 in 96, of 12 layers of Yi, Mistral, Phi-3 and BERT-large likewise; on NPU 5010 192 x 2,560 x 1,024 in 32."""
    parts = ceil(work.out_c / MAX_CHANNELS)  # of the channels, one after another
    sixteens = ceil(ceil(work.out_c / parts) / CHANNEL_BLOCK)
    least = terms == terms.min()
    whole = fits & (rows == 1) & least & (work.out_c / (channels * tiles) >= LEAST_CHANNELS)
    if not whole.any():
        return fits
    left = fits & least
    equal = whole & (channels % parts == 0) & (sixteens % (np.maximum(channels // parts, 1) * tiles) == 0)
    for shared in np.unique(tiles):
        mine = tiles == shared
        if (equal & mine).any() and channels[equal & mine].min() <= MOST_FINER * channels[whole & mine].min():
            left &= ~(whole & mine) | equal
    return np.asarray(left)
