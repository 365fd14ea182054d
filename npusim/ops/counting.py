"""Small helpers the op families share: from shapes to works.

How the MAC array sees a tensor. Pixels of a matrix product are laid out four to a row, because
Intel's compiler keeps the 4x4 grid full that way (its schedules show BERT's 128 tokens as 32x4;
source: Intel's schedules of BERT-base). When the count is no multiple of four the last row is
partly filled, and `out_h` is a fraction (13 pixels = 3.25 rows of 4): MACs stay exact and a
price that rounds up to the grid is right too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt, prod

import numpy as np

from npusim.errors import TooLarge
from npusim.graph import DType, Value
from npusim.ops.registry import OpCase
from npusim.work import Lowering, MacOp, MacWork, MoveWork, VectorWork, Work

PIXELS_PER_ROW = 4  # and rows: what the MAC array works on at once, in its 4x4x16 grid
FULL_GRID = 16  # pixels the MAC array works on at once
MAX_CHANNELS = 8192  # most channels of one piece of its work (same facts)
TABLE_BYTES = (
    16  # of scale, bias and addresses that an output channel has beside its weights (Intel's schedules)
)
CHANNEL_BLOCK = 16  # the MAC array works on channels in sixteens (intel_npu facts, 1.1)
EIGHT_BITS = (DType.INT8, DType.UINT8, DType.FLOAT8E4M3FN, DType.FLOAT8E5M2)


def on_mac_array(*values: Value | None) -> bool:
    """True when the MAC array takes these element types: floats and 8-bit integers."""
    return all(v is None or v.dtype.is_float or v.dtype in EIGHT_BITS for v in values)


def pixels(count: float) -> tuple[float, int]:
    """Rows and columns for `count` pixels without a shape of their own: (out_h, out_w)."""
    if count < PIXELS_PER_ROW:
        return count, 1
    return (count // 4 if count % 4 == 0 else count / 4), PIXELS_PER_ROW


def product_rows(m: float) -> tuple[float, int]:
    """Rows and columns for the `m` pixels of a product: (out_h, out_w). A number that is no multiple of four and has a
    divisor up to 16 is laid out as its most even rectangle, unpadded (785 as 157 x 5, 333 as 37 x 9, 750 as 30 x 25 in
    Intel's schedules; 197 and 577 have none and are padded to fours)."""
    whole = int(m)
    if m <= FULL_GRID or whole % PIXELS_PER_ROW == 0 or not fills_rows(m):
        return pixels(m)
    return most_even_rectangle(whole)


def most_even_rectangle(count: int) -> tuple[int, int]:
    """Rows and columns of so many in a rectangle: factors next to each other, the larger one first."""
    columns = next((w for w in range(isqrt(count), 0, -1) if count % w == 0), 1)
    return count // columns, columns


def fills_rows(pixels: float) -> bool:
    """Whether pixels lie in rows of 3 to 16 without padding: 49 as 7 x 7, but not 197 or 577 (Intel's schedules)."""
    return any(pixels % width == 0 for width in range(3, FULL_GRID + 1))


def extent(shape: Sequence[int]) -> tuple[float, float, int]:
    """(h, w, c) of a tensor for an elementwise pass; h * w * c is its number of elements.

    An image [N,C,H,W] keeps its channels; else the innermost axis is the channel axis. If that is no multiple
    of 16 while the whole tensor is, Intel's compiler folds it to 16 channels; if it is so long that the pixels do
    not fill the grid (or longer than the array's 8,192 channels), part of it becomes pixels: the elements do not
    depend on each other, so [1,4,524288] costs what it costs as an image."""
    total = prod(shape)
    if len(shape) == 4 and shape[1] % CHANNEL_BLOCK == 0 and shape[1]:
        return shape[0] * shape[2], shape[3], shape[1]
    inner = shape[-1] if shape else 1
    if inner % CHANNEL_BLOCK and total % CHANNEL_BLOCK == 0:
        inner = CHANNEL_BLOCK
    while inner % (2 * CHANNEL_BLOCK) == 0 and (inner > MAX_CHANNELS or total // inner % FULL_GRID):
        inner //= 2
    rows, columns = pixels(total // max(inner, 1))
    return rows, columns, inner


def vector(
    c: OpCase, kernel: str, elements: float | None = None, rows: float = 1, independent: float | None = None
) -> VectorWork:
    """A kernel over the whole op; by default elementwise over the first output."""
    count = c.output.elements if elements is None else elements
    return VectorWork(kernel, count, rows, count if independent is None else independent)


def dsp(
    c: OpCase, kernel: str, elements: float | None = None, rows: float = 1, independent: float | None = None
) -> Lowering:
    return Lowering("dsp", (vector(c, kernel, elements, rows, independent),))


def per_element(c: OpCase, op: MacOp = MacOp.ELTWISE) -> MacWork:
    """One pass over the output on the MAC array: ELTWISE, or DEPTHWISE for a 1x1 scale and shift."""
    return _pass(c, op, *extent(c.output.shape))


def per_channel(c: OpCase) -> MacWork:
    """A scale and shift along axis 1 of [N,C,...], as a 1x1 depthwise convolution."""
    shape = c.output.shape
    channels = shape[1] if len(shape) > 1 else 1
    rows = shape[0] * prod(shape[2:-1]) if len(shape) > 3 else 0
    h, w = (rows, shape[-1]) if rows else pixels(c.output.elements // max(channels, 1))
    return _pass(c, MacOp.DEPTHWISE, h, w, channels)


def _pass(c: OpCase, op: MacOp, h: float, w: float, channels: int) -> MacWork:
    out = c.output
    source = next((v for v in c.inputs if v is not None and not v.constant), out)
    return MacWork(
        op, h, w, channels, channels, h, w,
        input_bytes=source.dtype.npu_bytes,
        weight_bytes=source.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip


def product(m: float, k: float, n: float, groups: float, left: Value, right: Value, out: Value) -> MacWork:
    """`groups` matrix products [m,k] x [k,n] as 1x1 convolutions of m pixels."""
    h, w = product_rows(m)
    return MacWork(
        MacOp.CONVOLUTION, h, w, n, k, h, w,
        groups=groups,
        input_bytes=left.dtype.npu_bytes,
        weight_bytes=right.dtype.npu_bytes,
        output_bytes=out.dtype.npu_bytes,
    )  # fmt: skip


def one_tap(
    op: MacOp,
    rows: float,
    columns: float,
    channels: float,
    element_bytes: float,
    terms: float | None = None,
    groups: float = 1,
) -> MacWork:
    """A work of one tap that reads and writes `rows` x `columns` pixels in elements of `element_bytes`; `terms`:
    input channels, where they are not as many as come out."""
    return MacWork(
        op, rows, columns, channels, channels if terms is None else terms, rows, columns, groups=groups,
        input_bytes=element_bytes, weight_bytes=element_bytes, output_bytes=element_bytes,
    )  # fmt: skip


def copy(nbytes: float, elements: float = 0, constant: bool = False) -> MoveWork:
    """A copy of activations inside the scratchpad, or of a constant from DDR.

    The compiler replaces the memories where a tensor does not stay in the scratchpad."""
    return MoveWork(nbytes, "ddr" if constant else "scratchpad", "scratchpad", elements)


def ddr_round_trip(nbytes: float) -> tuple[MoveWork, MoveWork]:
    """Of a result between two works that goes through DDR: written, and read back."""
    return MoveWork(nbytes, "scratchpad", "ddr"), MoveWork(nbytes, "ddr", "scratchpad")


MOST_PLACES = 1_000_000  # windows or taps counted one by one along an axis


@lru_cache(maxsize=4096)
def taps_inside(size: int, out: int, kernel: int, stride: int, dilation: int, pad_begin: int) -> float:
    """Fraction of the window taps along one axis that fall inside the image, counted for all places of a tap at once
    (or for all taps of a place, whichever are fewer)."""
    if out <= 0 or kernel <= 0:
        return 1.0
    few, many, step, other = (
        (kernel, out, dilation, stride) if kernel <= out else (out, kernel, stride, dilation)
    )
    if few > MOST_PLACES:
        raise ValueError(f"a window of {kernel} taps at {out} places is more than can be counted")
    offset = np.arange(few, dtype=np.int64) * step - pad_begin
    first = np.maximum(-(offset // other), 0)  # least m with offset + m * other >= 0
    last = np.minimum((size - 1 - offset) // other, many - 1)
    return float(np.maximum(last - first + 1, 0).sum()) / (out * kernel)


def chain_of_eights(length: int) -> list[tuple[int, int, float]]:
    """A long window as a chain of poolings: (kernel, outputs, taps inside) per stage.

    A window holds at most 11 and a stride at most 8, so all stages but the last shrink by 8,
    padding the end: 256 = 8 x 8 x 4, 128 = 8 x 8 x 2 (as in Intel's schedules; its compiler tries
    exact factors first, which reads the same to within an eighth. Source: xamba_feasibility facts, 1)."""
    stages = []
    while length > 11:
        outputs = -(-length // 8)
        stages.append((8, outputs, length / (8 * outputs)))
        length = outputs
    return [*stages, (length, 1, 1.0)]


def chain_of_factors(length: int, longest: int = 11) -> list[tuple[int, int, float]]:
    """The same by the largest factor of 2 to 8 at a time, until a window of `longest` holds the rest, as Intel's
    compiler does it: 999 = 3 x 3 x 3 x 37, and of 37, which none divides, a row more: 2 x 19, (19 + 1) = 5 x 4."""
    stages = []
    while length > longest:
        filled = next(n for n in (length, length + 1) if any(n % k == 0 for k in range(2, 9)))
        kernel = next(k for k in range(8, 1, -1) if filled % k == 0)
        stages.append((kernel, filled // kernel, length / filled))
        length = filled // kernel
    return [*stages, (length, 1, 1.0)]


MOST_STEPS = (
    4_000_000  # of one op: equal ones are planned as one task, so this is their listing only (half a second)
)


def repeated(steps: tuple[Work, ...], times: int, what: str = "time steps") -> tuple[Work, ...]:
    """The steps of a recurrence, again and again. Raises TooLarge before a list is made that no one can wait for."""
    if len(steps) * times > MOST_STEPS:
        raise TooLarge(
            f"{times} {what} of {len(steps)} tasks each wait for one another; at most {MOST_STEPS} tasks of one op "
            "are planned: shorten the sequence and scale the result"
        )
    return steps * times
