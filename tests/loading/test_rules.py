"""The shape rules against ONNX's own inference, and those of ONNX Runtime's ops against ONNX Runtime."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.graph import DType, Value
from npusim.loading import all_rules  # noqa: F401  (registers the rules)
from npusim.loading.fallback import infer
from npusim.loading.rules import RULES, Op
from npusim.onnx_io import load
from tests.loading.make import INT64, model, node, save

F, I = DType.FLOAT, DType.INT64  # noqa: E741


def op(kind, inputs, attributes=None, count=1, opset=22):
    """An Op; inputs are shapes (of floats), arrays (constants) or None."""
    values = []
    for i, given_input in enumerate(inputs):
        if given_input is None:
            values.append(None)
        elif isinstance(given_input, np.ndarray):
            dtype = {"i": I, "b": DType.BOOL}.get(given_input.dtype.kind, F)
            values.append(Value(f"i{i}", given_input.shape, dtype, True, given_input))
        else:
            values.append(Value(f"i{i}", given_input, F))
    return Op(kind, "", "test", attributes or {}, values, count, opset, lambda v: v.data, None)


def agree(one):
    ours = RULES[one.kind](one)[: one.count]
    assert [(o.dtype, o.shape) for o in ours] == [(o.dtype, o.shape) for o in infer(one)]


def ints(*numbers):
    return np.array(numbers, np.int64)


CASES = [
    op("ConvTranspose", [(1, 4, 5, 6), (4, 3, 3, 2)], {"strides": (2, 3), "pads": (1, 0, 1, 1), "group": 1}),
    op("ConvTranspose", [(1, 4, 5, 6), (4, 3, 3, 2)], {"strides": (2, 2), "auto_pad": "SAME_UPPER"}),
    op("ConvTranspose", [(1, 4, 5), (4, 3, 3)], {"strides": (2,), "output_padding": (1,), "group": 2}),
    op("AveragePool", [(1, 2, 7, 7)], {"kernel_shape": (3, 3), "strides": (2, 2), "ceil_mode": 1}),
    op("MaxPool", [(1, 2, 7, 8)], {"kernel_shape": (3, 2), "strides": (2, 2)}, count=2),
    op("GlobalAveragePool", [(1, 2, 7, 8)]),
    op("BatchNormalization", [(2, 3, 4), (3,), (3,), (3,), (3,)]),
    op("LayerNormalization", [(2, 3, 4), (3, 4)], {"axis": 1}, count=3, opset=17),
    op("Gemm", [(3, 2), (4, 3), (4,)], {"transA": 1, "transB": 1}),
    op("Flatten", [(2, 3, 4)], {"axis": -1}),
    op("Flatten", [(2, 3, 4)], {"axis": 0}),
    op("Squeeze", [(1, 3, 1)]),
    op("Squeeze", [(1, 3, 1), ints(-1)]),
    op("Unsqueeze", [(2, 3), ints(-1, 0)]),
    op("Split", [(2, 7)], {"axis": 1, "num_outputs": 3}, count=3),
    op("Split", [(2, 7), ints(0, 5, 2)], {"axis": -1}, count=3),
    op("Reshape", [(2, 3, 4), ints(0, -1)]),
    op("Reshape", [(2, 0, 4), ints(8, 0)]),
    op("Tile", [(2, 3), ints(2, 0)]),
    op("Pad", [(2, 3), ints(1, -1), None, ints(1)]),
    op("DepthToSpace", [(1, 8, 2, 3)], {"blocksize": 2}),
    op("SpaceToDepth", [(1, 2, 4, 6)], {"blocksize": 2}),
    op("GatherElements", [(3, 4), ints(0, 1).reshape(1, 2)]),
    op("GatherND", [(2, 3, 4), ints(0, 1).reshape(1, 2)]),
    op("GatherND", [(2, 3, 4), ints(0, 1).reshape(2, 1)], {"batch_dims": 1}),
    op("OneHot", [ints(1, 2, 0), ints(5), np.array([0.0, 1.0], np.float32)], {"axis": 0}),
    op("TopK", [(3, 8), ints(5)], {"axis": -1}, count=2),
    op("ArgMax", [(3, 8)], {"axis": 1, "keepdims": 0}),
    op("Resize", [(1, 2, 3, 5), None, np.array([1, 1, 1.5, 2.5], np.float32)]),
    op("Resize", [(1, 2, 3, 5), None, None, ints(1, 2, 7, 9)]),
    op("EyeLike", [(3, 4)], {"dtype": 7}),
    op("ConstantOfShape", [ints(2, 0, 3)], {"value": np.array([1], np.int64)}),
    op("Range", [ints(2).reshape(()), ints(9).reshape(()), ints(3).reshape(())]),
    op("Range", [ints(2).reshape(()), ints(9).reshape(()), ints(-3).reshape(())]),
    op("Einsum", [(2, 3, 4), (4, 5)], {"equation": "...ij, jk -> ...ik"}),
    op("Einsum", [(2, 3), (3, 5)], {"equation": "ij,jk"}),
    op("Where", [np.array([True, False]), (3, 1), (4, 1, 1)]),
    op("Shape", [(2, 3, 4)], {"start": -2}),
    op("ReduceSum", [(2, 3), ints()], {"noop_with_empty_axes": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.kind)
def test_a_rule_says_what_onnx_inference_says(case):
    agree(case)


sizes = st.integers(1, 9)


@given(st.data())
def test_a_window_slides_as_onnx_says(data):
    draw, few = data.draw, st.integers(1, 3)
    groups = draw(st.sampled_from([1, 2]))
    kernel = (draw(few), draw(few))
    attributes = {
        "group": groups,
        "strides": (draw(few), draw(few)),
        "dilations": (draw(few), draw(few)),
    }
    auto = draw(st.sampled_from(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if auto == "NOTSET":
        attributes["pads"] = tuple(draw(st.integers(0, 2)) for _ in range(4))
    else:
        attributes["auto_pad"] = auto
    x = (1, 4, draw(st.integers(7, 20)), draw(st.integers(7, 20)))  # never smaller than the kernel's reach
    agree(op("Conv", [x, (6, 4 // groups, *kernel)], attributes))
    pooling = {k: v for k, v in attributes.items() if k != "group"} | {"kernel_shape": kernel}
    agree(op("MaxPool", [x], pooling))


@given(
    length=sizes, start=st.integers(-12, 12), end=st.integers(-12, 12), step=st.sampled_from([-3, -1, 1, 2])
)
def test_a_slice_takes_what_onnx_says(length, start, end, step):
    agree(op("Slice", [(2, length), ints(start), ints(end), ints(1), ints(step)]))


@given(a=st.lists(sizes, max_size=3), b=st.lists(sizes, max_size=3), inner=sizes, vector=st.booleans())
def test_a_matrix_product_has_the_shape_onnx_says(a, b, inner, vector):
    stack = [d if i % 2 else 1 for i, d in enumerate(a)]
    agree(op("MatMul", [(*stack, 4, inner), (inner,) if vector else (*a[len(a) :], inner, 3)]))
    agree(op("MatMul", [(inner,), (*b, inner, 2)]))


@given(
    shape=st.lists(sizes, min_size=1, max_size=4),
    data=st.data(),
    kind=st.sampled_from(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"]),
)
def test_a_reduction_has_the_shape_onnx_says(shape, data, kind):
    rank = len(shape)
    axes = data.draw(st.lists(st.integers(0, rank - 1), unique=True))
    signed = ints(*(a - rank if data.draw(st.booleans()) else a for a in axes))
    keep = {"keepdims": data.draw(st.integers(0, 1))}
    agree(op(kind, [tuple(shape), signed], keep))
    agree(op(kind, [tuple(shape)], keep))


def f(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


MS_CASES = {
    "QuickGelu": ([f(2, 3)], {"alpha": 1.0}, {}),
    "Gelu": ([f(2, 3)], {}, {}),
    "BiasGelu": ([f(2, 3)], {}, {"b": f(3)}),
    "FastGelu": ([f(2, 3)], {}, {"b": f(3)}),
    "FusedMatMul": ([f(2, 4, 3)], {"transA": 1, "transB": 1}, {"b": f(2, 5, 4)}),
    "SkipLayerNormalization": ([f(1, 2, 8), f(1, 2, 8)], {}, {"g": f(8)}),
    "SkipSimplifiedLayerNormalization": ([f(1, 2, 8), f(1, 2, 8)], {}, {"g": f(8)}),
    "Attention": ([f(1, 3, 8)], {"num_heads": 2}, {"w": f(8, 24), "b": f(24)}),
    "MultiHeadAttention": ([f(1, 3, 8), f(1, 5, 8), f(1, 5, 8)], {"num_heads": 2}, {}),
    "MatMulNBits": (
        [f(2, 32)],
        {"K": 32, "N": 5, "bits": 4, "block_size": 32},
        {"b": np.zeros((5, 1, 16), np.uint8), "scales": f(5)},
    ),
}


@pytest.mark.parametrize("kind", MS_CASES)
def test_an_op_of_onnx_runtime_has_the_shape_it_gives(kind, tmp_path):
    ort = pytest.importorskip("onnxruntime")
    arrays, attributes, weights = MS_CASES[kind]
    feeds = {f"x{i}": a for i, a in enumerate(arrays)}
    made = node(kind, [*feeds, *weights], ["y"], domain="com.microsoft", **attributes)
    shapes = {name: list(a.shape) for name, a in feeds.items()}
    path = save(model([made], shapes, {"y": None}, weights, domains=("com.microsoft",)), tmp_path)
    (y,) = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feeds)
    value = load(path).values["y"]
    assert (value.shape, value.dtype) == (y.shape, F)


def test_non_zero_of_a_constant_is_a_constant(tmp_path):
    nodes = [node("NonZero", ["w"], ["at"]), node("Gather", ["x", "at"], ["y"])]
    weights = {"w": np.array([0, 3, 0, 5])}
    graph = load(save(model(nodes, {"x": (INT64, [9])}, ["y"], weights), tmp_path))
    assert graph.values["y"].shape == (1, 2) and graph.values["at"].data.tolist() == [[1, 3]]
