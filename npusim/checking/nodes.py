"""Every node of a static graph, and its inputs and outputs, against the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Set
from typing import Any

from npusim.checking.dependent import data_dependent
from npusim.checking.facts import Fact, facts, run_time_facts
from npusim.checking.file import READ_DOMAINS, key_of
from npusim.checking.record import Finding
from npusim.checking.remedies import explain
from npusim.checking.rules import Rule, Rules, rules_of_ir
from npusim.errors import UnknownShape
from npusim.graph import Graph, Node

#: Graph inputs and outputs of more axes are refused whatever reads them (asked with Relu and Add).
MOST_IO_AXES = 5


def node_findings(graph: Graph, rules: Rules, generation: str, skip: Collection[str] = ()) -> list[Finding]:
    """What is refused in a graph, or not known; ops in `skip` have been told."""
    return list(_findings(graph, rules, generation, skip, unknown=True))


def first_refused(graph: Graph, rules: Rules, generation: str) -> Finding | None:
    """The first node that is refused."""
    return next(_findings(graph, rules, generation, (), unknown=False), None)


def _findings(
    graph: Graph, rules: Rules, generation: str, skip: Collection[str], unknown: bool
) -> Iterator[Finding]:
    yield from _edges(graph)
    yield from _run_time(graph)
    dependent = data_dependent(graph)
    ends = frozenset(graph.inputs), frozenset(graph.outputs)
    asked: dict[
        object, Finding | None
    ] = {}  # the first node of each key; what the finding says names its tensors
    for node in graph.nodes:
        op = key_of(node.domain, node.op_type)
        if op in skip or (not unknown and op in rules.known and op not in rules.by_op):
            continue
        key = _key(node, graph, dependent, ends)
        if key not in asked:
            asked[key] = _finding(node, op, graph, rules, generation, dependent)
        finding = asked[key]
        if finding is not None and (finding.refused or unknown):
            same = finding.node == node.name
            again = None if same else _finding(node, op, graph, rules, generation, dependent)
            yield again or finding


def _key(node: Node, graph: Graph, dependent: Set[str], ends: tuple[Set[str], Set[str]]) -> object:
    """Nodes of one key are judged alike: thousands of nodes of a large graph have few keys."""
    values = graph.values
    tensors = [(v.dtype, v.shape, v.constant) if (v := values.get(n)) else None for n in node.inputs]
    outs = [(v.dtype, v.shape) if (v := values.get(n)) else None for n in node.outputs]
    plain = [(k, v) for k, v in node.attributes.items() if isinstance(v, int | float | str | tuple)]
    places = (
        ends[0].isdisjoint(node.inputs), ends[1].isdisjoint(node.outputs), dependent.isdisjoint(node.inputs)
    )  # fmt: skip
    return node.op_type, node.domain, tuple(tensors), tuple(outs), tuple(plain), places, _steps(node, graph)


def _steps(node: Node, graph: Graph) -> object:
    """The values of a Slice's steps, which its facts tell."""
    value = graph.values.get(node.inputs[4]) if node.op_type == "Slice" and len(node.inputs) > 4 else None
    return None if value is None or value.data is None else value.data.tobytes()


#: In other files than ONNX these stand for FakeQuantize and for constants of few bits, of which the compiler was asked
#: as such; what its reader of ONNX does not know says nothing of those files.
STORED = frozenset({"DequantizeLinear", "QuantizeLinear"})
AS_STORED = ("FakeQuantize", "weights")
COMPRESS = "compress the weights to int8 or int4 (nncf.compress_weights), which it takes"


def _finding(
    node: Node, op: str, graph: Graph, rules: Rules, generation: str, dependent: Set[str]
) -> Finding | None:
    seen = facts(node, graph, dependent)
    rule = rules.refusing(op, seen, generation)
    if graph.form and op in STORED:
        return _stored(node, seen, graph, rules, generation)
    if graph.form and rule is not None and rule.why.startswith("unread"):
        return None
    if not graph.form and from_the_end(node):
        return Finding(
            node.name, op, "unread form", FROM_THE_END, COUNT_FROM_FRONT, "perm with negative axes"
        )
    if rule is not None and op == "DequantizeLinear" and _of_weights(rule, seen):
        return None
    if rule is not None:
        why, remedy = explain(rule, node, seen, rules, generation)
        when = " & ".join(map(str, rule.when)) or "always"
        text = f"{rule.op}: {when} (refused {rule.refused} of {rule.asked})"
        return Finding(node.name, op, rule.why, why, remedy, text)
    if op in rules.known:
        return None
    if node.domain not in READ_DOMAINS and node.domain:
        why = "OpenVINO's reader of ONNX files does not know this op"
        return Finding(
            node.name, op, "unread", why, "write the op in ops of ONNX", "domain without ops that are read"
        )
    why = "the compiler was never asked about this op"
    return Finding(
        node.name, op, "not asked", why, "try it with npusim crosscheck --vendor-compiler", refused=False
    )


