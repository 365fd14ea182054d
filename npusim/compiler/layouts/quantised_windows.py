"""An 8-bit image that a convolution reads which is cut into windows."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.layouts.windows import FEW_CHANNELS, bytes_made, packed_bytes, places
from npusim.compiler.lowering.lowered import convolutions_of
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip
from npusim.work import MacOp, MacWork, MoveWork, Work

FLOAT_BYTES = 2.0


def quantised_for_windows(step: Placed, image: Value, channels_filled: bool, results_cross: bool) -> Placed:
    """The convolution over windows of an image that a pass has made 8-bit, and what they move: `channels_filled`, each
    window's rows and columns are copied within DDR and once more as they are padded, read, spread to four channels by a
    pass, written and read (`slice_in`, `expand_input/pad`, `expand_input/as_convolution` in schedules of 16 x 16
    patches of 288 and 224 pixels on NPU 3720 and 4000); else each reads them as they lie (5010). Windows make floats,
    whatever their sum is; `results_cross`, which go to their poolings through DDR (3720)."""
    channels = image.shape[1]
    held = ceil_to(channels, FEW_CHANNELS if channels <= FEW_CHANNELS else CHANNEL_BLOCK)
    works: list[Work] = []
    for work in step.steps:
        if not isinstance(work, MacWork):
            works.append(work)
            continue
        work = replace(work, output_bytes=FLOAT_BYTES)
        if work.op != MacOp.CONVOLUTION:
            works.append(work)
            continue
        rows = places(work.out_h, work.stride_h, work.kernel_h)
        columns = places(work.out_w, work.stride_w, work.kernel_w)
        seen = rows * columns * channels  # a byte each
        spread_bytes = rows * ceil_to(columns, CHANNEL_BLOCK) * held
        before: tuple[Work, ...] = ()
        if channels_filled:
            spread = _spread(work, rows, columns, held)
            before = (
                MoveWork(seen, "ddr", "ddr"),
                MoveWork(seen, "ddr", "ddr"),
                spread,
                *ddr_round_trip(spread_bytes),
            )
        behind = ddr_round_trip(bytes_made(work)) if results_cross else ()
        works += [work, *before, *behind] if not works else [MoveWork(seen), *before, work, *behind]
    return step._replace(
        steps=tuple(works), fixed_bytes=sum(packed_bytes(w, channels) for w in convolutions_of(step.steps))
    )


def _spread(window: MacWork, rows: float, columns: float, channels: int) -> MacWork:
    """The pass that spreads an image of 8 bits to so many channels."""
    return MacWork(
        op=MacOp.PERMUTE_IMAGE, out_h=rows, out_w=columns, out_c=channels, in_h=rows, in_w=columns, in_c=channels,
        input_bytes=window.input_bytes, output_bytes=window.input_bytes,
    )  # fmt: skip
