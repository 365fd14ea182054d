"""Forms of control flow and sequences."""

from typing import Any

from onnx import GraphProto, TensorProto, helper

from tests.vendor.compiling.forms import SHAPES, G, form


def _body(
    name: str, nodes: list[Any], inputs: list[Any], outputs: list[tuple[str, int, list[int] | None]]
) -> GraphProto:
    made = [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs]
    return helper.make_graph(nodes, name, inputs, made)


def _branch(op: str, x: str, out: str) -> GraphProto:
    return _body(op, [helper.make_node(op, [x], [out])], [], [(out, TensorProto.FLOAT, list(SHAPES[3]))])


def _if(name: str, constant: bool):
    @form("If", name, types="bool")
    def branch(g: G, rank: int, dtype: str):
        x = g.x(SHAPES[3])
        condition = g.c(True, "bool") if constant else g.x((), "bool")
        return g.op(
            "If", condition, then_branch=_branch("Relu", x, "a"), else_branch=_branch("Sigmoid", x, "b")
        )


_if("run-time", False)
_if("constant", True)


def _loop(name: str, constant: bool, stacked: bool):
    @form("Loop", name, types="int64")
    def loop(g: G, rank: int, dtype: str):
        trips = g.c(4, "int64") if constant else g.x((), "int64")
        shape = list(SHAPES[3])
        state = helper.make_tensor_value_info("s", TensorProto.FLOAT, shape)
        inputs = [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            state,
        ]
        nodes = [helper.make_node("Add", ["s", "s"], ["t"]), helper.make_node("Identity", ["go"], ["on"])]
        outputs: list[Any] = [("on", TensorProto.BOOL, []), ("t", TensorProto.FLOAT, shape)]
        if stacked:
            nodes.append(helper.make_node("Relu", ["t"], ["u"]))
            outputs.append(("u", TensorProto.FLOAT, shape))
        body = _body("body", nodes, inputs, outputs)
        return g.op("Loop", trips, g.c(True, "bool"), g.x(SHAPES[3]), count=1 + stacked, body=body)


_loop("constant", True, False)
_loop("constant, stacked", True, True)
_loop("run-time", False, False)
_loop("run-time, stacked", False, True)


@form("Scan")
def scan(g: G, rank: int, dtype: str):
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [8]) for n in ("s", "x")]
    nodes = [helper.make_node("Add", ["s", "x"], ["t"]), helper.make_node("Relu", ["t"], ["y"])]
    body = _body("body", nodes, inputs, [("t", TensorProto.FLOAT, [8]), ("y", TensorProto.FLOAT, [8])])
    return g.op("Scan", g.x((8,)), g.x((4, 8)), count=2, body=body, num_scan_inputs=1)


@form("SequenceConstruct", "concat")
def concat_sequence(g: G, rank: int, dtype: str):
    made = g.op("SequenceConstruct", g.x((2, 4)), g.x((2, 4)))
    return g.op("ConcatFromSequence", made, axis=0)


@form("SequenceAt")
def sequence_at(g: G, rank: int, dtype: str):
    made = g.op("SequenceConstruct", g.x((2, 4)), g.x((2, 4)))
    return g.op("SequenceAt", made, g.c(1, "int64"))


@form("SplitToSequence")
def split_sequence(g: G, rank: int, dtype: str):
    made = g.op("SplitToSequence", g.x((6, 4)), g.c(2, "int64"), axis=0)
    return g.op("SequenceAt", made, g.c(1, "int64"))


@form("SplitToSequence", "concat")
def split_concat(g: G, rank: int, dtype: str):
    made = g.op("SplitToSequence", g.x((6, 4)), g.c(2, "int64"), axis=0)
    return g.op("ConcatFromSequence", made, axis=1)


@form("SequenceInsert")
def sequence_insert(g: G, rank: int, dtype: str):
    made = g.op("SequenceConstruct", g.x((2, 4)))
    return g.op("ConcatFromSequence", g.op("SequenceInsert", made, g.x((2, 4))), axis=0)


@form("SequenceLength")
def sequence_length(g: G, rank: int, dtype: str):
    return g.op("SequenceLength", g.op("SequenceConstruct", g.x((2, 4)), g.x((2, 4))))


@form("SequenceErase SequenceEmpty")
def sequence_erase(g: G, rank: int, dtype: str, op: str):
    made = (
        g.op("SequenceConstruct", g.x((2, 4)), g.x((2, 4)))
        if op == "SequenceErase"
        else g.op("SequenceEmpty")
    )
    out = (
        g.op("SequenceErase", made, g.c(0, "int64"))
        if op == "SequenceErase"
        else g.op("SequenceInsert", made, g.x((2, 4)))
    )
    return g.op("ConcatFromSequence", out, axis=0)


@form("OptionalHasElement OptionalGetElement")
def optional(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x((2, 4)))


@form("RandomNormal RandomUniform")
def random(g: G, rank: int, dtype: str, op: str):
    return g.op("Add", g.op(op, shape=[2, 4]), g.x((2, 4)))


@form("StringConcat", types="float32")
def text(g: G, rank: int, dtype: str):
    names = [g.input(2, dtype=TensorProto.STRING) for _ in range(2)]
    return g.op("StringConcat", *names)


@form("Scan", "captures")
def scan_captures(g: G, rank: int, dtype: str):
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [8]) for n in ("s", "x")]
    outer = g.c([1.0] * 8)
    nodes = [helper.make_node("Add", ["s", "x"], ["t"]), helper.make_node("Mul", ["t", outer], ["y"])]
    body = _body("body", nodes, inputs, [("t", TensorProto.FLOAT, [8]), ("y", TensorProto.FLOAT, [8])])
    return g.op("Scan", g.x((8,)), g.x((4, 8)), count=2, body=body, num_scan_inputs=1)
