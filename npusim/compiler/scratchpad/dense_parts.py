"""Concats of dense blocks: of what several others join, too.

Where a Concat has two parts and more that other Concats take as well (those of a Concat inside another count for the
other), and one of them was made in strips, so that it lies in DDR already, Intel's compiler never puts the whole
together: whoever reads it loads each strip part by part, from where the parts lie (60 of 60 such Concats in its
schedules of ESRGAN, RDN and U-Net++ on three NPUs; 9 whose parts were all made in one piece are copied, and so are
parts of no whole sixteens, of EDANet, and sums alone, of DBPN and what RDN joins last)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork


def dense_parts(steps: Iterable[Placed]) -> dict[str, tuple[str, ...]]:
    """Of each Concat of a dense block, by the name of its result, the parts that other Concats join, too."""
    flat: dict[str, tuple[str, ...]] = {}
    sixteens: set[str] = set()  # what the MAC array makes in whole sixteens of channels
    convolved: set[str] = set()
    for step in steps:
        if step.node.op_type == "Concat" and step.engine == "none":
            flat[step.writes[0]] = tuple(p for n in step.reads for p in flat.get(n, (n,)))
        elif step.engine == "mac_array" and step.steps:
            work = step.steps[-1]
            if isinstance(work, MacWork) and work.out_c % CHANNEL_BLOCK == 0:
                sixteens.update(step.writes)
                convolved.update(step.writes if step.node.op_type in CONVOLUTIONS else ())
    joins = Counter(n for parts in flat.values() for n in set(parts))
    shared = {whole: tuple(n for n in parts if joins[n] > 1) for whole, parts in flat.items()}
    dense = {whole: parts for whole, parts in shared.items() if len(parts) > 1 and sixteens.issuperset(parts)}
    return {whole: parts for whole, parts in dense.items() if not convolved.isdisjoint(parts)}
