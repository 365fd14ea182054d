"""Passes that know single elements of a tensor: which are zero, one, minus infinity in every run."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import onnx_ir as ir

from xamba.errors import NotMine
from xamba.facts.elements import Elements
from xamba.facts.facts import Facts
from xamba.facts.whole import Whole
from xamba.passes.base import XambaPass
from xamba.workbench import Workbench

_ELEMENTS: WeakKeyDictionary[Workbench, dict[bool, Elements]] = WeakKeyDictionary()


@dataclass(frozen=True)
class ByElement(XambaPass):
    """Base of these passes. A subclass rewrites a node of the main graph: what is known of elements is known there."""

    def finite(self) -> bool:
        """Whether what a zero is multiplied by is taken to be finite (`xamba.facts.elements`)."""
        return True

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        if node.graph is not bench.model.graph:
            raise NotMine
        return self.rewrite_known(node, bench, elements_of(bench, facts, self.finite()))

    def rewrite_known(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        """As `rewrite`, with what is known of the elements (`elements.facts`: of whole tensors)."""
        raise NotImplementedError


def elements_of(bench: Workbench, facts: Facts, finite: bool) -> Elements:
    """The codes of the model, worked out once for a run of a pass."""
    made = _ELEMENTS.setdefault(bench, {})
    if finite not in made:
        made[finite] = Elements(facts, Whole(facts), finite)
    return made[finite]
