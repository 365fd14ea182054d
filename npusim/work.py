"""What an op asks of the machine: counts, never times.

Three kinds of work for three kinds of engine. Every number may be a NumPy array (a column of
many works, or an axis of a sweep); the pricing functions of `npusim.arch` broadcast over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

EVERY_TILE = 0  # write_tiles of a work that is not shared
Number = Any  # int, float or numpy array: one work or a column of works


class MacOp(IntEnum):
    """The MAC array's modes of work (VPUNN's CONVOLUTION, DW_CONVOLUTION, MAXPOOL, AVEPOOL, ELTWISE), and passes
    that only write in another order (PermuteQuantize and MemPermute in Intel's schedules)."""

    CONVOLUTION = 0
    DEPTHWISE = 1
    MAX_POOL = 2
    AVERAGE_POOL = 3
    ELTWISE = 4
    PERMUTE_IMAGE = 5  # a copy of an image with its channels moved from outermost to innermost
    PERMUTE = 6  # a copy that writes a tensor in another order, its innermost axis elsewhere
    PERMUTE_PARTS = 7  # the same in each of `in_h` parts of a tensor


@dataclass(frozen=True, slots=True)
class MacWork:
    """`groups` equal problems on the MAC array, one after another (batch, heads, conv groups).

    One problem: output `out_h` x `out_w` x `out_c`, from `in_h` x `in_w` x `in_c`, with a
    `kernel_h` x `kernel_w` window and strides. A matrix product [M,K]x[K,N] is a 1x1 convolution
    with M pixels, in_c=K, out_c=N. Depthwise and pooling have in_c == out_c (one problem covers all
    channels). `taps_inside` is the fraction of window taps that fall inside the image (1 without
    padding). `*_bytes` are bytes per element (0.5 for int4). `write_tiles`: tiles the output is
    written to (1 = own tile only; `EVERY_TILE`: every tile computes all of it), not whole where the channels do not
    fill them: the channels of all tiles over its own.
    `weights`: True when the second operand is per output channel
    (convolution, matmul), so weight bytes = groups * kernel * in_c * out_c * weight_bytes.
    `weight_zeros`, `input_zeros`: share of zeros that the array may skip, 0..1. `weight_stored`: bytes a weight takes
    in memory over `weight_bytes` (compressed: below 1), `weight_map`: the share of them that says where zeros are
    left out (of weights the file has so). `weight_read`: bytes the array reads of a weight
    over `weight_bytes`. `mac_slots`: slots of the array that a multiplication takes, over those of its type.
    `side_bytes`: what else is stored with the weights of all problems (scales and zero points of blocks, ...), in
    bytes. These seven are of convolutions and products only. `planes`: 1 where the output is written with its columns
    innermost, plane by plane (an image channels first), though its channels are made side by side. `weight_groups`: a
    convolution in so many groups done as one: of its weights one in so many is stored, with a bit for each of all.
    """

    op: Number
    out_h: Number
    out_w: Number
    out_c: Number
    in_c: Number
    in_h: Number = 1
    in_w: Number = 1
    kernel_h: Number = 1
    kernel_w: Number = 1
    stride_h: Number = 1
    stride_w: Number = 1
    taps_inside: Number = 1.0
    groups: Number = 1
    input_bytes: Number = 2.0
    weight_bytes: Number = 2.0
    output_bytes: Number = 2.0
    write_tiles: Number = 1
    weight_zeros: Number = 0.0
    input_zeros: Number = 0.0
    weight_stored: Number = 1.0
    weight_map: Number = 0.0
    mac_slots: Number = 1.0
    weight_read: Number = 1.0
    side_bytes: Number = 0.0
    planes: Number = 0
    weight_groups: Number = 1

    @property
    def result_bytes(self) -> Number:
        """Bytes of the results of all problems, as they are computed: without padding of channels."""
        return self.groups * self.out_h * self.out_w * self.out_c * self.output_bytes

    @property
    def macs(self) -> Number:
        """Multiply-accumulates as papers count them: padding taps included, eltwise and pooling zero."""
        conv = self.groups * self.out_h * self.out_w * self.out_c * self.kernel_h * self.kernel_w
        terms = self.in_c / self.weight_groups
        return conv * terms * (self.op == MacOp.CONVOLUTION) + conv * (self.op == MacOp.DEPTHWISE)


@dataclass(frozen=True, slots=True)
class VectorWork:
    """A kernel over `elements` elements on the DSPs.

    `kernel` names a line of the hardware's kernel table (lower case: 'cumsum', 'softmax', ...).
    `elements` is what the kernel loops over: output elements for elementwise kernels, input elements
    for reductions and scans. `rows` is the number of independent rows (elements / axis length) for
    kernels that also cost per row (softmax, mvn). `independent` is how many equal parts of the work could
    run side by side at most: the product of the axes that may be split (a scanned axis may not). `beside`: elements
    that each DSP takes beside its share, however large that is (the weights of a recurrence, a bias).
    `engine`: 'dsp', or 'extra' for a further engine of the user's, which has a queue of its own and a line of the
    same form.
    """

    kernel: str
    elements: Number
    rows: Number = 1
    independent: Number = 1
    engine: str = "dsp"
    beside: Number = 0


@dataclass(frozen=True, slots=True)
class MoveWork:
    """A transfer of `nbytes` bytes by DMA.

    `source` and `destination` are 'ddr' or 'scratchpad'. `elements` > 0 marks a transfer that permutes
    its elements (one element per cycle where Intel's DMA does so). `transfers`: of which it is made, at least.
    `counted`: how many times its bytes its time is of, where a compiler's estimate counts others; such a transfer is
    one, on one port."""

    nbytes: Number
    source: str = "ddr"
    destination: str = "scratchpad"
    elements: Number = 0
    transfers: int = 1
    counted: Number = 1


Work = MacWork | VectorWork | MoveWork


@dataclass(frozen=True, slots=True)
class Lowering:
    """One way to run an op: its steps in order, each a work. No steps: nothing runs (a view).

    `name` is what compiler profiles call it ('ones_convolution', 'pooling_chain', 'dsp', 'view', ...).
    `macs`: multiply-accumulates as papers count them, where the steps do more or less than that.
    """

    name: str
    steps: tuple[Work, ...]
    macs: float | None = None
