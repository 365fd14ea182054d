"""Why in words, and what to do: one sentence each for every kind of rule."""

from __future__ import annotations

from npusim.checking.facts import Fact
from npusim.checking.rules import Condition, Rule, Rules
from npusim.graph import Node

FUNCTION = (
    "put the functions in place before compiling: onnx.inliner.inline_local_functions(model); "
    "xamba optimize does so for those it rewrites"
)
INTEGERS = ("int64", "uint64", "uint32", "int32", "int16", "uint16", "int8", "uint8", "bool")
#: Types to offer instead, the nearest first.
INSTEAD = {
    "float64": ("float32", "float16"), "bfloat16": ("float16", "float32"),
    "int64": ("int32", "float32"), "uint64": ("int32", "float32"), "uint32": ("int32", "float32"),
    "bool": ("uint8", "int8", "float16", "float32"),
}  # fmt: skip
OTHERS = ("int32", "float16", "float32")
MOST_AXES = 5


def unread(domain: str) -> str:
    """What to do about an op that is not read."""
    if domain == "com.microsoft":
        return "give the compiler the model as it was before ONNX Runtime fused it, or write the op in ops of ONNX"
    if domain:
        return "write the op in ops of ONNX"
    return "export the model so that it writes other ops of ONNX in its place, or keep this part on the CPU"


def explain(rule: Rule, node: Node, facts: dict[str, Fact], rules: Rules, generation: str) -> tuple[str, str]:
    """Why a node that meets a rule is refused, and the remedy."""
    if not rule.when:
        if rule.why == "unread":
            return "OpenVINO's reader of ONNX files does not know this op", unread(node.domain)
        return (
            "the compiler refused every form of this op it was asked about",
            f"write {node.op_type} in other ops",
        )
    parts = [_condition(condition, node, facts) for condition in rule.when]
    why = " and ".join(dict.fromkeys(part for part, _ in parts))
    for condition in sorted(rule.when, key=_weight):
        remedy = _remedy(condition, node, facts, rules, rule, generation)
        if remedy:
            return why, remedy
    return why, f"write {node.op_type} in other ops, or keep it on the CPU"


def _weight(condition: Condition) -> int:
    """The condition that is easiest to mend first."""
    order = ("type", "constant", "most_rank", "rank", "out_")
    return next((i for i, start in enumerate(order) if condition.name.startswith(start)), len(order))


def _condition(condition: Condition, node: Node, facts: dict[str, Fact]) -> tuple[str, str]:
    name, value = condition.name, facts.get(condition.name)
    if name.startswith("type"):
        return f"input {name[4:]} is {value}", name
    if name == "out_type":
        return f"its output is {value}", name
    if name == "most_rank":
        return f"it has a tensor of {value} axes", name
    if name.startswith("rank"):
        return f"input {name[4:]} has {value} axes", name
    if name == "out_rank":
        return f"its output has {value} axes", name
    if name.startswith("constant"):
        word = "is a constant" if value == "yes" else "is known at run time only"
        return f"input {name[8:]} {word}", name
    if name.endswith("_given"):
        return f"its attribute {name.removesuffix('_given')} is given", name
    if name.startswith("given"):
        return f"input {name[5:]} is given", name
    if name in ("inputs", "outputs"):
        return f"it has {value} {name if value != 1 else name[:-1]}", name
    if name.startswith(("empty", "out_empty")):
        what = "its output" if name == "out_empty" else f"input {name[5:]}"
        return f"{what} holds {'no' if value == 'yes' else 'some'} elements", name
    if name in ("at_input", "at_output"):
        side = "an input" if name == "at_input" else "an output"
        return (
            f"it {'reads' if name == 'at_input' else 'writes'} {'' if value == 'yes' else 'not '}{side} of the model",
            name,
        )
    if name == "data_dependent":
        return (
            "the size of what it reads depends on data"
            if value == "yes"
            else "the size of what it reads is fixed",
            name,
        )
    if name == "many_batches":
        return "its batch is " + ("larger than 1" if value == "yes" else "1"), name
    if name == "one_channel":
        return "it has " + ("one channel" if value == "yes" else "several channels"), name
    if name == "all_constant":
        return (
            "all its inputs are constants" if value == "yes" else "it has an input that is no constant",
            name,
        )
    if name == "broadcast":
        return "its inputs have " + ("different shapes" if value == "yes" else "one shape"), name
    return f"its {name.replace('_', ' ')} is {value}", name


def _remedy(
    condition: Condition, node: Node, facts: dict[str, Fact], rules: Rules, rule: Rule, generation: str
) -> str:
    name, value = condition.name, facts.get(condition.name)
    if name.startswith("type") or name == "out_type":
        return _type_remedy(name, str(value), node, facts, rules, rule, generation)
    if name in ("most_rank", "out_rank") or name.startswith("rank"):
        if condition.sign == ">=" and isinstance(value, int) and value > MOST_AXES:
            return f"merge axes that lie side by side (Reshape in front, Reshape behind): at most {MOST_AXES}"
        if condition.sign == "<=":
            return "give the tensor one more axis of size 1 (Unsqueeze in front, Squeeze behind)"
        return "bring the tensor to another number of axes (Reshape in front, Reshape behind)"
    if name.startswith("constant") and value == "no":
        index = int(name[8:])
        tensor = node.inputs[index] if index < len(node.inputs) else ""
        return (
            f"make '{tensor}' an initializer; a graph input can be given its value with --set '{tensor}=...'"
        )
    if name.startswith("empty") or name == "out_empty":
        return "leave tensors without elements out of the model" if value == "yes" else ""
    if name == "data_dependent":
        return (
            "keep what depends on data (NonZero and its like) out of the model, or on the CPU"
            if value == "yes"
            else ""
        )
    return ""


def _type_remedy(
    name: str, value: str, node: Node, facts: dict[str, Fact], rules: Rules, rule: Rule, generation: str
) -> str:
    """The nearest type that no rule refuses."""
    for other in (*INSTEAD.get(value, OTHERS), *OTHERS):
        changed = {k: other if k.startswith("type") and v == value else v for k, v in facts.items()}
        if other != value and rules.refusing(rule.op, changed, generation) is None:
            exact = ", exact up to 2^24" if value in INTEGERS[:4] and other == "float32" else ""
            return f"cast to {other} in front and back behind (Cast){exact}"
    return ""
