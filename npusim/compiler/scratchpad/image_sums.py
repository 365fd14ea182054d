"""Additions behind convolutions of many weights on small planes.

The tiles share the last stage of a residual network by channels, and the additions between them by rows: both operands
come from DDR, and the sum stays for the next convolution (every tile has all of it) and is written for the next
addition. So do 12 of 12 additions behind 512 to 2,048 channels on 7 and 8 rows on three NPUs, those of ResNet-50 at 192
to 384 pixels (6 to 12 rows), and 12 of 14 behind 512 x 512 x 3 x 3 in ResNet-18 at 256 to 512 (8 to 16 rows). A tile's
share of the weights decides (`sums_of_many_weights_cross`): on NPU 4000 and 5010 a quarter of it, from where on they
are cut over channels: behind 256 x 256 and 320 x 320 x 3 x 3, 912 x 912 and 784 x 784 on 7 to 14 rows 19 of 19 cross
on 5010, behind 320 x 320 x 3 x 3 6 of 6 on 4000; 1 of 14 on 3720, where such pieces are joined inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS

MADE_OVER_CHANNELS = "made over channels, added over rows"


def of_many_weights(steps: Sequence[Placed], sizes: Mapping[str, float], many: float) -> frozenset[str]:
    """Results of convolutions whose weights are at least `many` bytes, and twice as many as the results."""
    return frozenset(
        n
        for s in steps
        if s.node.op_type in CONVOLUTIONS and s.fixed_bytes >= many
        for n in s.writes
        if s.fixed_bytes > 2 * sizes[n]
    )
