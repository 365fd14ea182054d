"""What a rule may ask of a node: its element types, ranks, attributes, and which inputs are constants.

The generator of the rules (`tests/vendor/compiling`) and the check read a node through this one function, so that a
rule means the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

from npusim.errors import UnknownShape
from npusim.graph import Graph, Node, Value

Fact = str | int
#: Inputs that are looked at one by one; ops with more have more of the same.
MOST_INPUTS = 6
#: Attributes of several numbers: a rule asks for the largest, and whether they differ.
LISTS = frozenset({"kernel_shape", "strides", "dilations", "pads", "output_padding", "activations"})
#: Attributes whose value is a size or a name of the model's own: no rule may learn them by heart.
LEFT_OUT = frozenset(
    {"hidden_size", "equation", "value", "perm", "seed", "to", "dtype", "output_dtype", "saturate"}
)
LONGEST_WORD = 24


def facts(node: Node, graph: Graph, dependent: Set[str] = frozenset()) -> dict[str, Fact]:
    """Names and values a rule can compare: `type0`, `rank0`, `constant1`, `most_rank`, `mode`, `strides_most` ...

    `dependent`: tensors whose size depends on data (`npusim.checking.dependent`).
    """
    inputs, outputs = graph.input_values(node), [v for v in graph.output_values(node) if v is not None]
    found: dict[str, Fact] = {"inputs": sum(v is not None for v in inputs), "outputs": len(outputs)}
    for index, value in enumerate(inputs[:MOST_INPUTS]):
        if value is None:
            continue
        found[f"given{index}"] = "yes"
        found[f"type{index}"] = value.dtype.label
        found[f"rank{index}"] = len(value.shape)
        found[f"empty{index}"] = _yes(0 in value.shape)
        if index:
            found[f"constant{index}"] = _yes(value.constant)
    if outputs:
        found["out_type"] = outputs[0].dtype.label
        found["out_rank"] = len(outputs[0].shape)
    found["at_input"] = _yes(any(name in graph.inputs for name in node.inputs))
    found["at_output"] = _yes(any(name in graph.outputs for name in node.outputs))
    values = [v for v in (*inputs, *outputs) if v is not None]
    found["most_rank"] = max((len(v.shape) for v in values), default=0)
    found["all_constant"] = _yes(all(v.constant for v in inputs if v is not None))
    found["out_empty"] = _yes(any(0 in v.shape for v in outputs))
    found["data_dependent"] = _yes(not dependent.isdisjoint(node.inputs))
    first = inputs[0].shape if inputs and inputs[0] is not None else ()
    if len(first) >= 3:
        found |= {"many_batches": _yes(first[0] > 1), "one_channel": _yes(first[1] == 1)}
    running = [v for v in inputs if v is not None and not v.constant]
    found["broadcast"] = _yes(len({v.shape for v in running}) > 1)
    found |= _attributes(node.attributes)
    found |= _axis(node, inputs)
    if node.op_type == "Slice" and len(inputs) > 4 and inputs[4] is not None and inputs[4].data is not None:
        found |= {
            "steps_most": int(inputs[4].data.max(initial=1)),
            "steps_least": int(inputs[4].data.min(initial=1)),
        }
    return found


NAMED = re.compile(r"node '(.*?)' \((\w+)\)")


def run_time_facts(error: UnknownShape, model: Any) -> tuple[str, str, dict[str, Fact]]:
    """Name, op and facts of the node whose output shape the data decide, as the loader's error names it.

    Of such a node no more is known than whether it reads inputs of the model and writes outputs, and not even that of
    a file that is not ONNX (`model` is None). All are empty if no node is named.
    """
    found = NAMED.search(str(error))
    if found is None:
        return "", "", {}
    if model is None:
        return found[1], found[2], {"run_time_shape": "yes"}
    outputs = {value.name for value in model.graph.output}
    same = [node for node in model.graph.node if node.op_type == found[2]]
    ends = any(name in outputs for node in same for name in node.output)
    inputs = {value.name for value in model.graph.input}
    starts = any(name in inputs for node in same for name in node.input)
    return found[1], found[2], {"run_time_shape": "yes", "at_input": _yes(starts), "at_output": _yes(ends)}


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for name, value in attributes.items():
        if name in LEFT_OUT:
            continue
        if name != "axis":
            found[f"{name}_given"] = "yes"
        if name in LISTS and isinstance(value, (tuple, list)) and value:
            if all(isinstance(v, (int, float)) for v in value):
                found[f"{name}_most"] = int(max(value))
                found[f"{name}_differ"] = _yes(len(set(value)) > 1)
            found[f"{name}_count"] = len(value)
        elif isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**31):
            if name != "axis":
                found[name] = int(value)
        elif isinstance(value, str):
            found[name] = value[:LONGEST_WORD]
    return found


def _axis(node: Node, inputs: list[Value | None]) -> dict[str, Fact]:
    """Where the axis of an op lies: counted from the back, -1 is the innermost."""
    axis, first = node.attributes.get("axis"), inputs[0] if inputs else None
    if not isinstance(axis, int) or first is None or not first.shape:
        return {}
    rank = len(first.shape)
    return {"axis_from_back": axis - rank if axis >= 0 else axis}
