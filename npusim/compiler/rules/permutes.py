"""Conditions on a transpose: by the DMA, or by a pass of the MAC array."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from math import prod

from npusim.compiler.cutting.split import ceil_to
from npusim.graph import Graph, Node
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.structure import MOST_IMAGE_AXES, merged, shuffles

#: Intel's schedules: 128 x 12 by DMA, 100 x 20, 197 x 12 and 4 x 64 x 24 on the MAC array.
MOST_DMA_PLANES = 1792
#: An innermost axis that is filled up to sixteens for the MAC array: to how much of its length (72 to 80, 57 to 64, not
#: 70 to 80), of how many bytes (180,000 to 677,000; not 123,000, and of 794,000 a copy in DDR is in front).
MOST_FILLED, FILLED_BYTES = 1.125, (2**17, 3 * 2**18)


def permutes_by_dma(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """A transpose that keeps its innermost axis and moves few planes, whose axes do not fill sixteens, or that moves
    more axes than an image has; channels of an image that are shuffled are not."""
    perm = node.attribute("perm")
    shape = graph.values[node.inputs[0]].shape
    if perm is None or len(shape) < 2:
        return False
    if shuffles(node):
        return False
    order = merged(shape, tuple(perm))
    if len(order) - (order[0] == 0) > MOST_IMAGE_AXES:
        return True
    last = len(shape) - 1
    if perm[-1] == last:
        if shape[0] > 1 and order[0] == 0 and len(order) == MOST_IMAGE_AXES + 1:
            return True  # a batch of such planes
        moved = [shape[a] for i, a in enumerate(perm) if a != i]
        return bool(prod(moved) <= MOST_DMA_PLANES or shape[last] % CHANNEL_BLOCK)  # 50 x 60 rows of 70
    return prod(shape[_moving_from(perm) :]) % CHANNEL_BLOCK != 0


def _moving_from(perm: Sequence[int]) -> int:
    """The first of the axes that the innermost one moves together with: itself where it moves alone."""
    first = len(perm) - 1
    while first and perm.index(first) and perm[perm.index(first) - 1] == first - 1:
        first -= 1
    return first


def _permutes_unfilled(rows: int) -> Callable[[Node, Graph, Set[str]], bool]:
    """`permutes_by_dma`, but for planes of `rows` rows and more, two a tile, whose innermost axis alone moves, is
    nearly whole sixteens, and is filled up as it is loaded (`expand`, `expand_copy`, `slice` in 12 schedules on
    NPU 3720 and 10 on 5010; 4 x 300 x 77 on 3720, not 3; 6 on 5010, not 5; 8 on 4000, not 7)."""

    def holds(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
        if not permutes_by_dma(node, graph, on_mac_array):
            return False
        shape, perm = graph.values[node.inputs[0]].shape, tuple(node.attribute("perm"))
        last = len(shape) - 1
        order = merged(shape, perm)
        planes = tuple(n for n in shape[:-1] if n > 1)
        alone = perm[-1] != last and _moving_from(perm) == last
        if not alone or len(planes) != 2 or len(order) > MOST_IMAGE_AXES or planes[0] < rows:
            return True
        filled = ceil_to(shape[last], CHANNEL_BLOCK)
        least, most = FILLED_BYTES
        return filled > MOST_FILLED * shape[last] or not least <= 2 * prod(shape) <= most

    holds.__name__ = f"permutes_unfilled_{rows}"
    return holds


permutes_unfilled_4, permutes_unfilled_6, permutes_unfilled_8 = (_permutes_unfilled(n) for n in (4, 6, 8))
