"""Gated feed-forwards of few rows whose product of gate and value is a pass of the MAC array (NPU 5010).

The pass shares rows. Intel's compiler shares the gate's product over rows for it where its activation runs behind the
MAC array, and it stays; the value's product shares channels and crosses DDR. What the pass makes is written to all
tiles (`HKSwitch`) where a product over channels reads it. (64 to 128 rows of 384 to 1,280 channels, in its schedules
of Griffin, HGRN, LFM2 and Falcon-H1 layers.)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from npusim.compiler.lowering.lowered import is_elementwise_pass, multiplies_weights
from npusim.compiler.lowering.neighbours import making_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import ROW_LIMIT, ROWS
from npusim.work import MacWork


def gated(steps: list[Placed], outputs: Set[str]) -> tuple[list[Placed], frozenset[str]]:
    """The steps, gates shared over rows, and the results that lie on all tiles for the product that reads them."""
    readers = Counter(name for step in steps for name in step.reads)
    makers = making_steps(steps)
    narrow = {name for step in steps if _few_rows(step) for name in step.reads}
    found, switched = list(steps), set()
    for step in steps:
        if step.node.op_type != "Mul" or not is_elementwise_pass(step.steps) or len(step.reads) != 2:
            continue
        made = [makers[n] for n in step.reads if n in makers and readers[n] == 1]
        if len(made) != 2 or not all(_few_rows(steps[k]) for k in made):
            continue
        for k in made:
            if steps[k].node.post_ops:
                found[k] = steps[k]._replace(sharing=ROWS)
        result = step.writes[0]
        if readers[result] == 1 and result in narrow and result not in outputs:
            switched.add(result)
    return found, frozenset(switched)


def _few_rows(step: Placed) -> bool:
    """Whether a step is a product with weights whose channels the tiles share."""
    work = step.only
    if not isinstance(work, MacWork) or not multiplies_weights(
        step.node.op_type, step.steps, step.fixed_bytes
    ):
        return False
    return bool(work.out_h * work.out_w <= ROW_LIMIT)
