"""Putting model-local functions in place: only those that hold something a pass works on, and only where it is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import onnx
import onnx_ir as ir
from onnx_ir.passes.common import InlinePass

from xamba.errors import BadModel

Id = ir.OperatorIdentifier


def put_in_place(model: ir.Model, holds: Callable[[ir.Node], bool], everything: bool = False) -> list[str]:
    """Inline the functions that hold such a node, directly or in a function they call; all others stay.

    everything: inline every function, for a runtime that takes none.

    A function of another opset is raised to the model's where no op of it has changed in between. Returns notes on
    what was done, and on functions that hold something but have to stay.

    Raises `BadModel` when the functions of the model cannot be inlined at all (they call each other in a circle).
    """
    calls = {key: {node.op_identifier() for node in _nodes(f)} for key, f in model.functions.items()}
    wanted = {
        key
        for key, f in model.functions.items()
        if everything or (key[0] != "xamba" and any(map(holds, _nodes(f))))
    }
    wanted |= _callers(wanted, calls)
    if not wanted:
        return []
    obstacles = {key: why for key in wanted if (why := _obstacle(model, model.functions[key])) is not None}
    possible = wanted - set(obstacles)
    while True:  # a function stays too where one that stays calls it
        staying = {key for key in possible if any(key in calls[other] for other in calls.keys() - possible)}
        reachable = {
            key for key in possible if any(key in called for called in _from_main(model, possible, calls))
        }
        if staying == set() and reachable == possible:
            break
        possible = reachable - staying
    notes = [f"the function {_label(key)} stays: {why}" for key, why in obstacles.items()]
    if not possible:
        return notes
    for key in possible:
        _raise_opset(model, model.functions[key])
    try:
        InlinePass(criteria=lambda function: function.identifier() in possible)(model)
    except (ir.passes.InvariantError, ir.passes.PassError, ValueError) as error:
        text = str(error.__cause__ or error)
        raise BadModel(
            f"its functions cannot be put in place ({text}); --keep-functions leaves them"
        ) from None
    names = ", ".join(sorted(map(_label, possible)))
    why = "a table without functions was asked for" if everything else "a pass works inside"
    return [f"put in place, since {why}: {names}", *notes]


def _nodes(graph: ir.Graph | ir.Function) -> Iterator[ir.Node]:
    return iter(ir.traversal.RecursiveGraphIterator(graph))


def _label(key: Id) -> str:
    return f"{key[0]}.{key[1]}"


def _callers(wanted: set[Id], calls: dict[Id, set[Id]]) -> set[Id]:
    """Functions that call one of these, directly or through others."""
    found: set[Id] = set()
    while more := {key for key, called in calls.items() if called & (wanted | found)} - found - wanted:
        found |= more
    return found


def _from_main(model: ir.Model, possible: set[Id], calls: dict[Id, set[Id]]) -> list[set[Id]]:
    """What the graph calls, and what each function calls that would be put in place."""
    return [{node.op_identifier() for node in _nodes(model.graph)}, *(calls[key] for key in possible)]


def _obstacle(model: ir.Model, function: ir.Function) -> str | None:
    """Why a function cannot be put in place, None if it can."""
    for domain, version in function.opset_imports.items():
        theirs = model.opset_imports.get(domain)
        if theirs is None or theirs == version:
            continue
        changed = next((n.op_type for n in _nodes(function) if _changed(n, domain, version, theirs)), None)
        if changed is not None:
            return f"it is of opset {version} and the model of {theirs}, and {changed} changed in between"
    for node in (*_nodes(model.graph), *(n for f in model.functions.values() for n in _nodes(f))):
        if node.op_identifier() == function.identifier():
            if any(
                a.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS) for a in node.attributes.values()
            ):
                return "it takes a graph as an attribute"
            if len(node.inputs) > len(function.inputs):
                return f"it is called with {len(node.inputs)} inputs and takes {len(function.inputs)}"
    return None


def _changed(node: ir.Node, domain: str, version: int, theirs: int) -> bool:
    if node.domain != domain:
        return False
    try:
        schemas = [onnx.defs.get_schema(node.op_type, v, domain) for v in (version, theirs)]
    except onnx.defs.SchemaError:  # an op of a domain nobody knows: the version may mean anything
        return True
    return schemas[0].since_version != schemas[1].since_version


def _raise_opset(model: ir.Model, function: ir.Function) -> None:
    for domain in function.opset_imports:
        if domain in model.opset_imports:
            function.opset_imports[domain] = model.opset_imports[domain]
