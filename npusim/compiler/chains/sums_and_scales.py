"""Few rows that are added up and then scaled and shifted by constants of their channels, between products.

An addition shares rows, so Intel's compiler shares the rows of what is around it too, though products and scales of so
few rows share channels elsewhere: what products and scales hand on to each other and to the additions stays, for
several readers too; the sums cross DDR (layers of MobileBERT of 64, 72, 96, 100 and 128 rows, 256 to 768 channels, on
NPU 3720; on 4000 some of their operands cross as well; sums of 128 x 128 stay, of 128 x 512 do not). On NPU 5010 all
cross."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from math import prod

from npusim.compiler.lowering.lowered import is_elementwise_pass, multiplies_weights
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import ROW_LIMIT, scales_rows
from npusim.graph import Value


def summed_and_scaled(
    steps: list[Placed], values: Mapping[str, Value], outputs: Set[str], whole: Collection[str]
) -> frozenset[str]:
    """Tensors that stay for all their readers, in stretches with a sum that is scaled. `whole`: tensors that others are
    parts of."""
    kinds = {k: kind for k, step in enumerate(steps) if (kind := _kind(step))}
    if not {"sum", "scale"} <= set(kinds.values()):
        return frozenset()
    makers = {name: k for k in kinds for name in steps[k].writes}
    readers = reading_steps(steps)
    inside = {
        name
        for name, k in makers.items()
        if _few_rows(values[name]) and name not in outputs and name not in whole
        and kinds.keys() >= set(readers.get(name, [-1]))
    }  # fmt: skip
    begun = {n for n in inside if kinds[makers[n]] == "sum" and any(kinds[k] == "scale" for k in readers[n])}
    found: set[str] = set()
    while begun:
        name = begun.pop()
        found.add(name)
        around = {makers[name], *readers[name]}
        near = {n for k in around for n in (*steps[k].reads, *steps[k].writes) if n in inside}
        begun |= near - found
    return frozenset(n for n in found if kinds[makers[n]] != "sum")


def _kind(step: Placed) -> str:
    if multiplies_weights(step.node.op_type, step.steps, step.fixed_bytes) and not step.padded:
        return "product"
    if scales_rows(step):
        return "scale"
    added = step.node.op_type == "Add" and is_elementwise_pass(step.steps) and not step.padded
    return "sum" if added and len(step.reads) == 2 else ""


def _few_rows(value: Value) -> bool:
    return 1 < prod(value.shape[:-1]) <= ROW_LIMIT
