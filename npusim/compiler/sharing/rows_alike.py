"""Products whose rows the tiles share, and kernels that share the same rows as a first axis.

A kernel of two operands shares the first axis of [1, rows, channels]; where the rows are whole for every tile, these
are the rows a product has there, and what one makes stays for the other, its only reader (Intel's schedules of S5
layers, 256 rows on NPU 3720 and 4000; three tiles share them unevenly, and they cross DDR; of LFM2 and RetNet layers
of 192 and 512 rows)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from npusim.compiler.lowering.lowered import multiplies_weights
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import ROW_LIMIT
from npusim.graph import Value
from npusim.work import MacWork, VectorWork


def shared_rows(
    steps: list[Placed], values: Mapping[str, Value], tiles: int, whole: Collection[str]
) -> frozenset[str]:
    """Tensors that stay between a product and a kernel. `whole`: tensors that others are parts of."""
    readers = Counter(name for step in steps for name in step.reads)
    makers = {step.writes[0]: step for step in steps if len(step.writes) == 1}
    found = set()
    for step in steps:
        for name in step.reads:
            maker = makers.get(name)
            if maker is None or readers[name] != 1 or name in whole or not _even(values[name], tiles):
                continue
            if (_product(maker) and _kernel(step, name, values)) or (
                _kernel(maker, name, values) and _product(step)
            ):
                found.add(name)
    return frozenset(found)


def _even(value: Value, tiles: int) -> bool:
    shape = value.shape
    return len(shape) == 3 and shape[0] == 1 and shape[1] > ROW_LIMIT and shape[1] % tiles == 0


def _product(step: Placed) -> bool:
    work = step.only
    product = multiplies_weights(step.node.op_type, step.steps, step.fixed_bytes)
    return product and isinstance(work, MacWork) and not step.padded


def _kernel(step: Placed, name: str, values: Mapping[str, Value]) -> bool:
    """A kernel of two operands whose result has the shape of `name`."""
    work = step.only
    plain = isinstance(work, VectorWork) and work.kernel in ("mul", "sub", "add")
    return plain and values[step.writes[0]].shape == values[name].shape
