"""What all passes share: the walk over the graph, and the record of what was done and why not.

A pass is an `onnx_ir.passes.InPlacePass`, so it sits in any `onnx_ir.passes.PassManager`. It is a
frozen dataclass: its fields are its options. Calling it on a model gives a `Result` with

* ``modified``: true only if at least one node was rewritten,
* ``rewritten``: one `Rewritten` for every node that was replaced,
* ``kept``: one `Kept` for every node the pass is about and left alone, with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import onnx_ir as ir

from xamba.errors import Keep, NotMine
from xamba.facts.facts import Facts, facts_of
from xamba.facts.nodes import all_nodes, node_label
from xamba.workbench import Workbench

log = logging.getLogger("xamba")


@dataclass(frozen=True, slots=True)
class Kept:
    """A node that was left alone. `node` is its name (its first output's name if it has none)."""

    pass_name: str
    op_type: str
    node: str
    reason: str

    def __str__(self) -> str:
        return f"kept: {self.op_type} '{self.node}': {self.reason}"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A node that was replaced, and a short word on what stands there now."""

    pass_name: str
    op_type: str
    node: str
    by: str

    def __str__(self) -> str:
        return f"rewritten: {self.op_type} '{self.node}' -> {self.by}"


@dataclass
class Result(ir.passes.PassResult):
    """`PassResult` (``model``, ``modified``) with the record of the pass."""

    rewritten: list[Rewritten] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


@dataclass(frozen=True)
class XambaPass(ir.passes.InPlacePass):
    """Base of the passes. A subclass says which nodes it is about and rewrites one node.

    only: patterns of node names (``*`` and ``?``); nodes that match none of them are left alone. Empty: all.

    Its fields are its options. The command line makes an option of every field with
    ``metadata={"help": ..., "option": "--name"}`` (and ``"choices"`` where only some words are allowed).
    """

    #: Name on the command line.
    name: ClassVar[str]
    #: Keeps the answer up to rounding; False: approximates, by an error that is measured and reported.
    exact: ClassVar[bool] = True
    #: Part of `xamba optimize` when no passes are named.
    default: ClassVar[bool] = False
    #: Options it has then, by field: what keeps a default from making a model slower.
    unasked: ClassVar[Mapping[str, Any]] = {}
    #: Place in a pipeline, 10 steps apart.
    order: ClassVar[int] = 1000
    #: Walk from the outputs to the inputs (a pattern is then met before its parts).
    backwards: ClassVar[bool] = False
    #: Models in ONNX's text form that the pass rewrites; the laws of the tests run over them.
    examples: ClassVar[tuple[str, ...]] = ()
    #: (model, words of the reason): models it must leave alone, and what it then says in `kept`.
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = ()

    only: tuple[str, ...] = field(
        default=(),
        kw_only=True,
        metadata={"option": "--only", "help": "Rewrite only nodes whose name matches one of these patterns."},
    )

    def targets(self, node: ir.Node) -> bool:
        """Whether the pass is about this node. A node that it is about is rewritten or in ``kept``."""
        raise NotImplementedError

    def reports(self, node: ir.Node) -> bool:
        """Whether the node, left alone inside a model-local function, is worth a line in ``kept``."""
        return self.targets(node)

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        """Replace the node; return a short word on what replaced it. Raise `Keep` to leave it alone."""
        raise NotImplementedError

    def undo(self, model: ir.Model) -> bool:
        """Put back what this pass replaced, in place; whether anything was. Where a pass has an inverse."""
        raise NotImplementedError(f"{self.name} has no inverse")

    def wants(self, node: ir.Node) -> bool:
        """Whether `only` lets the pass touch this node."""
        label = node_label(node)
        return not self.only or any(label == one or fnmatchcase(label, one) for one in self.only)

    def run(self, model: ir.Model) -> Result:
        """Same as calling the pass on a model, typed."""
        result = self(model)
        assert isinstance(result, Result)
        return result

    def call(self, model: ir.Model) -> Result:
        result = Result(model, False)
        self.rewrite_model(model, Workbench(model, self.name), facts_of(model), result)
        self._keep_functions(model, result)
        result.modified = bool(result.rewritten)
        lines: list[Rewritten | Kept] = [*result.rewritten, *result.kept]
        for line in lines:
            log.info("%s %s", line.pass_name, line)
        return result

    def rewrite_model(self, model: ir.Model, bench: Workbench, facts: Facts, result: Result) -> None:
        """Rewrite node by node. A pass that replaces whole blocks overrides this and fills `result` itself."""
        for node in all_nodes(model, self.backwards):
            if node.graph is None or not self.targets(node):  # None: gone as part of a larger pattern
                continue
            label, op_type = node_label(node), node.op_type
            try:
                by = self.rewrite(node, bench, facts) if self.wants(node) else self._unwanted(node)
            except NotMine:
                bench.discard()
            except Keep as keep:
                bench.discard()
                result.kept.append(Kept(self.name, op_type, label, str(keep)))
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as odd:
                # A node as no exporter writes it (a list where a number belongs): it must not end the run.
                bench.discard()
                log.debug("%s '%s'", op_type, label, exc_info=True)
                why = f"it is written in a way this pass does not know ({type(odd).__name__}: {odd})"
                result.kept.append(Kept(self.name, op_type, label, why))
            else:
                result.rewritten.append(Rewritten(self.name, op_type, label, by))

    def _unwanted(self, node: ir.Node) -> str:
        if not self.reports(node):
            raise NotMine
        raise Keep(f"its name matches no pattern of only={list(self.only)}")

    def _keep_functions(self, model: ir.Model, result: Result) -> None:
        for function in model.functions.values():
            if function.domain == "xamba":
                continue
            reason = f"inside the function '{function.domain}.{function.name}': inline functions first"
            for node in ir.traversal.RecursiveGraphIterator(function):
                if self.reports(node):
                    result.kept.append(Kept(self.name, node.op_type, node_label(node), reason))
