"""A product and the kernel behind it, cut together over channels: what is computed is activated while the next channels
are, and never leaves the scratchpads (`VF` of NCE.Convolution and Gelu in Intel's schedules of feed-forward layers).

Small results are made whole first there and cross DDR: NPU 3720 cuts 512 x 2,048 and 384 x 3,072 together, not 256 x
3,072; NPU 4000 that one too, not 192 x 3,072 nor 256 x 2,048, and not 384 x 4,096, whose weights fill it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import ROWS
from npusim.compiler.sharing.pieces import convolution_of, too_large_twice
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import VectorWork

#: Of a result: 3.1 MB of 512 x 3,072 on NPU 4000 are cut so, 3.5 of 577 x 3,072, too, and 4.2 of 1,370 x 1,536 there
#: and on 3720; 8.4 of 1,024 x 4,096 are not.
MOST_BYTES = 4_300_000


def activated_products(
    placed: list[Placed],
    sizes: Mapping[str, float],
    outputs: Set[str],
    least_bytes: float,
    room: float,
    tiles: int,
) -> dict[int, int]:
    """Where a product and a kernel of its result alone are cut together: index of the product -> pieces. `least_bytes`
    of the result; `room`: bytes of all scratchpads. What one product makes whole stays."""
    readers: dict[str, int] = {}
    for step in placed:
        for name in step.reads:
            readers[name] = readers.get(name, 0) + 1
    found = {}
    for k, (step, behind) in enumerate(pairwise(placed)):
        if not (step.fixed_bytes and step.node.op_type in PRODUCTS and len(step.steps) == 1) or step.padded:
            continue
        name, kernel = step.writes[0], behind.only
        alone = readers.get(name) == 1 and name not in outputs and behind.reads == (name,)
        if alone and isinstance(kernel, VectorWork) and kernel.rows <= 1:
            between = least_bytes <= sizes[name] <= MOST_BYTES and step.fixed_bytes <= room
            between = between and too_large_twice(step, sizes[name], tiles, room / tiles)
            pieces = between and _pieces(step, sizes[name], sum(sizes[n] for n in step.reads), room)
            if pieces and not behind.one_dsp:
                found[k] = pieces
    return found


def _pieces(step: Placed, result: float, reads: float, room: float) -> int:
    """Even pieces of whole sixteens of channels of which two fit beside the input, their weights on every tile; 0 where
    there are none."""
    work = convolution_of(step)
    if work is None or work.groups > 1:
        return 0
    sixteens = int(work.out_c) // CHANNEL_BLOCK
    for pieces in range(2, sixteens + 1):
        if sixteens % pieces == 0 and reads + 2 * result / pieces + 2 * step.fixed_bytes / pieces <= room / 2:
            return pieces
    return 0


def in_step(k: int, product: Placed, kernel: Placed, pieces: int, scratchpad: Scratchpad) -> list[Residence]:
    """The residences of the two."""
    r = Residence()
    scratchpad.cross_tiles(product, ROWS, r)
    moving = 2 * (scratchpad.sizes[product.writes[0]] + product.fixed_bytes) / pieces
    scratchpad.make_room(k, product, r, sum(scratchpad.sizes[n] for n in product.reads) + moving)
    missing = [n for n in product.reads if scratchpad.holder(n) is None]
    r.loads = [(n, scratchpad.sizes[n], 1) for n in missing]
    behind = Residence()
    for one in (r, behind):
        one.pieces, one.blocks = pieces, Blocks(channels=pieces)
        one.held_bytes = min(scratchpad.used_bytes + moving, scratchpad.resident_bytes)
        one.reason = (
            f"cut together in {pieces} pieces of channels: what is computed stays inside to be activated"
        )
    r.destination, behind.destination = "next", "ddr"
    r.fixed_traffic, r.weights_until = product.fixed_bytes, 1.0
    r.weights_held = 2 * product.fixed_bytes / pieces
    behind.follows = frozenset(product.writes)
    return [r, behind]
