"""Which convolutions of uneven channels Intel's compiler 8.4 folds columns of into channels, and what work that is.

One of a window is folded like one of one tap: so many columns lie side by side in channels that input and result fill
sixteens, and as many as the next power of two of the window's width (24 channels: 3 x 3 in fours, 5 x 5 and 7 x 7 in
eights, 9 x 9 in sixteens; 150 columns, which are no fours, in sixes). Its work is that of all these channels: most
weights are zeros, stored as a bit each, and the array takes 1.2 to 3 times as long as over padded channels. Not folded:
over 2^20 weights (352 x 352 x 3 x 3; 352 x 320 is), channels that come in sixteens where more than four columns of
results are folded (16 to 18, 16 to 3, 16 to 24 by 5 x 5; 16 to 2 fills sixteen), or 4 channels, which the array reads
as they are. Behind a convolution that may not be folded the padded channels are read, so only results are folded; in
front of one nothing is. Of 120 convolutions of 2 to 136 channels by 1 x 1 to 9 x 9 at 128 to 336 columns, compiled for
three NPUs, all come out so (and 52 to 52 on 180 x 320 of RLFN, 96 to 24 on 160 x 160 of DBNet, 24 to 48 at a stride of
two of YOLOX-tiny)."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, gcd, lcm, prod

from npusim.compiler.cutting.split import ceil_to, weight_bytes
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

MOST_WEIGHTS = 2**20
FEW_COLUMNS = 4  # of channels in whole sixteens, for the results' sake
AS_THEY_ARE = 4  # channels that the array reads without padding


def convolves(step: Placed) -> MacWork | None:
    """The work of a convolution over all channels."""
    work = step.only
    return work if isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and work.groups == 1 else None


def columns_of(step: Placed, work: MacWork, shape: tuple[int, ...], padded: bool = False) -> int:
    """How many columns of its input a convolution folds; 0 for none. `padded`: it reads padded channels."""
    one_tap = work.kernel_h * work.kernel_w == 1 and work.stride_w > 1
    if step.reads_turned or not step.fixed_bytes or len(shape) != 4 or one_tap or work.in_c == AS_THEY_ARE:
        return 0
    width, stride = shape[3], int(work.stride_w)
    before = 1 if padded else _filling(work.in_c)
    base = lcm(before, stride * _filling(work.out_c))
    if before == _filling(work.out_c) == 1 or work.out_w * stride != width:
        return 0
    least = 1 << (int(work.kernel_w) - 1).bit_length()
    together = next((n for n in range(base, width + 1, base) if n >= least and width % n == 0), 0)
    if not together or has_many_weights(over_columns(work, together, padded)):
        return 0
    many = together > FEW_COLUMNS and work.out_c * together > CHANNEL_BLOCK
    return 0 if before == 1 and many else together


def _filling(channels: float) -> int:
    """How many columns of so many channels fill sixteens."""
    return CHANNEL_BLOCK // gcd(int(channels), CHANNEL_BLOCK)


def has_many_weights(wide: MacWork) -> bool:
    """Whether a convolution over folded columns has more weights, zeros counted, than any that is folded."""
    return bool(prod((wide.out_c, wide.in_c, wide.kernel_h, wide.kernel_w)) > MOST_WEIGHTS)


def over_columns(work: MacWork, together: int, padded: bool = False, left: int | None = None) -> MacWork:
    """The convolution over an image of which so many columns are folded into channels. `left`: padding in front of the
    first, as much as behind the last if not given."""
    stride = int(work.stride_w)
    results = together // stride
    left = max(0, int(work.kernel_w) - stride) // 2 if left is None else left
    beyond = (results - 1) * stride - left + int(work.kernel_w) - together
    taps = 1 + ceil(left / together) + ceil(max(beyond, 0) / together)
    in_c = ceil_to(work.in_c, CHANNEL_BLOCK) if padded else work.in_c
    return replace(
        work,
        out_w=ceil(work.out_w / results), out_c=work.out_c * results,
        in_w=ceil(work.in_w / together), in_c=in_c * together,
        kernel_w=taps, stride_w=1,
        weight_groups=work.weight_groups * together * taps / work.kernel_w * (in_c / work.in_c),
    )  # fmt: skip


def worked(step: Placed, together: int, padded: bool) -> Placed:
    """A step, its work over folded columns."""
    work = convolves(step)
    assert work is not None
    wide = over_columns(work, together, padded)
    return step._replace(
        steps=(wide,), fixed_bytes=step.fixed_bytes * weight_bytes(wide) / weight_bytes(work)
    )


def window_of_folded(
    step: Placed, work: MacWork, source: tuple[int, ...], width: int
) -> tuple[tuple[int, int], tuple[float, float]] | None:
    """Window and strides of a convolution over folded columns, in columns as they are; None for any other, or
    over a folded image of the graph. `source`: shape of its input; `width`: columns of its result."""
    if step.reads_turned or len(source) != 4 or work.in_w >= source[3] or work.out_w >= width:
        return None
    together = source[3] / work.in_w
    window = int(work.kernel_h), 1 + int((work.kernel_w - 1) * together)
    return window, (float(work.stride_h), source[3] / width)


def padded_bytes(work: MacWork) -> float:
    """Bytes of a convolution's input and result, channels filled up to sixteens."""
    image = work.in_h * work.in_w * ceil_to(work.in_c, CHANNEL_BLOCK) * work.input_bytes
    made = work.out_h * work.out_w * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes
    return float(image + made)


def uneven(value: Value) -> bool:
    """Whether an image's channels fill no sixteens."""
    return len(value.shape) == 4 and value.shape[1] % CHANNEL_BLOCK > 0
