"""What is known about every value before the model runs: type, shape, small values, constant or not.

Exported files often carry no shapes (torch.onnx.export with dynamo=False writes none), and the
length a mask needs then has to be worked out from hundreds of shape-computing nodes. `Facts` walks
the graph once, in order: ONNX's own inference per node for shapes, numpy for the small integer
arithmetic between them (`xamba.facts.folding`). Free dimensions stay free: a dimension is a number, a
name, or None.

The walk happens only when someone asks about a value whose lengths the file does not all give as numbers (a
length may follow although the file declares it free), and nothing is written into the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.facts.fact import UNKNOWN, Dim, Fact, declared
from xamba.facts.inference import Inference

__all__ = ["Dim", "Fact", "Facts", "facts_of"]


def facts_of(model: ir.Model) -> Facts:
    """The facts of a model as it is now.

    They are kept in ``model.meta`` (never saved) while the model stays the same, and made anew after any edit: of
    a node, its inputs or attributes, a declared shape or type, or a weight that is replaced by another.
    """
    known = model.meta.get("xamba.facts")
    if not isinstance(known, Facts) or known.stamp != _Stamp(model):
        known = model.meta["xamba.facts"] = Facts(model)
    return known


class _Stamp:
    """What a model looks like; equal only if nothing was edited in between."""

    def __init__(self, model: ir.Model) -> None:
        self._held: list[Any] = []  # an id means something only while its object lives
        parts: list[Any] = [sorted(model.opset_imports.items())]

        def graph(one: Any) -> None:
            parts.append(self._id(one))
            for value in (*one.inputs, *getattr(one, "initializers", {}).values()):
                parts.extend(self._value(value))
            parts.extend(self._id(value) for value in one.outputs)

        tops: list[ir.Graph | ir.Function] = [model.graph, *model.functions.values()]
        for top in tops:
            graph(top)
            for node in ir.traversal.RecursiveGraphIterator(top, enter_graph=graph):
                parts += [self._id(node), node.domain, node.op_type]
                parts += [self._id(x) for x in node.inputs]
                parts += [(name, self._id(attribute)) for name, attribute in node.attributes.items()]
                for out in node.outputs:
                    parts += self._value(out)
        self._parts = parts

    def _id(self, thing: Any) -> int:
        self._held.append(thing)
        return id(thing)

    def _value(self, value: ir.Value) -> list[Any]:
        dims = None if value.shape is None else tuple(map(str, value.shape))
        return [self._id(value), dims, value.dtype, self._id(value.const_value)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Stamp) and self._parts == other._parts

    __hash__ = None  # type: ignore[assignment]


class Facts:
    """Answers about the values of one model; see `facts_of`."""

    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self.stamp = _Stamp(model)
        self._table: dict[ir.Value, Fact] | None = None

    def of(self, value: ir.Value) -> Fact:
        """Type, shape, value of a value of the model."""
        stated = declared(value)
        if _complete(stated):
            return stated if self._table is None else self._table.get(value, stated)
        if self._table is None or (value not in self._table and not _as_good_as_known(value, stated)):
            self._table = Inference(self.model).run()  # the first time, or a pass made this value since
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


def _complete(fact: Fact) -> bool:
    return fact.dtype is not None and fact.shape is not None and all(isinstance(d, int) for d in fact.shape)


def _as_good_as_known(value: ir.Value, stated: Fact) -> bool:
    """What a pass makes carries the shape it was worked out with; an output keeps the words of its file."""
    known = stated.dtype is not None and stated.shape is not None and None not in stated.shape
    return known and not value.is_graph_output()
