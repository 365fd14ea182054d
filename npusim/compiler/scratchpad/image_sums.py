"""Additions behind convolutions of many weights on small planes.

The tiles share the last stage of a residual network by channels, and the additions between them by rows: both operands
come from DDR, and the sum stays for the next convolution (every tile has all of it) and is written for the next
addition. So do 12 of 12 additions behind 512 to 2,048 channels on 7 and 8 rows on three NPUs, those of ResNet-50 at 192
to 384 pixels (6 to 12 rows), and 12 of 14 behind 512 x 512 x 3 x 3 in ResNet-18 at 256 to 512 (8 to 16 rows). Not those
of 1.2 MB and less (256 x 256 x 3 x 3, 512 to 1,024 channels), most of which stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS

MANY_WEIGHTS_BYTES = 2_000_000
MADE_OVER_CHANNELS = "made over channels, added over rows"


def of_many_weights(steps: Sequence[Placed], sizes: Mapping[str, float]) -> frozenset[str]:
    """Results of convolutions whose weights are so many, and twice as many as the results."""
    return frozenset(
        n
        for s in steps
        if s.node.op_type in CONVOLUTIONS and s.fixed_bytes >= MANY_WEIGHTS_BYTES
        for n in s.writes
        if s.fixed_bytes > 2 * sizes[n]
    )
