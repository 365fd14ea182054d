"""Concats of dense blocks: of what several others join, too.

Where a Concat has two parts and more that other Concats take as well (those of a Concat inside another count for the
other), and one of them was made in strips, so that it lies in DDR already, Intel's compiler never puts the whole
together: whoever reads it loads each strip part by part, from where the parts lie (60 of 60 such Concats in its
schedules of ESRGAN, RDN and U-Net++ on three NPUs; 9 whose parts were all made in one piece are copied, and so are
parts of no whole sixteens, of EDANet, and sums alone, of DBPN and what RDN joins last)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK


def dense_parts(steps: Iterable[Placed], values: Mapping[str, Value]) -> dict[str, tuple[str, ...]]:
    """Of each Concat of a dense block, by the name of its result, the parts that other Concats join, too."""
    flat: dict[str, tuple[str, ...]] = {}
    convolved: set[str] = set()
    for step in steps:
        if step.node.op_type == "Concat" and step.engine == "none":
            flat[step.writes[0]] = tuple(p for n in step.reads for p in flat.get(n, (n,)))
        elif step.node.op_type in CONVOLUTIONS:
            convolved.update(step.writes)
    joins = Counter(n for parts in flat.values() for n in set(parts))
    found: dict[str, tuple[str, ...]] = {}
    for whole, parts in flat.items():
        shared = tuple(n for n in parts if joins[n] > 1)
        sixteens = all(len(values[n].shape) == 4 and values[n].shape[1] % CHANNEL_BLOCK == 0 for n in shared)
        if len(shared) > 1 and sixteens and not convolved.isdisjoint(shared):
            found[whole] = shared
    return found
