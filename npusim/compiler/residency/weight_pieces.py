"""Results of convolutions that fit but are cut over channels for the sake of their weights: joined in DDR where large.

Intel's compiler cuts a convolution over its output channels as soon as a tile holds more than a quarter of its size of
weights (`QUARTER`), so that the next piece's arrive beside the one computing, though everything would fit at once: of
7,900 convolutions in its schedules of 200 convolutional networks and chains of bottlenecks 15 of 0.25 of a tile and
more are whole on the three NPUs and some 700 cut; of fewer than 0.25 nearly all are whole (as with products of few
rows, npusim.compiler.sharing.pieces). Its pieces are put together inside where that is small:

- Tiles that share rows, for one reader: up to `JOINED_BYTES` (of bottlenecks of 768 to 1,280 channels on 16 to 28 rows
  819 kB stay on three NPUs, 867 and 885 on 4000, and cross on 5010; 991 kB to 1.2 MB cross on all). For several
  readers, up to `SHARED_JOINED_BYTES` (0.52 MB stay, 0.82 cross).
- Tiles that share channels, for a reader that shares rows, as the expansion behind the window of a bottleneck does in
  front of its sum from `EXPANDED_ROWS` rows on: never on NPU 4000 and 5010 (256 and 512 channels on 16 to 26 rows, 16
  of 16; behind 14 rows on 4000 alone, on 3720 some: left out)."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import SMALL_PLANE_ROWS
from npusim.compiler.sharing.pieces import IMAGE_CONVOLUTIONS, convolution_of
from npusim.compiler.sharing.tile_bytes import QUARTER
from npusim.work import MacWork

JOINED_BYTES, SHARED_JOINED_BYTES = 860_000, 640_000
EXPANDED_ROWS = 16
WHY = "weights in pieces of channels, joined in DDR"


def cross_pieces(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad, r: Residence) -> None:
    """Leave a convolution's result in DDR where its pieces are not put together inside (`weight_pieces_in_ddr`)."""
    if r.destination != "scratchpad" or r.pieces > 1 or not step.writes:
        return
    if scratchpad.generation not in scratchpad.memory.weight_pieces_in_ddr or scratchpad.tiles == 1:
        return
    work = _alone(step)
    readers = [steps[i] for i in scratchpad.uses.get(step.writes[0], ())]
    if work is None or not readers or any(s.engine != "mac_array" for s in readers):
        return
    by_rows = _shares_rows(work)
    if step.fixed_bytes / (1 if by_rows else scratchpad.tiles) <= QUARTER * scratchpad.tile_bytes:
        return
    if gated(step.writes[0], readers, scratchpad):
        crosses = True
        scratchpad.gated_in_pieces.add(step.writes[0])
    elif by_rows:
        most = SHARED_JOINED_BYTES if len(readers) > 1 else JOINED_BYTES
        crosses = scratchpad.sizes[step.writes[0]] > most
    else:
        crosses = len(readers) == 1 and _expands(readers[0], steps, scratchpad)
    if crosses:
        r.destination, r.reason = "ddr", and_also(r.reason, WHY)


def gated(name: str, readers: Sequence[Placed], scratchpad: Scratchpad) -> bool:
    """Whether an image is read by its mean and by its scale (`gated_whole`)."""
    places = scratchpad.addresses
    return places is not None and name in places.gated and len(readers) == 2


def _alone(step: Placed) -> MacWork | None:
    """The work of a convolution of one image."""
    work = convolution_of(step)
    plain = step.node.op_type in IMAGE_CONVOLUTIONS and len(step.steps) == 1 and step.images == 1
    return work if work is not None and plain and work.groups == 1 and work.out_w > 1 else None


def _shares_rows(work: MacWork) -> bool:
    """Whether the tiles share its rows: from 16 rows on one of a single tap, a window on larger planes."""
    window = work.kernel_h * work.kernel_w > 1
    return bool(work.out_h > SMALL_PLANE_ROWS if window else work.out_h >= EXPANDED_ROWS)


def _expands(reader: Placed, steps: Sequence[Placed], scratchpad: Scratchpad) -> bool:
    """Whether a step is a convolution of one tap that is shared over rows, and its result added to another."""
    work = _alone(reader)
    if (
        work is None
        or work.kernel_h * work.kernel_w > 1
        or not _shares_rows(work)
        or scratchpad.generation == "3720"
    ):
        return False
    uses = scratchpad.uses.get(reader.writes[0], ())
    return len(uses) == 1 and is_elementwise_pass(steps[uses[0]].steps)
