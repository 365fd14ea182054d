"""Concats of dense blocks: what each layer reads is all that the layers in front of it made.

Files hold them inside one another, or each as the list of all layers' results (DenseNets as PyTorch's exporters leave
them). Intel's compiler takes Concats inside one another apart, so that each is of the layers' own results, and gives
every whole that is not too large a place from the moment its first part is made: a pooling of one tap copies each part
into each whole right behind its maker (`inserted_AVG_Pooling`: 8 copies of the first part of eight layers). A whole too
large for that is put together in DDR, each part written once more. Where all wholes that are open do not fit, they are
written and read back whole around every part that is copied (`spill_write` and `spill_read`: 63 of the 86 MB of
DenseNet-121 at 192 pixels on NPU 3720), so that the network costs less with every byte of scratchpad more. Read off
PeleeNet at 224, 304 and 384 pixels, three DenseNets and four blocks of 32 and 64 channels a layer on NPU 3720; parts of
no whole sixteens stay joined as they were (24 channels a layer), and so do blocks with a sum among their parts (ESRGAN
at 80 pixels: an addition is written to four wholes in DDR at once), and wholes of a batch that do not fit: those of
DenseNet-121 of two images lie in DDR there, where each part goes into each whole. On NPU 4000 and 5010, where the tiles
share small planes over channels and each holds wholes of its own, other rules hold that are not known (one at a time
they spill as on NPU 3720: 133 of the 293 MB of DenseNet-121 of two images on NPU 5010)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.copied_parts import COPY, copy_of, joined_where_read
from npusim.compiler.scratchpad.scratchpad import OPENED
from npusim.compiler.sharing.distribution import joined_over
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK

#: Largest whole that is open from its first part on: 1,180, 1,311 and 1,405 KB are, 1,479, 1,573, 1,606 and 1,769 are
#: not. Bytes, not a share of the scratchpad (a schedule on one size of it cannot tell them apart): with a share, a
#: larger scratchpad opened more wholes and was slower (a DenseNet at 224: 1,035 us with 0.8 of it, 1,347 with 1.2).
OPEN_BYTES = 1_427_000


def open_wholes(
    placed: list[Placed],
    values: dict[str, Value],
    sizes: dict[str, float],
    keep: Set[str],
    resident_bytes: float,
) -> list[Placed]:
    """The steps, with the wholes of dense blocks open from their first part on. What copies make is added to `values`
    and `sizes` (bytes). `keep`: inputs and outputs of the graph."""
    blocks = _blocks(placed, values)
    if not blocks:
        return placed
    joined = joined_over(placed, False)
    flat: dict[str, tuple[str, ...]] = {}
    sums = {n for step in placed if is_elementwise_pass(step.steps) for n in step.writes}
    inside: set[str] = set()
    for block in blocks:
        parts = {n for reads in block.values() for n in reads}
        known = joined_where_read({joined.get(n, "") for n in parts}) and keep.isdisjoint((*parts, *block))
        if not known or not sums.isdisjoint(parts) or any(values[n].shape[1] % CHANNEL_BLOCK for n in parts):
            continue
        stay = [n for n in block if sizes[n] <= OPEN_BYTES]
        open_bytes = sum(sizes[n] for n in stay) + max((sizes[n] for n in stay), default=0.0)
        if open_bytes <= resident_bytes or all(values[n].shape[0] == 1 for n in block):
            flat |= block
            inside.update(stay)
    return _opened(placed, values, sizes, flat, inside) if flat else placed


def _blocks(placed: Sequence[Placed], values: Mapping[str, Value]) -> list[dict[str, tuple[str, ...]]]:
    """Of each dense block its wholes and what they are made of, none of them a Concat."""
    found: list[dict[str, tuple[str, ...]]] = []
    block_of: dict[str, dict[str, tuple[str, ...]]] = {}
    by_parts: dict[
        tuple[str, ...], dict[str, tuple[str, ...]]
    ] = {}  # the block of a whole, by what that is made of
    for step in placed:
        if step.node.op_type != "Concat" or step.engine != "none" or not is_image(values[step.writes[0]]):
            continue
        inner = [n for n in step.reads if n in block_of]
        block = block_of[inner[0]] if inner else by_parts.get(step.reads[:-1], {})
        reads = tuple(p for n in step.reads for p in block.get(n, (n,)))
        if len(set(reads)) < len(reads) or len(inner) > 1:
            block, reads = {}, step.reads
        block[step.writes[0]] = reads
        block_of[step.writes[0]] = by_parts[reads] = block
        if len(block) == 2:
            found.append(block)
    return found


def _opened(
    placed: Sequence[Placed],
    values: dict[str, Value],
    sizes: dict[str, float],
    flat: Mapping[str, tuple[str, ...]],
    inside: Set[str],
) -> list[Placed]:
    """The steps with Concats of the layers' own results, and copies right behind whoever makes a part."""
    into: dict[str, list[str]] = {}  # part -> wholes it is copied into, those needed first in front
    for step in placed:
        if step.node.op_type == "Concat" and (whole := step.writes[0]) in inside:
            for name in flat[whole]:
                into.setdefault(name, []).append(whole)
    latest: dict[str, str] = {}
    copied: dict[str, set[str]] = {}
    steps: list[Placed] = []
    for step in placed:
        if step.node.op_type == "Concat" and (whole := step.writes[0]) in flat:
            own = [n for n in flat[whole] if n not in copied.get(whole, ())]
            step = step._replace(reads=(*([latest[whole]] if whole in latest else []), *own))
        steps.append(step)
        for name in step.writes:
            shared = sum(name in reads for reads in flat.values()) > 1
            for i, whole in enumerate(into.get(name, ()) if shared else ()):
                out = f"{name}{COPY}/{i}/{whole}"
                copy = copy_of(name, out, values, sizes)
                values[out], sizes[out] = replace(values[whole], name=out), sizes[whole]
                before = (latest[whole],) if whole in latest else ()
                steps.append(copy._replace(lowering=OPENED, reads=(name, *before)))
                latest[whole] = out
                copied.setdefault(whole, set()).add(name)
    return steps
