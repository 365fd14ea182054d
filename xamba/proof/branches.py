"""Both branches of an If: its condition becomes an input, so that each is run whatever the data say."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.proof.twins import inlined

NAME = "xamba_branch"  # graph input that all conditions read


def with_open_branches(first: ir.Model, second: ir.Model) -> tuple[ir.Model, ir.Model] | None:
    """Copies of both models in which every If both have asks the input `NAME`; None if they share none.

    Ifs are the same when they make a value of the same name. A condition that follows from the shapes
    alone stays: its other branch is not meant to run.
    """
    copies = inlined(first), inlined(second)
    choices = [_conditional(copy) for copy in copies]
    names = choices[0].keys() & choices[1].keys()
    if not names:
        return None
    for copy, found in zip(copies, choices, strict=True):
        value = ir.Value(name=NAME, shape=ir.Shape([]), type=ir.TensorType(ir.DataType.BOOL))
        copy.graph.inputs.append(value)
        for name in sorted(names):
            found[name].replace_input_with(0, value)
    return copies


def _conditional(model: ir.Model) -> dict[str, ir.Node]:
    facts = Facts(model)
    return {
        node.outputs[0].name or "": node
        for node in ir.traversal.RecursiveGraphIterator(model.graph)
        if node.op_type == "If" and node.inputs[0] is not None and facts.constant(node.inputs[0]) is None
    }


def choice(which: bool) -> dict[str, np.ndarray]:
    """The input that takes all the `then` branches, or all the `else` branches."""
    return {NAME: np.array(which)}
