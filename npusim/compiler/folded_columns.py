"""Convolutions of one tap whose columns Intel's compiler 8.4 folds into channels, because these fill no sixteens.

24 channels are padded to 32 where image, result and weights fit into one tile; where they do not, two columns are one
of 48 channels and make one of twice the results, half as wide (1x48x70x17 by 288x48x1x1 in its schedules of 24 to 144
channels on 140 x 140; 24 to 144 on 112 x 112 on NPU 3720, 4000 and 5010, on 80 x 80 on 4000, 5010 and once of twice on
3720, 24 to 36 on 96 x 96 on 5010, not on 3720; of 30 smaller ones none but three behind an image that lies so).

A window over the result reads columns that are no whole pairs, so no strip of columns passes from one to the other:
expansion and window of a MobileNet's block are cut apart, and what is between them crosses DDR (1.4 times the channels
at 224 pixels on NPU 3720 and 5010, EfficientNet-Lite at 280 on 3720 and 4000). NPU 5010 cuts both along rows where
their result is larger than all tiles (EfficientNet-Lite at 280; one schedule). The array's time for the zeros is not
counted."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd

from npusim.compiler.place import Placed
from npusim.compiler.split import ceil_to
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork


def folds_columns(step: Placed, values: Mapping[str, Value], tile_bytes: float) -> bool:
    """Whether columns of a convolution's image become channels."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION or step.reads_turned:
        return False
    if work.groups > 1 or work.kernel_h * work.kernel_w * work.stride_h * work.stride_w > 1:
        return False
    shape = values[step.reads[0]].shape
    channels = int(work.in_c)
    together = CHANNEL_BLOCK // gcd(channels, CHANNEL_BLOCK)  # columns that fill sixteens
    if len(shape) != 4 or together == 1 or shape[3] % together:
        return False
    pixels = work.out_h * work.out_w
    image = pixels * ceil_to(channels, CHANNEL_BLOCK) * work.input_bytes
    made = pixels * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes
    return bool(image + made + step.fixed_bytes > tile_bytes)
