"""Weights that several convolutions or products read cross once.

Intel's compiler 8.4 keeps weights for the next convolution that reads the same constant and shares it alike over the
tiles, channels by channels or whole on each, while there is room; of a later one only its table crosses (heads over
the levels of a detector: 720 x 128 x 3 x 3 over 20, 10 and 5 rows on NPU 3720, 4000 and 5010; 64 x 64 x 3 x 3 over
80, 64 and 56 rows; 256 x 256 x 3 x 3 over 20 to 5 rows). So it does with a Gemm whose weights are stored as the array
wants them, channels first (`transB`: a cell of torch, unrolled: 1,280 x 320 over 24 steps cross once, 4.1 MB in all
where every step's own would be 29; 512 x 256 and back, four times, over 1 and 64 rows). Of weights that are stored
the other way each product gets a turned copy of its own (a MatMul or plain Gemm, 512 x 256 four times).

A cell's two weights stay both while they have `KEPT_SHARE` of the room; if not, the larger that does (cells of LSTMs of
384 to 768 units: both kept with 0.63 and not with 0.80 of all scratchpads on NPU 3720, 0.77 and not 1.05 on 4000, 0.70
and not 0.72 on 5010; a larger one alone with 0.59, not with 0.73). Not modelled: cut weights that the very next product
reads again are half read again (1,024 x 1,024 five times in a row on NPU 3720 and 4000)."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence
from npusim.compiler.sharing.distribution import ROW_LIMIT, over_channels
from npusim.compiler.sharing.pieces import convolution_of, weight_copies
from npusim.graph import Value
from npusim.ops.counting import TABLE_BYTES
from npusim.work import MacWork

SHARING_OPS = frozenset(["Conv", "FusedConv", "NhwcFusedConv"])
KEPT_SHARE = 0.87


def loaded_once(
    steps: Sequence[Placed],
    residence: Sequence[Residence],
    values: dict[str, Value],
    capacity_bytes: float,
    tiles: int,
) -> None:
    """Take from convolutions and products the traffic of weights that an earlier one brought, where they (a copy a
    tile, if rows are shared) fit into `capacity_bytes` beside all that is held in between."""
    last: dict[tuple[str, bool], int] = {}
    kept = _kept_for_products(steps, KEPT_SHARE * capacity_bytes, tiles)
    for k, (step, r) in enumerate(zip(steps, residence, strict=True)):
        work = convolution_of(step) if _shares(step) else None
        if work is None or r.weights_held < step.fixed_bytes or r.fixed_traffic != step.fixed_bytes:
            continue
        name = step.node.inputs[1]
        if not values[name].constant or (step.node.op_type == "Gemm" and name not in kept):
            continue
        key = (name, _over_channels(step, work))
        before, last[key] = last.get(key), k
        if before is None or steps[before].fixed_bytes != step.fixed_bytes:
            continue
        between, held = residence[before + 1 : k], _held_bytes(step, key[1], tiles)
        if all(b.held_bytes + b.weights_held + held <= capacity_bytes for b in between):
            for b in between:
                b.weights_held += held
            r.fixed_traffic = work.out_c * TABLE_BYTES


def _kept_for_products(steps: Sequence[Placed], room_bytes: float, tiles: int) -> set[str]:
    """Weights that several Gemms read, the largest first, as many as fit into `room_bytes` together."""
    readers: dict[str, list[float]] = {}
    for step in steps:
        work = convolution_of(step) if step.node.op_type == "Gemm" and _shares(step) else None
        if work is not None:
            held = _held_bytes(step, _over_channels(step, work), tiles)
            readers.setdefault(step.node.inputs[1], []).append(held)
    kept: set[str] = set()
    for name, sizes in sorted(readers.items(), key=lambda item: -max(item[1])):
        if len(sizes) > 1 and max(sizes) <= room_bytes:
            kept.add(name)
            room_bytes -= max(sizes)
    return kept


def _held_bytes(step: Placed, by_channels: bool, tiles: int) -> float:
    copies = tiles if step.node.op_type == "Gemm" and not by_channels else weight_copies(step, tiles)
    return step.fixed_bytes * copies


def _shares(step: Placed) -> bool:
    if step.node.op_type == "Gemm":
        return bool(step.node.attribute("transB", 0)) and not step.node.attribute("transA", 0)
    # A pass of ours has no name for them.
    return step.node.op_type in SHARING_OPS and len(step.node.inputs) > 1


def _over_channels(step: Placed, work: MacWork) -> bool:
    if step.node.op_type == "Gemm":
        return bool(work.out_h * work.out_w <= ROW_LIMIT)
    return over_channels(work, int(work.in_h / step.images))
