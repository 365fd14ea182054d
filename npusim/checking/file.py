"""What the file itself says, before any shape is known: ops that nobody reads, functions, free dimensions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from npusim.checking.record import Finding
from npusim.checking.remedies import FUNCTION, unread
from npusim.checking.rules import Rules
from npusim.loading.dimensions import hint, listed
from npusim.loading.order import captured

#: The shapes of a model whose free dimensions are not bound are looked at with sizes from the hint.
FREE_WHY = "has free dimensions ({names}), and Intel's compiler wants a number or an upper bound for each"


def all_nodes(nodes: Any) -> Iterator[Any]:
    """Nodes of a graph and of the graphs in their attributes: a reader translates branches never taken, too."""
    waiting = [nodes]
    while waiting:
        for node in waiting.pop():
            yield node
            for attribute in node.attribute:
                waiting += [graph.node for graph in (attribute.g, *attribute.graphs) if graph.node]


def key_of(domain: str, op: str) -> str:
    """An op as the rules spell it."""
    return op if domain in ("", "ai.onnx") else f"{domain}.{op}"


def unread_ops(model: Any, rules: Rules) -> list[Finding]:
    """Ops that OpenVINO's reader of ONNX does not know, one finding an op; and calls of functions."""
    functions = {key_of(f.domain, f.name) for f in model.functions}
    count: Counter[str] = Counter()
    first: dict[str, str] = {}
    for node in all_nodes(model.graph.node):
        op = key_of(node.domain, node.op_type)
        count[op] += 1
        first.setdefault(op, node.name or (node.output[0] if node.output else ""))
    found = []
    for op, times in count.items():
        if op in functions:
            found.append(
                Finding(
                    first[op],
                    op,
                    "function",
                    _times("OpenVINO's reader takes no functions of a model's own", times),
                    FUNCTION,
                )
            )
            continue
        rule = next((r for r in rules.by_op.get(op, ()) if r.why == "unread" and not r.when), None)
        domain = op.rpartition(".")[0]
        if rule or (domain and domain not in READ_DOMAINS):
            why = _times("OpenVINO's reader of ONNX files does not know this op", times)
            asked = f"refused {rule.refused} of {rule.asked}" if rule else "domain without ops that are read"
            found.append(Finding(first[op], op, "unread", why, unread(domain), asked))
    return found


def edges(model: Any) -> list[Finding]:
    """Graph inputs and outputs that are no tensors: sequences, maps, optionals."""
    found = []
    for what, values in (("input", model.graph.input), ("output", model.graph.output)):
        for value in values:
            if value.type.WhichOneof("value") in ("sequence_type", "map_type"):
                why = f"{what} '{value.name}' is no tensor"
                remedy = "give the model tensors alone: a sequence as one tensor, or as one each"
                found.append(Finding("", value.name, "edge", why, remedy, f"{what}s that are sequences"))
    return found


def capturing_scans(model: Any) -> list[Finding]:
    """Scans whose body reads tensors of the graph around it: OpenVINO's reader counts those among its states."""
    found = []
    for node in all_nodes(model.graph.node):
        if node.op_type != "Scan" or node.domain not in ("", "ai.onnx"):
            continue
        for name in sorted(captured(node)):
            why = f"its body reads '{name}' of the graph around it, and OpenVINO's reader takes that for a state"
            remedy = "hand it to the body as a state that does not change, or put a constant into the body"
            found.append(
                Finding(node.name or node.output[0], "Scan", "unread form", why, remedy, "Scan that captures")
            )
            break
    return found


#: Domains of which OpenVINO reads at least one op. Of others it reads none.
READ_DOMAINS = frozenset({"com.microsoft", "org.openvinotoolkit", "ai.onnx", "ai.onnx.preview"})


def _times(why: str, times: int) -> str:
    return why if times == 1 else f"{why} ({times} nodes)"


def free_dimensions(
    shapes: dict[str, list[int | str]], bound: dict[str, int]
) -> tuple[Finding | None, dict[str, int]]:
    """The finding for dimensions no one has bound, and sizes to look on with.

    `shapes`: of the inputs, as `npusim.loading.inputs.symbolic_shape` gives them.
    """
    from npusim.loading.dimensions import evaluate, example_size, names_in

    free: dict[str, tuple[int, int]] = {}
    where: list[str] = []
    for name, shape in shapes.items():
        for axis, dim in enumerate(shape):
            if isinstance(dim, str) and evaluate(dim, bound) is None:
                free.setdefault(dim, (axis, len(shape)))
                where.append(name)
    if not free:
        return None, {}
    why = f"the model {FREE_WHY.format(names=listed(free))}"
    remedy = (
        f"check it at fixed sizes with {hint(free, bound)}, and fix them before compiling "
        "(Model.reshape in OpenVINO; the exporter's static shapes)"
    )
    finding = Finding("", where[0], "free", why, remedy, "asked with every kind of free dimension")
    plain = {name: example_size(name, *place) for name, place in free.items() if not names_in(name)}
    known = {**bound, **plain}  # an expression of names follows from them
    derived = {n: example_size(n, *place) for n, place in free.items() if evaluate(n, known) is None}
    return finding, {**plain, **derived}
