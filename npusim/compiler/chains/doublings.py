"""Scans by doubling: x = x + a * later(x), a = a * later(a), with `later` a Concat of a constant and a part of x.

Intel's schedules of Griffin and minGRU layers (64, 96, 128 and 256 steps of 384 to 640 channels): a sum stays for the
next sum, a decay for both products that read it; what is shifted goes through DDR beside them. The product reaches
the sum inside on NPU 3720, and on 5010 where the tiles share both in the same elements; through DDR on 4000. Decays
that begin on the MAC array (minGRU: one less a gate) lie channels last, and are turned through DDR for each sum."""

from __future__ import annotations

from collections.abc import Mapping

from npusim.compiler.layouts.norm_edges import shares
from npusim.compiler.lowering.parts import wholes
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, most_even_rectangle


def doubled(
    steps: list[Placed], makers: Mapping[str, Placed], part_of: Mapping[str, str]
) -> tuple[set[str], set[str]]:
    """Sums and decays that one such step makes and another one reads, and the products between two sums."""
    states: set[str] = set()
    products: set[str] = set()
    made: set[str] = set()
    turned: set[str] = set()
    for step in steps:
        if step.node.op_type not in ("Add", "Mul") or len(step.writes) != 1:
            continue
        for past in step.reads:
            product = next((n for n in step.reads if n != past and _delays(n, past, makers, part_of)), None)
            if product is None:
                continue
            if step.node.op_type == "Mul" and (past in turned or _on_mac_array(makers.get(past))):
                turned.add(step.writes[0])
                continue
            made.add(step.writes[0])
            if past in made:
                states.add(past)
            if step.node.op_type == "Add":
                products.add(product)
    return states, products


def _on_mac_array(step: Placed | None) -> bool:
    return step is not None and step.engine == "mac_array"


def _delays(name: str, past: str, makers: Mapping[str, Placed], part_of: Mapping[str, str]) -> bool:
    """Whether a tensor is `past` some places later, or a product of that."""
    step = makers.get(name)
    if step is not None and step.node.op_type == "Mul":
        return any(_shifts(makers.get(n), past, part_of) for n in step.reads)
    return _shifts(step, past, part_of)


def _shifts(step: Placed | None, past: str, part_of: Mapping[str, str]) -> bool:
    shifts = step is not None and step.node.op_type == "Concat" and len(step.reads) == 1
    return shifts and step is not None and past in wholes(step.reads[0], part_of) and step.reads[0] != past


def shared_alike(value: Value, tiles: int) -> bool:
    """Whether a DSP kernel and an addition share a tensor over the tiles in the same elements. The kernel shares its
    first axis (128 steps on three tiles: 43, 43 and 42), the addition the higher side of its blocks of sixteen elements
    laid out in a rectangle (3,072 blocks as 64 x 48: 22, 21 and 21 rows, which are 44, 42 and 42 steps)."""
    first = next((n for n in value.shape if n > 1), 1)
    height, _ = most_even_rectangle(value.elements // CHANNEL_BLOCK)
    return first == height or (first % tiles == 0 and height % tiles == 0)


def shared_in_sixteens(value: Value, tiles: int) -> bool:
    """Whether a kernel that shares sixteens of a first axis gives each tile what an addition does, though unevenly: 512
    channels of 16 states on three tiles are 176, 176 and 160 of both, 1,024 are 352, 336 and 336 of the kernel."""
    first = next((n for n in value.shape if n > 1), 1)
    blocks = value.elements // CHANNEL_BLOCK
    if first % CHANNEL_BLOCK or value.elements % CHANNEL_BLOCK:
        return False
    height, width = most_even_rectangle(blocks)
    a_sixteen = value.elements / first  # blocks of a sixteen of channels
    made, added = shares(first // CHANNEL_BLOCK, tiles), shares(height, tiles)
    return all(m * a_sixteen == a * width for m, a in zip(made, added, strict=True))
