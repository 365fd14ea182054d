"""Folding against `onnx.reference`: right shapes, right values, and nothing folded that the input decides."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from onnx.reference import ReferenceEvaluator

from npusim.loading import shapes_elementwise
from npusim.onnx_io import load
from tests.loading.make import model, node, save

UNARY = ["Abs", "Neg", "Sign", "Identity", "Relu"]
FLOAT_UNARY = ["Sqrt", "Exp", "Floor", "Ceil", "Round", "Sigmoid", "Softplus", "Tanh", "Reciprocal", "Erf"]
BINARY = ["Add", "Sub", "Mul", "Max", "Min", "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]


class Random:
    """A random graph that grows node by node; every tensor's true value is known from the reference."""

    def __init__(self, draw):
        self.draw = draw
        self.x = np.linspace(-2, 2, 6, dtype=np.float32).reshape(2, 3)
        self.true = {"x": self.x, "w": self.x * 3 + 1, "k": np.array([[2, -1, 3]]), "s": np.array(2)}
        self.weights = {name: value for name, value in self.true.items() if name != "x"}
        self.free = {"x"}  # tensors whose value the input decides
        self.nodes = []

    def pick(self, accept=lambda v: True):
        names = [name for name, value in self.true.items() if accept(value)]
        return self.draw(st.sampled_from(names)) if names else None

    def constant(self, value):
        name = f"c{len(self.true)}"
        self.true[name] = self.weights[name] = np.asarray(value)
        return name

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f"t{len(self.true)}_{i}" for i in range(outputs)]
        made = node(op, inputs, names, **attributes)
        graph = helper.make_graph(
            [made],
            "one",
            [helper.make_tensor_value_info(i, 0, None) for i in set(inputs)],
            [helper.make_tensor_value_info(n, 0, None) for n in names],
        )
        single = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(single).run(None, {i: self.true[i] for i in set(inputs)})
        if any(np.size(r) > 2000 or np.ndim(r) > 6 for r in results):
            return
        self.nodes.append(made)
        self.true.update({n: np.asarray(r) for n, r in zip(names, results, strict=True)})
        if op not in ("Shape", "Size") and not self.free.isdisjoint(inputs):
            self.free.update(names)

    def grow(self):
        draw, integer = self.draw, st.integers
        kind = draw(integer(0, 18))
        number = self.pick(lambda v: v.dtype in (np.float32, np.int64))
        real = self.pick(lambda v: v.dtype == np.float32)
        ranked = self.pick(lambda v: v.ndim and v.size and v.dtype in (np.float32, np.int64))
        value = self.true[number]
        if kind == 0:
            self.add(draw(st.sampled_from(UNARY)), number)
        elif kind == 1:
            self.add(draw(st.sampled_from(FLOAT_UNARY)), real)
        elif kind == 2:
            other = self.pick(lambda v: v.dtype == value.dtype and fits(v.shape, value.shape))
            self.add(draw(st.sampled_from(BINARY)), number, other)
        elif kind == 3:
            divisor = self.constant(np.asarray(draw(st.sampled_from([-3, 2, 7])), value.dtype))
            self.add("Div" if value.dtype == np.float32 or draw(st.booleans()) else "Mod", number, divisor)
        elif kind == 4:
            self.add(draw(st.sampled_from(["Shape", "Size"])), self.pick())
        elif kind == 5 and value.size:
            self.add("Reshape", number, self.constant(np.array([value.shape[0] if value.ndim else 1, -1])))
        elif kind == 6:
            axis = draw(integer(-value.ndim - 1, value.ndim))
            self.add("Unsqueeze", number, self.constant(np.array([axis])))
        elif kind == 7:
            self.add("Transpose", number)
        elif kind == 8:
            axis = draw(integer(0, self.true[ranked].ndim - 1))
            at = draw(integer(-self.true[ranked].shape[axis], self.true[ranked].shape[axis] - 1))
            self.add("Gather", ranked, self.constant(np.array(at)), axis=axis)
        elif kind == 9:
            # The reference takes a start before the front as NumPy does, not as ONNX says: not drawn.
            start = draw(integer(-self.true[ranked].shape[0], 9))
            numbers = (start, draw(integer(-9, 9)), 0, draw(st.sampled_from([-2, -1, 1, 2])))
            limits = [self.constant(np.array([v])) for v in numbers]  # start, end, axis, step
            self.add("Slice", ranked, *limits)
        elif kind == 10:
            self.add("Concat", ranked, ranked, axis=draw(integer(-1, 0)))
        elif kind == 11:
            shape = self.pick(lambda v: v.dtype == np.int64 and v.ndim == 1 and v.size < 5 and (v >= 0).all()
                              and v.prod() < 500)  # fmt: skip
            if shape is not None and shape not in self.free:
                self.add("ConstantOfShape", shape)
        elif kind == 12:
            self.add("Expand", number, self.constant(np.array([2, *([1] * value.ndim)])))
        elif kind == 13:
            self.add("ReduceSum", ranked, self.constant(np.array([-1])), keepdims=draw(integer(0, 1)))
        elif kind == 14:
            self.add("Cast", number, to=draw(st.sampled_from([1, 7])))
        elif kind == 15:
            condition = self.pick(lambda v: v.dtype == bool and fits(v.shape, value.shape))
            if condition is not None:
                self.add("Where", condition, number, number)
        elif kind == 16:
            pads = [draw(integer(0, 2)) for _ in range(2 * self.true[ranked].ndim)]
            self.add("Pad", ranked, self.constant(np.array(pads)))
        elif kind == 17:
            limit = self.pick(lambda v: v.dtype == np.int64 and v.ndim == 0 and 0 <= v < 50)
            if limit is not None and limit not in self.free:
                self.add("Range", self.constant(np.array(0)), limit, self.constant(np.array(1)))
        elif kind == 18:
            self.add(
                "Tile",
                ranked,
                self.constant(np.array([draw(integer(0, 2)) for _ in self.true[ranked].shape])),
            )


