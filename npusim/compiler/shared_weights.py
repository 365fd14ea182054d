"""Weights that several convolutions read cross once.

Intel's compiler 8.4 keeps weights for the next convolution that reads the same constant and shares it alike over the
tiles, channels by channels or whole on each, while there is room; of a later one only its table crosses (heads over
the levels of a detector: 720 x 128 x 3 x 3 over 20, 10 and 5 rows on NPU 3720, 4000 and 5010; 64 x 64 x 3 x 3 over
80, 64 and 56 rows; 256 x 256 x 3 x 3 over 20 to 5 rows). A matrix product loads its own (512 x 512 four times)."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.compiler.distribution import over_channels
from npusim.compiler.pieces import convolution_of, weight_copies
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence
from npusim.graph import Value
from npusim.ops.counting import TABLE_BYTES

SHARING_OPS = frozenset(["Conv", "FusedConv", "NhwcFusedConv"])


def loaded_once(
    steps: Sequence[Placed],
    residence: Sequence[Residence],
    values: dict[str, Value],
    capacity_bytes: float,
    tiles: int,
) -> None:
    """Take from convolutions the traffic of weights that an earlier one brought, where they (a copy a tile, if rows are
    shared) fit into `capacity_bytes` beside all that is held in between."""
    last: dict[tuple[str, bool], int] = {}
    for k, (step, r) in enumerate(zip(steps, residence, strict=True)):
        work = convolution_of(step) if step.node.op_type in SHARING_OPS else None
        if work is None or r.weights_held < step.fixed_bytes or r.fixed_traffic != step.fixed_bytes:
            continue
        name = step.node.inputs[1]
        if not values[name].constant:
            continue
        key = (name, over_channels(work, int(work.in_h / step.images)))
        before, last[key] = last.get(key), k
        if before is None or steps[before].fixed_bytes != step.fixed_bytes:
            continue
        between, held = residence[before + 1 : k], step.fixed_bytes * weight_copies(step, tiles)
        if all(b.held_bytes + b.weights_held + held <= capacity_bytes for b in between):
            for b in between:
                b.weights_held += held
            r.fixed_traffic = work.out_c * TABLE_BYTES
