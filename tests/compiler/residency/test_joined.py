"""Where pieces of a result are put together, and on how many tiles weights lie."""

import itertools

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.fuse import fuse
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Graph, Node, Value
from npusim.measures import ddr_bytes
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, gelu, linear

PROFILE = load_profile("2026")
METEOR, LUNAR, PANTHER = (load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake"))


def convolutions(size, widths, kernel=3, readers=1):
    """Convolutions in a row, from `widths[0]` channels on; the last but one has `readers`."""
    values = {"x": Value("x", (1, widths[0], size, size), DType.FLOAT16)}
    nodes, last = [], "x"
    for i, (ci, co) in enumerate(itertools.pairwise(widths)):
        values[f"w{i}"] = Value(f"w{i}", (co, ci, kernel, kernel), DType.FLOAT16, constant=True)
        values[f"s{i}"] = Value(f"s{i}", (1, co, size, size), DType.FLOAT16)
        attributes = {"kernel_shape": (kernel, kernel), "pads": (kernel // 2,) * 4}
        nodes.append(Node(f"Conv_{i}", "Conv", (last, f"w{i}"), (f"s{i}",), attributes))
        last = f"s{i}"
    outputs = [last]
    if readers > 1:
        before = f"s{len(widths) - 3}"
        values["again"] = Value("again", values[before].shape, DType.FLOAT16)
        nodes.append(Node("Relu", "Relu", (before,), ("again",)))
        outputs.append("again")
    return Graph("row", tuple(nodes), values, ("x",), tuple(outputs), opset=20)


def step(plan, name):
    return next(s for s in plan.steps if s.node.name == name)


def test_weights_of_shared_rows_lie_on_every_tile():
    """256 to 256 channels by 3 x 3: at 52 x 52 rows are shared, and 1.2 MB of weights do not fit three times beside the
    activations (Intel's schedules cut such a step over channels); at 20 x 20 channels are, and they do."""
    at_52, at_20 = (compile_graph(convolutions(s, (256, 256, 128), 3), PANTHER, PROFILE) for s in (52, 20))
    assert step(at_52, "Conv_0").pieces > 1
    assert step(at_20, "Conv_0").pieces == 1


def test_pieces_with_two_readers_are_joined_in_ddr():
    one, two = (compile_graph(convolutions(14, (512, 1024, 512), 3, n), LUNAR, PROFILE) for n in (1, 2))
    assert "joined in DDR" not in step(one, "Conv_0").reason
    assert "joined in DDR" in step(two, "Conv_0").reason


def test_two_neutral_ops_in_a_row_leave_no_reader_of_what_is_gone():
    """A factor of one and a summand of zero in a row: the reader takes what is in front of both."""
    shape = (1, 64, 32, 32)
    values = {n: Value(n, shape, DType.FLOAT16) for n in ("x", "a", "b", "c", "y")}
    values["one"] = Value(
        "one", (64, 1, 1), DType.FLOAT16, constant=True, data=np.ones((64, 1, 1), np.float16)
    )
    values["zero"] = Value(
        "zero", (64, 1, 1), DType.FLOAT16, constant=True, data=np.zeros((64, 1, 1), np.float16)
    )
    nodes = (
        Node("Exp", "Exp", ("x",), ("a",)),
        Node("Mul", "Mul", ("a", "one"), ("b",)),
        Node("Add", "Add", ("b", "zero"), ("c",)),
        Node("Tanh", "Tanh", ("c",), ("y",)),
    )
    fused = fuse(Graph("neutral", nodes, values, ("x",), ("y",), opset=20), PROFILE, "3720", False, "fp16")
    made = {"x", *(n for node in fused.nodes for n in node.outputs)}
    assert all(n in made for node in fused.nodes for n in node.inputs if not fused.values[n].constant)


def joined_for(reader, parts, hw):
    """MB that convolutions of 28 x 28 move which are joined for a pooling or a convolution."""
    g = Builder(weights=False)
    x = conv(g, g.input(1, 64, 28, 28), 64, 64)
    whole = g.op("Concat", *[conv(g, x, 64, 64, 2 * i + 1) for i in range(parts)], axis=1)
    if reader == "MaxPool":
        y = g.op("MaxPool", whole, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    else:
        y = conv(g, whole, 64 * parts, 64, 3, 2)
    y = conv(g, y, 64 * parts if reader == "MaxPool" else 64, 64, 1)
    plan = compile_graph(of_model(g.model(y), ""), hw, PROFILE)
    return sum(
        ddr_bytes(a, r) for a, n, r in zip(plan.ask, plan.label, plan.repeats, strict=True) if "Concat" in n
    )


@pytest.mark.parametrize("hw", [LUNAR, PANTHER])
def test_what_is_joined_for_a_pooling_alone_goes_through_ddr(hw):
    """Three convolutions or more; two stay inside, and so does what a convolution reads."""
    assert joined_for("MaxPool", 3, hw) == 3 * 28 * 28 * 64 * 2  # read; each was written by its maker
    assert joined_for("MaxPool", 2, hw) == 0
    assert joined_for("Conv", 3, hw) == 0


def doubled(channels, reader, hw):
    """Bytes by which a Concat of a convolution's result and of what a depthwise one makes of it crosses DDR."""
    g = Builder(weights=False)
    x = conv(g, g.input(1, 64, 28, 28), 64, channels, 1)
    whole = g.op("Concat", x, conv(g, x, channels, channels, 3, 1, channels), axis=1)
    twice = 2 * channels
    y = (
        conv(g, whole, twice, twice, 3, 2, twice)
        if reader == "depthwise"
        else conv(g, whole, twice, twice, 1)
    )
    plan = compile_graph(of_model(g.model(conv(g, y, twice, 64, 1)), ""), hw, PROFILE)
    return sum(
        ddr_bytes(a, r) for a, n, r in zip(plan.ask, plan.label, plan.repeats, strict=True) if "Concat" in n
    )


@pytest.mark.parametrize("hw", [METEOR, LUNAR, PANTHER])
def test_what_is_joined_with_what_is_made_of_it(hw):
    """It stays inside for a 1x1 convolution, and where there are few channels; a window reads it from DDR."""
    assert doubled(48, "depthwise", hw) == 2 * 48 * 28 * 28 * 2
    assert doubled(24, "depthwise", hw) == 0
    assert doubled(48, "1x1", hw) == 0


@pytest.mark.parametrize(
    ("name", "rows", "stays"),
    [("lunar_lake", 196, True), ("panther_lake", 128, True), ("meteor_lake", 196, False)],
)
def test_what_a_small_product_makes_stays_for_its_only_reader_as_released(name, rows, stays):
    """Rows by 384 by 1,536, Gelu, by 384: out of the first product 0 MB in Intel's schedules of NPU 4000 and 5010."""
    g = Builder(weights=False)
    x = linear(g, g.input(1, rows, 384), 384, 384)
    graph = of_model(g.model(linear(g, gelu(g, linear(g, x, 384, 1536)), 1536, 384)), "")
    plan = compile_graph(graph, load_hardware(name), load_profile("2026-as-released"))
    products = [s for s in plan.steps if s.node.op_type == "MatMul"]
    assert ("joined in DDR" not in products[1].reason) is stays
