"""The blocks of an NPU and the meaning and unit of every number; `docs/hardware.md` is the readable table.

All of them may be arrays. Cycles are of the block's own clock: the MAC array's for `mac_array.*`, the DSP's
for `dsp.*` and `dma.*` (DSP, DMA and scratchpad share one clock).
"""

from typing import Annotated, Any

from npusim.arch.fields import Also, Flag, num
from npusim.arch.records import Strict

Positive: Any = num(gt=0)
NotNegative: Any = num(ge=0)
AtLeastOne: Any = num(ge=1)
PosInt: Any = num(ge=1, integer=True)
Fraction: Any = num(ge=0, le=1)
YesNo = Annotated[bool, Flag()]


class Convolution(Strict):
    """Convolution and matrix product; see `mac_array.convolution_cycles` for the form."""

    overhead_cycles: NotNegative  # once per problem
    block_cycles: NotNegative  # per block of the grid
    weight_bytes_per_cycle_16x16: Positive
    weight_bytes_per_cycle_8x16: Positive
    weight_bytes_per_cycle_4x16: Positive
    input_bytes_per_cycle_16x16: Positive
    input_bytes_per_cycle_8x16: Positive
    input_bytes_per_cycle_4x16: Positive
    output_elements_per_cycle_8bit: Positive
    output_elements_per_cycle_16bit: Positive
    overlap_exponent: AtLeastOne  # 1: streams one after another; large: perfectly side by side
    padding_exponent: NotNegative  # 1: taps in the padding are free, 0: they cost like the others
    sparsity_saving: Fraction  # share of the MACs on zeros that is saved
    weight_sparsity_saving: Fraction  # share of the bytes of zero weights that is saved
    input_align_bytes: Positive  # input channels are padded to a multiple of this
    narrow_bytes: NotNegative  # below 16 input channels: bytes a pixel counts for ...
    narrow_bytes_per_channel: NotNegative  # ... and how many more per channel
    narrow_input_rate_ratio: Positive  # ... and how fast such inputs are read, relative to the others
    row_rounding: Fraction = 0.0  # 1: rows are read and written in fours, 0: as they are
    rows_beyond: NotNegative = 0.0  # rows that a block of pixels needs room for beyond its own
    grid_columns: PosInt = 4  # columns that the array takes in multiples of
    column_rounding: Fraction = 1.0  # 1: a line one pixel wide takes as long as four columns, 0: as one
    block_channels: PosInt  # output channels of a block in 16x16; twice in 8x16, four times in 4x16


class Stencil(Strict):
    """Depthwise convolution and pooling; see `mac_array.stencil_cycles`."""

    overhead_cycles: NotNegative  # once per workload of up to 64 channels
    group_cycles: NotNegative  # per group of lanes
    tap_cycles: NotNegative  # least time per tap of the window and group of lanes: rules small planes
    block_cycles: NotNegative  # per 16 x 16 pixels and 16 channels
    macs_per_cycle_8bit: Positive
    macs_per_cycle_16bit: Positive
    output_elements_per_cycle_8bit: Positive
    output_elements_per_cycle_16bit: Positive
    overlap_exponent: AtLeastOne
    padding_exponent: NotNegative
    row_rounding: Fraction = 0.0  # 1: rows are written in fours, 0: as they are
    width_rounding: Fraction  # 1: widths are rounded up to 4 pixels, 0: they are not
    kernel3_speedup: AtLeastOne  # windows of width 3 at stride 1 ...
    kernel3_channels: PosInt  # ... in workloads of up to so many channels
    stride_factor: Positive  # rate at strides above 1, relative to stride 1


class Eltwise(Strict):
    """Elementwise addition of two tensors; see `mac_array.eltwise_cycles`."""

    overhead_cycles: NotNegative
    block_cycles: NotNegative  # per 16 x 8 pixels and 16 channels
    elements_per_cycle_8bit: Positive
    elements_per_cycle_16bit: Positive


class Permute(Strict):
    """Passes that write a tensor in another order; see `mac_array.permute_cycles`."""

    overhead_cycles: NotNegative
    block_cycles: NotNegative = 0.0  # of sixteen channels of a transpose part by part
    image_elements_per_cycle: Positive  # an input image, channels moved innermost
    elements_per_cycle: Positive  # a transpose that moves the innermost axis
    planes_cycles_per_element: NotNegative = (
        0.0  # of any pass that writes plane by plane, beside its own time
    )


