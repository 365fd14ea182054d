"""Kernels of 8-bit networks: passes that make their results 8-bit, and windows of 8 bits in front of them."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import ceil, gcd

from npusim.compiler.layouts.norm_edges import shares
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

FOURS = "input through DDR: its kernel shares rows evenly, this step in whole fours of pixels"
WIDE = "input through DDR: its kernel shares channels in sixteens, an 8-bit window in thirties and twos"
QUANTISE = "QuantizeLinear"
FOUR = 4
NARROW_BLOCK = 32


def unequal_in_8_bits(work: MacWork, tiles: int) -> bool:
    """Whether the tiles share the channels of a window for each of them in thirties and twos, since it reads 8 bits,
    and those of the kernel behind it in sixteens: 480 on four tiles as 128, 128, 128, 96 and as 128, 128, 112, 112, 672
    and 960 likewise, not 240 and 1,152 (EfficientNet and MobileNetV3, quantised, on NPU 4000)."""
    if work.op != MacOp.DEPTHWISE or work.input_bytes > 1:
        return False
    return _shares(work.out_c, NARROW_BLOCK, tiles) != _shares(work.out_c, CHANNEL_BLOCK, tiles)


def _shares(channels: float, block: int, tiles: int) -> list[float]:
    """Channels of each tile, whole blocks of them but for the last."""
    ends = [
        min(channels, block * end) for end in accumulate(shares(ceil(channels / block), tiles), initial=0)
    ]
    return [end - begin for begin, end in pairwise(ends)]


def behind_quantised(
    kernel: Placed, pass_: Placed, work: MacWork, steps: list[Placed], scratchpad: Scratchpad
) -> dict[tuple[str, str], str]:
    """What a kernel makes stays for the pass that makes it 8-bit, which shares rows evenly too; what that makes goes on
    as from a kernel shared by rows (156 of 156 passes behind Swish, PReLU and HardSwish in schedules of quantised
    networks on NPU 3720), on NPU 4000 with the rows around a tile's own, or whole on each."""
    rows, columns = int(work.out_h), int(work.out_w)
    even = scratchpad.rows_around or even_fours(rows, columns, scratchpad.tiles)
    behind = [steps[k].writes[0] for k in scratchpad.uses.get(pass_.writes[0], ())]
    edges = {(pass_.writes[0], made): "" if even else FOURS for made in behind}
    return edges | {(kernel.writes[0], pass_.writes[0]): ""}


def even_fours(rows: int, columns: int, tiles: int) -> bool:
    """Whether rows shared evenly by the tiles are whole fours of pixels each (14 rows of 14 on two tiles are not: 7 and
    7, read as 8 and 6)."""
    return -(-rows // tiles) % (FOUR // gcd(columns, FOUR)) == 0
