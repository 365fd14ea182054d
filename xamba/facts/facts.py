"""What is known about every value before the model runs: type, shape, small values, constant or not.

Exported files often carry no shapes (torch.onnx.export with dynamo=False writes none), and the
length a mask needs then has to be worked out from hundreds of shape-computing nodes. `Facts` walks
the graph once, in order: ONNX's own inference per node for shapes, numpy for the small integer
arithmetic between them (`xamba.facts.folding`). Free dimensions stay free: a dimension is a number, a
name, or None.

The walk happens only when a pass meets a value whose shape the file does not give, and nothing
is written into the model.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from xamba.facts.fact import UNKNOWN, Dim, Fact, declared
from xamba.facts.inference import Inference

__all__ = ["Dim", "Fact", "Facts", "facts_of"]


def facts_of(model: ir.Model) -> Facts:
    """The facts of a model; kept in ``model.meta`` (never saved), so that passes in a row share them."""
    if "xamba.facts" not in model.meta:
        model.meta["xamba.facts"] = Facts(model)
    return model.meta["xamba.facts"]


class Facts:
    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self._table: dict[ir.Value, Fact] | None = None

    def of(self, value: ir.Value) -> Fact:
        """Type, shape, value of a value of the model."""
        stated = declared(value)
        if self._table is None:
            if stated.dtype is not None and stated.shape is not None and None not in stated.shape:
                return stated
            self._table = Inference(self.model).run()
        elif value not in self._table and (stated.dtype is None or stated.shape is None):
            self._table = Inference(self.model).run()  # another pass made this value since
        return self._table.get(value, stated)

    def constant(self, value: ir.Value | None) -> np.ndarray | None:
        """The fully known value of a small constant, else None."""
        if value is None:
            return None
        found = declared(value).value
        producer = value.producer()
        if found is None and producer is not None:
            if producer.op_type == "Identity":
                return self.constant(producer.inputs[0])
            if self._table is None:
                self._table = Inference(self.model).run()
            found = self._table.get(value, UNKNOWN).value
        return None if found is None or found.dtype == object else found

    def is_constant(self, value: ir.Value) -> bool:
        """Whether the value is the same in every run, as far as that is known without a walk."""
        stated = declared(value)
        if stated.constant or self._table is None:
            return stated.constant
        return self._table.get(value, stated).constant