class MacArray(Strict):
    """The MAC array of one tile."""

    clock_mhz: Positive
    macs_per_cycle: Positive  # int8, one tile
    fp16_ratio: AtLeastOne  # int8 rate over fp16 rate
    lookup_unit: YesNo  # can the drain path evaluate tables (sigmoid, GELU, ...)?
    lanes_8bit: PosInt  # channels that stencils and elementwise operations work on at once
    lanes_16bit: PosInt
    broadcast_bytes_per_cycle: Positive  # of outputs written to several tiles
    stride8_rows: NotNegative = 0.0  # input rows at which a window at strides of 8 rows costs twice; 0: none
    convolution: Convolution
    stencil: Stencil
    eltwise: Eltwise
    permute: Permute


class KernelLine(Strict):
    """One kernel on one DSP: launch + elements * cycles_per_element + rows * cycles_per_row, DSP cycles.

    `scalar`: the kernel uses no vector lanes, so a wider vector does not speed it up.
    `compiler_cycles_per_element`: the price Intel's compiler plans with, where it has one; nothing is priced by it, but
    a reader is told where the two sources differ.
    """

    launch_cycles: NotNegative
    cycles_per_element: NotNegative
    cycles_per_row: NotNegative = 0.0
    scalar: YesNo = False
    compiler_cycles_per_element: NotNegative = None


def _kernel_names(kernels: dict[str, KernelLine]) -> dict[str, KernelLine]:
    if "default" not in kernels:
        raise ValueError("a line named 'default' is needed for kernels without one of their own")
    for name in kernels:
        if name != name.lower() or "." in name:
            raise ValueError(f"kernel names are lower case and without dots, got '{name}'")
    return kernels


class Dsp(Strict):
    """The DSPs of one tile."""

    clock_mhz: Positive
    per_tile: PosInt
    vector_bits: Positive
    lines_vector_bits: Positive  # vector width the kernel lines below hold for
    kernels: Annotated[dict[str, KernelLine], Also(_kernel_names)]


class Direction(Strict):
    """A direction of transfer; the ratios are relative to DDR -> scratchpad."""

    latency_ratio: Positive
    rate_ratio: Positive
    ramp_ns: NotNegative  # more latency when much longer than 1 KiB
    page_ns: NotNegative  # once, when longer than a page of 4 KiB
    both_ports_rate_ratio: Positive  # rate of a port while the other moves too, over its rate alone


class Dma(Strict):
    """The DMA engine, all ports."""

    ports: PosInt
    bytes_per_cycle: Positive  # one port, DDR -> scratchpad
    latency_ns: NotNegative  # DDR -> scratchpad
    ramp_ns: NotNegative  # DDR -> scratchpad: more latency when much longer than 1 KiB
    page_ns: NotNegative  # DDR -> scratchpad: once, when longer than a page of 4 KiB
    both_ports_rate_ratio: Positive  # DDR -> scratchpad: rate of a port while the other moves too, over alone
    overlap_exponent: AtLeastOne  # 1: latency, then data; large: the longer of the two
    permute_elements_per_cycle: Positive  # one port, transfers that permute their elements
    scratchpad_to_ddr: Direction
    ddr_to_ddr: Direction
    scratchpad_to_scratchpad: Direction


class Ddr(Strict):
    """The memory of the machine."""

    bandwidth_gb_per_s: Positive  # all ports together, 1e9 bytes


class Scratchpad(Strict):
    """Memory on the chip beside the engines."""

    capacity_bytes: PosInt  # usable, one tile


class WeightStore(Strict):
    """A further memory on the chip that holds weights, beside the scratchpads; the DMA brings them to the tiles."""

    capacity_bytes: NotNegative
    bandwidth_gb_per_s: Positive  # all ports together, 1e9 bytes
    latency_ns: NotNegative  # of a transfer, in place of that of DDR


class Step(Strict):
    """What the runtime takes to dispatch."""

    minimum_ns: NotNegative  # least time of one compute step of the MAC array on all tiles


class Host(Strict):
    """The host's part of a synchronous inference; see `npusim.measures.host_ns`."""

    latency_ns: NotNegative  # of the request
    float32_gb_per_s: (
        Positive  # float32 inputs and outputs are turned into fp16 and back at this rate, 1e9 bytes
    )
