"""Scales behind a norm of rows that are no whole sixteens: as many rows side by side as make whole sixteens.

Where these divide the rows, a channel is an element of so many rows (16 x 1,245 as 19,920 channels of one pixel, 112 x
38 as 304 of fourteen, 96 x 300 as 1,200 of 24, 64 x 1,000 as 2,000 of 32), and each has its weights and its table in
DDR: 17 x 1,245, 100 x 38 and 90 x 221 are filled up instead (`LayerNormalization/Add` in Intel's schedules of eleven
norms on NPU 3720 and 5010)."""

from __future__ import annotations

from dataclasses import replace
from math import gcd

from npusim.ops.counting import CHANNEL_BLOCK, pixels
from npusim.work import MacOp, MacWork, Work


def rows_side_by_side(steps: tuple[Work, ...], shape: tuple[int, ...]) -> tuple[Work, ...]:
    """The kernel of a norm over the innermost axis of `shape`, and its scale."""
    scale = steps[-1]
    if not isinstance(scale, MacWork) or scale.op != MacOp.DEPTHWISE:
        return steps
    width, elements = shape[-1], scale.out_h * scale.out_w * scale.out_c
    together = CHANNEL_BLOCK // gcd(width, CHANNEL_BLOCK)
    if together == 1 or elements % (width * together):
        return steps
    channels = width * together
    rows, columns = pixels(elements / channels)
    wide = replace(scale, out_h=rows, in_h=rows, out_w=columns, in_w=columns, out_c=channels, in_c=channels)
    return *steps[:-1], wide
