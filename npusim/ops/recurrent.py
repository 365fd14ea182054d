"""LSTM, GRU, RNN: one product for the inputs of all steps, then per step the recurrent product and the gates.

The steps of a direction wait for each other, and so do the directions: Intel's compiler runs them one after another.
Where it writes a whole layer of a small hidden size as one kernel, this form is priced in its place.
"""

from __future__ import annotations

from npusim.ops.counting import product, repeated
from npusim.ops.registry import OpCase, Rule, op
from npusim.work import Lowering, VectorWork, Work

GATES = {"LSTM": (4, "lstm"), "GRU": (3, "gru"), "RNN": (1, "rnn")}


def _recurrent(gates: int, kernel: str) -> Rule:
    def rule(c: OpCase) -> Lowering:
        x, weights, recurrence = c.input(0), c.input(1), c.input(2)
        length, batch = (x.shape[1], x.shape[0]) if c.attr("layout", 0) else (x.shape[0], x.shape[1])
        directions, width = weights.shape[0], weights.shape[1]
        hidden = recurrence.shape[2]
        if width != gates * hidden:
            raise c.wrong(f"weights have {width} rows, {gates} gates of {hidden} need {gates * hidden}")
        inputs = product(length * batch, x.shape[2], width, directions, x, weights, c.output)
        step = product(batch, hidden, width, directions, x, recurrence, c.output)
        cells = batch * hidden
        gate = VectorWork(kernel, cells, 1, cells)
        one_step: tuple[Work, ...] = (step, *(gate,) * directions)
        return Lowering("decomposed", (inputs, *repeated(one_step, length)))

    return rule


for _name, (_gates, _kernel) in GATES.items():
    op(_name, lowerings=("decomposed",), kernels=(_kernel,), ranks={0: (3,), 1: (3,), 2: (3,)})(
        _recurrent(_gates, _kernel)
    )