def fits(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


@given(data=st.data())
def test_folded_values_and_all_shapes_are_those_of_the_reference(data, tmp_path_factory):
    random = Random(data.draw)
    for _ in range(data.draw(st.integers(1, 14))):
        random.grow()
    outputs = [name for name in random.true if name != "x"]
    proto = model(random.nodes, {"x": [2, 3]}, outputs, random.weights, opset=18)
    graph = load(save(proto, tmp_path_factory.getbasetemp()))
    for name, true in random.true.items():
        value = graph.values[name]
        assert value.shape == true.shape, name
        assert value.dtype.name == onnx.TensorProto.DataType.Name(helper.np_dtype_to_tensor_dtype(true.dtype))
        assert value.constant == (name not in random.free), name
        if value.data is not None:
            assert value.constant and value.data.dtype == true.dtype
            np.testing.assert_allclose(value.data, true, rtol=1e-6, err_msg=name)
    assert all(not graph.values[o].constant for n in graph.nodes for o in n.outputs)


def test_every_op_the_random_graphs_fold_has_a_value_of_its_own():
    """The law above would hold for a loader that folds no values at all: the ops of shape arithmetic do."""
    known = shapes_elementwise.UNARY_VALUES.keys() | shapes_elementwise.BINARY_VALUES.keys()
    assert set(BINARY) <= known and {"Abs", "Neg", "Sign", "Floor", "Ceil"} <= known


def test_a_shape_computed_from_a_shape_is_known(tmp_path):
    """The exporters' way to flatten: Reshape(x, Concat(Shape(x)[0], -1))."""
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["first"]),
        node("Unsqueeze", ["first", "axes"], ["first_1d"]),
        node("Concat", ["first_1d", "rest"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["y"]),
    ]
    weights = {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1])}
    graph = load(save(model(nodes, {"x": [4, 3, 5]}, ["y"], weights), tmp_path))
    assert [n.op_type for n in graph.nodes] == ["Reshape"]
    assert graph.values["y"].shape == (4, 15)
    assert graph.values["target"].data.tolist() == [4, -1]
    assert graph.folded == 4