#: What torch.onnx.export(dynamo=False) writes of Mamba-2 and Zamba-2 (transformers 5); onnx.checker and onnxruntime
#: refuse it, too.
FROM_THE_END = "its perm counts axes from the end, which OpenVINO's reader of ONNX files does not take"
COUNT_FROM_FRONT = "count them from the front; torch.onnx.export(dynamo=True) does"


def from_the_end(node: Node) -> bool:
    """Whether a Transpose names axes by negative numbers."""
    return node.op_type == "Transpose" and min(node.attribute("perm") or (0,)) < 0


def _of_weights(rule: Rule, seen: dict[str, Fact]) -> bool:
    """Whether a rule about the axis of a DequantizeLinear was learnt of activations and meets weights or a bias, which
    the compiler takes along any axis: all 689 of seven networks that onnxruntime had quantised, a scale a channel."""
    return seen["all_constant"] == "yes" and any(c.name == "axis_from_back" for c in rule.when)


def what_is_stored(node: Node, graph: Graph) -> str:
    """What a QuantizeLinear or DequantizeLinear stands for in a file that is not ONNX."""
    first = graph.values.get(node.inputs[0]) if node.inputs else None
    return "weights" if first is not None and first.constant else "FakeQuantize"


def _stored(node: Node, seen: dict[str, Fact], graph: Graph, rules: Rules, generation: str) -> Finding | None:
    """The finding for FakeQuantize or a constant of few bits."""
    own, what = rules_of_ir(rules.release), what_is_stored(node, graph)
    rule = own.refusing(what, seen, generation) if own else None
    if rule is None:
        return None
    text = f"{rule.op}: {' & '.join(map(str, rule.when))} (refused {rule.refused} of {rule.asked})"
    return Finding(node.name, what, rule.why, f"they are stored as {seen['type0']}", COMPRESS, text)


def stored_note(graph: Graph, rules: Rules) -> str:
    """How many of them were looked at where none is refused; '' where there are none."""
    if not graph.form or rules_of_ir(rules.release) is None:
        return ""
    found = Counter(what_is_stored(n, graph) for n in graph.nodes if n.op_type in STORED and not n.domain)
    activations, weights = found["FakeQuantize"] // 2, found["weights"]
    parts = [f"{activations} FakeQuantize"] if activations else []
    parts += [f"{weights} constant{'s' * (weights > 1)} of few bits"] if weights else []
    return (
        f"{' and '.join(parts)}: the compiler takes them, asked of each kind in an IR of its own"
        if parts
        else ""
    )


#: Intel's compiler unrolls a Loop and takes the branch of an If as it compiles; asked with both kinds of each.
CONTROL = {
    "Loop": ("how often it runs is known at run time only", "give its trip limit and condition as constants"),
    "If": ("its condition is known at run time only", "give the condition as a constant, or --set its input"),
}


def shape_of_data(error: UnknownShape, model: Any, rules: Rules, generation: str) -> Finding:
    """The finding for a model whose shapes the data decide: `error` says where."""
    node, op, known = run_time_facts(error, model)
    if op in CONTROL:
        why, remedy = CONTROL[op]
        return Finding(node, op, "run-time", why, remedy, f"{op} the data decide")
    remedy = "give the inputs that decide it a value (--set NAME=VALUE), or fix the shape when exporting"
    rule = rules.refusing(op, known, generation)
    if rule is not None:
        text = f"{op}: its shape depends on data (refused {rule.refused} of {rule.asked})"
        return Finding(node, op, "data", str(error), remedy, text)
    return Finding(node, op, "data", str(error), remedy, refused=False)


def _run_time(graph: Graph) -> Iterator[Finding]:
    """Control flow that the data decide."""
    for name, op in graph.run_time:
        why, remedy = CONTROL[op]
        yield Finding(name, op, "run-time", why, remedy, f"{op} the data decide")


def _edges(graph: Graph) -> Iterator[Finding]:
    """Graph inputs and outputs of too many axes."""
    for what, names in (("input", graph.inputs), ("output", graph.outputs)):
        for name in names:
            axes = len(graph.values[name].shape)
            if axes > MOST_IO_AXES:
                yield Finding(
                    "", name, "rank", f"{what} '{name}' has {axes} axes, and a model's own may have {MOST_IO_AXES}",
                    f"give it {MOST_IO_AXES} axes and Reshape inside the model", f"{what}s of {axes} axes",
                )  # fmt: skip
