"""LSTM, GRU, RNN: one product for the inputs of all steps, then per step the recurrent product and the gates.

The steps of a direction wait for each other, and so do the directions: Intel's compiler runs them one after another.
In its schedules (LSTM and GRU of 256 and 512 hidden units on all three NPUs) the bias of an LSTM of two directions is
a pass of its own, and the two products of an LSTM are added on the MAC array: on NPU 3720 as eight pixels
(`decomposed`); from NPU 4000 on as the one pixel they are, on every tile, the recurrent product being cut in two halves
(`gates_in_halves`). What of that goes through DDR: npusim.compiler.residency.recurrence.
Layers of up to 256 hidden units in whole sixteens are one kernel there on NPU 4000 and 5010 (`one_kernel`), behind the
product for the inputs; what it takes is an estimate of that compiler, as nobody published a price of the kernel.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from npusim.ops.counting import CHANNEL_BLOCK, TABLE_BYTES, ddr_round_trip, one_tap, product, repeated
from npusim.ops.registry import OpCase, Rule, op
from npusim.work import EVERY_TILE, Lowering, MacOp, MacWork, MoveWork, VectorWork, Work

GATES = {"LSTM": (4, "lstm"), "GRU": (3, "gru"), "RNN": (1, "rnn")}
LOWERINGS = {
    "LSTM": ("decomposed", "gates_in_halves", "one_kernel"),
    "GRU": ("decomposed",),
    "RNN": ("decomposed", "one_kernel"),
}
#: Kernels that the tiles, and their DSPs, share by whole sequences of a batch.
WHOLE_SEQUENCES = frozenset({"lstm", "gru", "rnn", "lstm_sequence"})
#: Hidden units up to which an LSTM is one kernel, where they fill sixteens (256 and 160 are, not 272, 320 and 200).
ONE_KERNEL_UNITS = 256
#: Elements a hidden unit that the kernel reads beside weights, sequence and results: states, bias, descriptors of the
#: products it starts (all of a direction of 256: 299,264 for 20 steps).
BESIDE_A_UNIT = 45
STATES = 2  # of them of each sequence: where it begins
DESCRIPTOR_BYTES = 148  # a hidden unit (37,888 of 256)
#: Of the kernel: a tile's DSPs share sequences where units are a multiple of these, else the units of each.
SHARED_UNITS = 32
#: Of a tile, what a product and the weights of the kernel behind it may take, or it is cut.
PREFETCHED = 0.85
#: That the sum of an LSTM's products is seen as on NPU 3720, where each is whole sixteens of channels (64, 256 and 512
#: units; of 48, 80, 100, 200 and 272 it is the one pixel it is, on both tiles).
ADDED_PIXELS = 8


def _recurrent(gates: int, kernel: str) -> Rule:
    adds = kernel == "lstm"

    def rule(c: OpCase) -> tuple[Lowering, ...]:
        x, weights, recurrence = c.input(0), c.input(1), c.input(2)
        length, batch = (x.shape[1], x.shape[0]) if c.attr("layout", 0) else (x.shape[0], x.shape[1])
        directions, width = weights.shape[0], weights.shape[1]
        hidden = recurrence.shape[2]
        if width != gates * hidden:
            raise c.wrong(f"weights have {width} rows, {gates} gates of {hidden} need {gates * hidden}")
        cells, lines = batch * hidden, batch * directions
        # Of both ways of a batch a product a sequence and way, each with weights of its own.
        apart_ways = adds and directions == 2 and batch > 1
        rows, products = (length, lines) if apart_ways else (length * batch, directions)
        inputs = product(rows, x.shape[2], width, products, x, weights, c.output)
        step = product(batch, hidden, width, directions, x, recurrence, c.output)
        bias = hidden / 2 if kernel == "gru" else 0
        gate = VectorWork(kernel, cells, 1, batch, beside=bias)
        begin: tuple[Work, ...] = (inputs,)
        if adds and directions == 2:
            begin = (inputs, _sum(inputs, inputs))
        each = (gate,) * directions
        sizes = (length, batch, gates)
        kernel_of_all = [] if kernel == "gru" else _one_kernel(c, inputs, step, sizes, directions)
        if not adds:
            return Lowering("decomposed", (*begin, *repeated((step, *each), length))), *kernel_of_all
        eight = replace(step, out_h=2 * batch, out_w=4, out_c=width / ADDED_PIXELS)
        alone = replace(_sum(step, step), groups=1, write_tiles=EVERY_TILE)
        added = _sum(step, eight)
        if batch == 1 and width % (ADDED_PIXELS * CHANNEL_BLOCK):
            both = directions * width  # a pixel a way, one behind the other: as one of the channels of both
            added = replace(alone, out_c=both, in_c=both)
        first: tuple[Work, ...] = (step, added, *each)
        ways = [Lowering("decomposed", (*begin, *repeated(first, length)))]
        if width % CHANNEL_BLOCK and batch == 1:
            apart = MoveWork(lines * length * width * CHANNEL_BLOCK * inputs.output_bytes, "ddr", "ddr")
            by_pixels: tuple[Work, ...] = (step, *(_by_pixels(width, step),) * directions, *each)
            return (Lowering("decomposed", (*begin, apart, *repeated(by_pixels, length))),)
        if width % 2 == 0:
            half = replace(step, out_c=width // 2)
            one = alone if batch == 1 else replace(_sum(step, eight), groups=1)
            rest: tuple[Work, ...] = (half, half, *(one,) * directions, *each)
            ways.append(Lowering("gates_in_halves", (*begin, *repeated(rest, length))))
        ways += kernel_of_all
        return tuple(ways)

    return rule


def _one_kernel(
    c: OpCase, inputs: MacWork, step: MacWork, sizes: tuple[int, int, int], directions: int
) -> list[Lowering]:
    """All time steps as a kernel behind the product for their inputs, where the units fill sixteens and are few.
    `sizes` are steps, sequences and gates."""
    (length, batch, gates), hidden = sizes, int(step.in_c)
    if hidden > ONE_KERNEL_UNITS or hidden % CHANNEL_BLOCK:
        return []
    width = gates * hidden
    own: tuple[Work, ...] = (inputs,)
    if directions == 2 and batch > 1:  # inputs are written a copy a way, turned
        own = (inputs, *ddr_round_trip(2 * c.input(0).elements * inputs.input_bytes))
    kept = directions * hidden * (width * step.weight_bytes + DESCRIPTOR_BYTES)
    loaded = MoveWork(kept, "ddr", "scratchpad")
    layer = _layer((length, batch, gates), directions, hidden)
    return [Lowering("one_kernel", (*own, *ddr_round_trip(inputs.result_bytes), loaded, layer))]


def shared_alike(steps: tuple[Work, ...], tiles: int, tile_bytes: float) -> tuple[Work, ...]:
    """The works of `one_kernel` where the tiles share a batch evenly: each makes the products of its own sequences
    and keeps them for its kernel (LSTM of 128 units over 9 sequences on three tiles, over 16 and 32 on four); of 8 or
    16 on three tiles, and of one sequence, they cross DDR. So do they where a tile has no room for weights, inputs and
    products beside the kernel's weights, as the product is cut then (256 units on NPU 4000: 40 steps of 16 sequences
    and 80 of 4 over 256 inputs, 1.51 and 1.31 MB, not 40 of 16 over 64, 1.06). A batch of both ways
    makes its products apart, and none stay."""
    inputs, layer = steps[0], steps[-1]
    assert isinstance(inputs, MacWork) and isinstance(layer, VectorWork)
    batch = layer.independent / inputs.groups  # which counts the directions
    if batch < tiles or batch % tiles:
        return steps
    loaded = steps[-2]
    assert isinstance(loaded, MoveWork)
    weights = inputs.out_c * (inputs.in_c * inputs.weight_bytes + TABLE_BYTES)
    each = inputs.in_c * inputs.input_bytes + inputs.out_c * inputs.output_bytes
    held = weights + inputs.out_h * inputs.out_w * each / tiles + loaded.nbytes
    if held > PREFETCHED * tile_bytes:
        return steps
    return (steps[0], *steps[3:])  # not written and read between the first product and the rest


def shared_and_cut(
    steps: tuple[Work, ...], units: int, tiles: int, tile_bytes: float, by_tiles: bool = False
) -> tuple[Work, ...]:
    """The works of `one_kernel` with its kernel as the tiles run it. Of `units` that are no multiple of 32 a tile's
    DSPs share those of every sequence, and each is priced with all sequences (48, 80 and 144 on NPU 5010). Where a
    tile has no room for the weights and all of its sequences, the kernel is cut over time, and every piece reads the
    weights again (LSTM of 256 units on NPU 5010: 500 steps of one sequence as two kernels of 250, 32 steps of 8 both
    ways as two of 16; 100 steps of 32 of 128 units both ways as three).
    `by_tiles`: a tile's DSPs share its sequences where every tile has two of them alone: of 4 on three tiles one DSP
    runs 2, one behind the other (100 steps of 64 units both ways 140 us on NPU 5010, of one 86; 80 of 256 407, 320)."""
    first, loaded, layer = steps[0], steps[-2], steps[-1]
    assert isinstance(first, MacWork)
    assert isinstance(loaded, MoveWork)
    assert isinstance(layer, VectorWork)
    most = ceil(layer.independent / tiles)
    share = most / layer.independent * layer.elements * first.output_bytes
    pieces = ceil(share / max(tile_bytes - loaded.nbytes, loaded.nbytes / 8))
    alone = min(layer.independent, tiles) if units % SHARED_UNITS else layer.independent
    elements = layer.elements
    if by_tiles and tiles < layer.independent < 2 * tiles:
        alone, elements = tiles, share / first.output_bytes * tiles
    return (*steps[:-1], replace(layer, beside=layer.beside * pieces, independent=alone, elements=elements))


def _layer(sizes: tuple[int, int, int], directions: int, hidden: int) -> VectorWork:
    """All steps of a layer as one kernel (`sizes` are steps, sequences and gates), which Intel's compiler prices by
    what it reads and writes: on each DSP the weights once, and of each of its sequences the products of its inputs,
    states, results (32 sequences of 28 steps of 128 units on NPU 5010: 153.5 us of six, 138.1 of five on a DSP). Of a
    batch a DSP takes both ways of a sequence, and the weights of both; of one sequence a way each. An RNN, which that
    compiler refuses, is taken as an LSTM with a gate: it is never dearer."""
    length, batch, gates = sizes
    each = (gates + 1) * hidden * length + STATES * hidden
    whole = gates * hidden * hidden + (BESIDE_A_UNIT - STATES) * hidden
    alone, ways = (batch, directions) if batch > 1 else (directions, 1)
    return VectorWork("lstm_sequence", batch * directions * each, 1, alone, beside=ways * whole)


def _by_pixels(width: int, made: MacWork) -> MacWork:
    """The sum of an LSTM's products where its gates (`width` of them) fill no sixteens: each is a pixel of sixteen
    channels in one row, and every tile adds all of them (2,600 gates in 9.35, 6.57 and 4.45 us on NPU 3720, 4000 and
    5010, 1,000 in 3.41, 2.4 and 1.89)."""
    pixel = one_tap(MacOp.ELTWISE, 1, width, CHANNEL_BLOCK, made.output_bytes)
    return replace(pixel, write_tiles=EVERY_TILE)


def _sum(made: MacWork, shape: MacWork) -> MacWork:
    """An element-wise pass over a result of `made` seen in the extents of `shape`."""
    size = made.output_bytes
    return MacWork(
        MacOp.ELTWISE, shape.out_h, shape.out_w, shape.out_c, shape.out_c, shape.out_h, shape.out_w,
        groups=shape.groups, input_bytes=size, weight_bytes=size, output_bytes=size,
    )  # fmt: skip


for _name, (_gates, _kernel) in GATES.items():
    op(
        _name,
        lowerings=LOWERINGS[_name],
        kernels=(_kernel, "lstm_sequence") if "one_kernel" in LOWERINGS[_name] else (_kernel,),
        ranks={0: (3,), 1: (3,), 2: (3,)},
    )(_recurrent(_gates, _kernel))
