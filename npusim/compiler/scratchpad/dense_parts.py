"""Concats of dense blocks: of what several others join, too.

Where a Concat has two parts and more that other Concats take as well (those of a Concat inside another count for the
other), and one of them is made by a convolution that does not fit, in strips, so that it lies in DDR already, Intel's
compiler never puts the whole together: whoever reads it loads each strip part by part, from where the parts lie (60 of
60 such Concats in its schedules of ESRGAN, RDN and U-Net++ on three NPUs; 9 whose parts were all made in one piece are
copied, and so are parts of no whole sixteens, of EDANet and FC-DenseNet, and sums alone, of DBPN and what RDN joins
last). Whether it fits is asked of the NPU as it is sold: a schedule cannot tell that from the scratchpad at hand, by
which a larger one would be slower where parts begin to be copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from npusim.compiler.cutting.nominal import nominal
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK


def read_by_parts(
    steps: Iterable[Placed],
    values: Mapping[str, Value],
    sizes: Mapping[str, float],
    generation: str,
    resident_share: float,
) -> frozenset[str]:
    """The Concats, by the name of their result, that are never put together. `sizes` in bytes; `resident_share` of the
    scratchpads is for what stays."""
    hw = nominal(generation)
    room = hw.tiles * hw.scratchpad.capacity_bytes * resident_share if hw is not None else float("inf")
    flat: dict[str, tuple[str, ...]] = {}
    in_strips: set[str] = set()
    for step in steps:
        if step.node.op_type == "Concat" and step.engine == "none":
            flat[step.writes[0]] = tuple(p for n in step.reads for p in flat.get(n, (n,)))
        elif step.node.op_type in CONVOLUTIONS and sum(sizes[n] for n in (*step.reads, *step.writes)) > room:
            in_strips.update(step.writes)
    joins = Counter(n for parts in flat.values() for n in set(parts))
    found: set[str] = set()
    for whole, parts in flat.items():
        shared = [n for n in parts if joins[n] > 1]
        sixteens = all(len(values[n].shape) == 4 and values[n].shape[1] % CHANNEL_BLOCK == 0 for n in shared)
        if len(shared) > 1 and sixteens and not in_strips.isdisjoint(shared):
            found.add(whole)
    return frozenset(found)
