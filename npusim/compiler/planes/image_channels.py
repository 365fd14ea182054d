"""The convolution of a folded image that does not fit: over channels, its image inside.

Intel's compiler 8.4 cuts the first convolution of a ResNet on NPU 5010 (7 x 7, stride 2, 64 channels, which are 512
over folded columns) over channels in four or eight pieces where it does not fit and the image does, beside itself as
it came: it turns the image once, inside, reads the weights once, and writes the result to DDR, where the pooling
fetches it. So do 8 of 9 at 320 to 544 pixels (352 goes in strips of rows), in front of a 3 x 3 too; at 576 to 640,
whose image no longer fits, convolution, pooling and 3 x 3 are cut together, for 1.4 times the time of the array.
Windows of 3 to 9 at stride 1 go the same way on small planes: 64 channels (1,024 over columns) at 224 to 320 pixels, 48
at 256, 32 (512) at 256, 9 of 9; larger ones are cut together with the next, in 9 of 13, as 3 x 3 and 5 x 5 at stride
2 are, in 9 of 12. Its estimate of the array decides, to a few per cent; here a count of folded pixels does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork

TALL_WINDOW = 7  # rows, at a stride of two
# At stride 1: up to so many folded pixels, by results of the folded columns.
MOST_PIXELS = {512: 4_608, 768: 8_000}
GREY_STRIPS = 5  # rows of a window over one channel, in strips: ESPCN's, 5 of 5; 3 and 9 are not
PIECE_CHANNELS = 128  # results of a piece, 8 of 12; of the others, half of them, two of which fit there


def over_channels(
    placed: Sequence[Placed],
    sizes: Mapping[str, float],
    resident: float,
    tiles: int,
    tile_bytes: float,
    lone: Set[int],
) -> dict[str, int]:
    """Results of convolutions that are cut so, and in how many pieces. `lone`: steps that keep to laws of size."""
    pieces = {
        s.writes[0]: _pieces(s, sizes, resident, tiles, tile_bytes)
        for k, s in enumerate(placed)
        if k not in lone and s.writes and is_folded(s)
    }
    return {name: n for name, n in pieces.items() if n}


def _pieces(step: Placed, sizes: Mapping[str, float], resident: float, tiles: int, tile_bytes: float) -> int:
    """In how many pieces of channels a convolution of a folded image is cut that does not fit; 0 where it fits, or goes
    another way."""
    work = step.only
    if not isinstance(work, MacWork) or len(step.reads) != 1:
        return 0
    image, made = sizes[step.reads[0]], sizes[step.writes[0]]
    fits = image + made + tiles * step.fixed_bytes <= tiles * tile_bytes
    if fits or 2 * image >= resident or not _over_channels(work):
        return 0
    pieces = ceil(work.out_c / PIECE_CHANNELS)
    return pieces if image / tiles + made / tiles / pieces + step.fixed_bytes / pieces <= tile_bytes else 0


def image_stays(step: Placed, scratchpad: Scratchpad, r: Residence) -> bool:
    """Cut a step over channels whose image stays, if it is one; whether it is."""
    pieces = scratchpad.over_channels.get(step.writes[0], 0) if step.writes else 0
    if pieces:
        r.blocks, r.pieces, r.destination = Blocks(channels=pieces), pieces, "ddr"
        r.weights_held, r.weights_until = 2 / pieces * step.fixed_bytes, 1.0
        r.reason = f"in {pieces} pieces of channels, joined in DDR; its image stays"
    return pieces > 0


def _over_channels(work: MacWork) -> bool:
    """Whether pieces of channels take the array less time than strips of rows, by what Intel's schedules do."""
    pixels = work.out_h * work.out_w
    if work.stride_h > 1:
        return bool(work.kernel_h >= TALL_WINDOW and work.out_c >= min(MOST_PIXELS))
    if work.in_c == CHANNEL_BLOCK and work.kernel_h == GREY_STRIPS:
        return False
    return any(work.out_c >= results and pixels <= most for results, most in MOST_PIXELS.items())
