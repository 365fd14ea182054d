"""QuantizeLinear behind ops that only move data, in front of them.

Intel's compiler moves a FakeQuantize up through Reshape, Transpose, Concat, Split, Slice and an enlarging Resize until
it stands behind the op that computes the tensor: a convolution writes 8 bits at once, a kernel's result (Swish in front
of a Split) is made 8-bit by one pass, and what is moved has 8 bits. It does so too where the pairs of a Concat's inputs
and of its result have other scales (nanodet, ShuffleNet v2, SqueezeNet and a detector with pairs around every such op:
no `quant_in` behind a move in its schedules on NPU 3720 and 4000)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.quantised import MOVES, QUANTISE, moved_operands, writes_narrow
from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import DType, Node

MOVING = MOVES | {"Resize"}


def quantise_early(r: Rewriter) -> None:
    """Moves whose results are all quantised move 8 bits; what they read is quantised where it is made."""
    asked = _asked(r)
    made: dict[str, str] = {}
    for index, node in enumerate(r.nodes):
        if node is None or node.op_type not in MOVING or not all(n in asked for n in node.outputs):
            continue
        inputs = list(node.inputs)
        for k, name in enumerate(moved_operands(node)):
            if r.constant(name) or r.value(name).dtype.bits <= 8:
                continue
            if name not in made:
                dtype = asked.get(name, asked[node.outputs[0]])
                made[name] = _own_type(r, name, dtype) if name in asked else ""
                made[name] = made[name] or _quantised(r, name, dtype, index, node.repeats)
            inputs[k] = made[name]
        for name in node.outputs:
            r.values[name] = replace(r.value(name), dtype=asked[name])
        r.replace([index], replace(node, inputs=tuple(inputs)))
    for index, node in list(r.items(QUANTISE)):
        name = node.inputs[0]
        now = made.get(name, name)
        if now != name or (name in asked and r.value(name).dtype.bits <= 8):
            _bypass(r, index, node, now)


def _asked(r: Rewriter) -> dict[str, DType]:
    """Tensors that nobody reads but QuantizeLinear, straight or behind moves, and the type it makes of them."""
    asked: dict[str, DType] = {}
    takes: dict[int, DType] = {}
    for index in reversed(range(len(r.nodes))):
        node = r.nodes[index]
        if node is None:
            continue
        for name in node.outputs:
            _ask(r, name, takes, asked)
        if node.op_type == QUANTISE and node.outputs[0] not in r.graph_outputs:
            takes[index] = r.value(node.outputs[0]).dtype
        elif node.op_type in MOVING and node.outputs and all(n in asked for n in node.outputs):
            takes[index] = asked[node.outputs[0]]
    for name in r.graph.inputs:
        _ask(r, name, takes, asked)
    return asked


def _ask(r: Rewriter, name: str, takes: dict[int, DType], asked: dict[str, DType]) -> None:
    readers = r.consumers.get(name, {})
    types = {takes.get(index) for index in readers}
    if name in r.graph_outputs or len(types) != 1 or not r.value(name).dtype.is_float:
        return
    found = types.pop()
    if found is not None and all(name in moved_operands(n) for i in readers if (n := r.nodes[i]) is not None):
        asked[name] = found


def _own_type(r: Rewriter, name: str, dtype: DType) -> str:
    """The name of a tensor that the MAC array writes in 8 bits, for these readers alone; empty where it does not."""
    found = r.made_by(name)
    if found is None or len(found[1].outputs) != 1 or not writes_narrow(r, found[1]):
        return ""
    at, host = found
    r.values[name] = replace(r.value(name), dtype=dtype)
    r.nodes[at] = replace(host, post_ops=(*host.post_ops, QUANTISE))
    return name


def _quantised(r: Rewriter, name: str, dtype: DType, index: int, repeats: int) -> str:
    """The name of what a pass in front of the node at `index` makes of a tensor."""
    out = f"{name}/quantized"
    r.values[out] = replace(r.value(name), name=out, dtype=dtype)
    r.insert(index, Node(f"{name}/quantize", QUANTISE, (name,), (out,), repeats=repeats))
    return out


def _bypass(r: Rewriter, index: int, node: Node, now: str) -> None:
    """Readers of what is quantised twice read what was quantised first."""
    r.reroute(node.outputs[0], now)
    r.drop(index)
    if found := r.made_by(now):
        at, host = found
        r.nodes[at] = replace(host, absorbed=(*host.absorbed, node.name))