def test_a_value_no_rule_computes_comes_from_the_reference_when_a_shape_needs_it(tmp_path):
    """OneHot and CumSum in shape arithmetic, as transformers 5 writes it."""
    nodes = [
        node("OneHot", ["at", "depth", "off_on"], ["hot"]),
        node("CumSum", ["hot", "zero"], ["sizes"]),
        node("ConstantOfShape", ["sizes"], ["zeros"]),
        node("Expand", ["x", "sizes"], ["y"]),
    ]
    weights = {"at": np.array(1), "depth": np.array(3), "off_on": np.array([1, 4]), "zero": np.array(0)}
    graph = load(save(model(nodes, {"x": [1]}, ["y", "zeros"], weights), tmp_path))
    assert graph.values["y"].shape == graph.values["zeros"].shape == (1, 5, 6)
    assert graph.values["zeros"].constant


def test_identity_dropout_and_a_cast_to_the_same_type_are_renamings(tmp_path):
    nodes = [
        node("Identity", ["x"], ["a"]),
        node("Relu", ["a"], ["b"]),
        node("Dropout", ["b"], ["c"]),
        node("Cast", ["c"], ["y"], to=1),
        node("Identity", ["x"], ["same"]),
        node("Cast", ["b"], ["half"], to=10),
        node("Sigmoid", ["x"], ["dead"]),
    ]
    graph = load(save(model(nodes, {"x": [2]}, ["y", "same", "half"]), tmp_path))
    assert [(n.op_type, n.inputs, n.outputs) for n in graph.nodes] == [
        ("Relu", ("x",), ("y",)),
        ("Cast", ("y",), ("half",)),
        ("Identity", ("x",), ("same",)),
    ]


def test_nodes_in_any_order_give_the_same_graph(tmp_path):
    nodes = [node("Relu" if i % 3 else "Identity", [f"t{i}"], [f"t{i + 1}"], name=f"n{i}") for i in range(50)]
    forward = load(save(model(nodes, {"t0": [2]}, ["t50"]), tmp_path))
    backward = load(save(model(nodes[::-1], {"t0": [2]}, ["t50"]), tmp_path))
    assert forward.nodes == backward.nodes


def test_a_long_graph_with_one_name_for_all_nodes_loads(tmp_path):
    """Quadratic code would take minutes here (100 000 nodes load in 2.5 s, 25 000 in 0.6 s)."""
    count = 25_000
    proto = model([], {"t0": [2]}, [f"t{count}"])
    for i in reversed(range(count)):
        proto.graph.node.add(op_type="Relu", input=[f"t{i}"], output=[f"t{i + 1}"], name="relu")
    graph = load(save(proto, tmp_path))
    assert len({n.name for n in graph.nodes}) == count


def test_a_slice_backwards_that_starts_before_the_front_starts_at_the_front(tmp_path):
    """ONNX clamps the start to the front (so does onnxruntime); NumPy's own slices give nothing here."""
    nodes = [node("Shape", ["x"], ["s"]), node("Slice", ["s", "a", "b", "zero", "back"], ["y"])]
    weights = {"a": np.array([-9]), "b": np.array([-9]), "zero": np.array([0]), "back": np.array([-1])}
    graph = load(save(model(nodes, {"x": [5, 6]}, ["y"], weights), tmp_path))
    assert graph.values["y"].data.tolist() == [5]


@pytest.mark.parametrize(
    ("op", "a", "b", "expected"),
    [
        ("Div", [7, -7, 7, -7], [2, 2, -2, -2], [3, -3, -3, 3]),  # towards zero, as in C
        ("Mod", [7, -7, 7, -7], [3, 3, -3, -3], [1, 2, -2, -1]),  # the sign of the divisor
        ("Pow", [2, 3, 0, -1], [3, 2, 0, 3], [8, 9, 1, -1]),
    ],
)
def test_integer_arithmetic_of_shapes_is_that_of_onnx(tmp_path, op, a, b, expected):
    weights = {"a": np.array(a), "b": np.array(b)}
    graph = load(save(model([node(op, ["a", "b"], ["y"])], {"x": [1]}, ["y"], weights), tmp_path))
    assert graph.values["y"].data.tolist() == expected
