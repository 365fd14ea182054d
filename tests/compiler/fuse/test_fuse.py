"""Fusion: each pattern is found in its spellings, and a near miss is left alone."""

from math import pi, sqrt

import numpy as np
import pytest

from npusim.compiler.fuse import fuse
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded, model, node, weights


def fused(
    nodes, inputs, outputs, constants=(), generation="4000", compiler="2026", precision="fp16", lookup=False
):
    graph = loaded(model(nodes, inputs, outputs, constants))
    return fuse(graph, load_profile(compiler), generation, lookup, precision)


def ops(graph):
    return [n.op_type for n in graph.nodes]


X = {"x": [4, 64]}


def test_x_times_its_sigmoid_is_swish_in_either_order():
    for order in ("x s", "s x"):
        graph = fused([node("Sigmoid", "x", "s"), node("Mul", order, "y")], X, ["y"])
        assert ops(graph) == ["Swish"] and graph.nodes[0].absorbed == ("s",)


def test_a_scaled_gate_is_swish_with_its_beta():
    nodes = [node("Mul", "x b", "bx"), node("Sigmoid", "bx", "s"), node("Mul", "x s", "y")]
    graph = fused(nodes, X, ["y"], {"b": np.float32(1.702)})
    assert ops(graph) == ["Swish"] and graph.nodes[0].attributes["alpha"] == pytest.approx(1.702)


def test_a_gated_linear_unit_is_no_swish():
    graph = fused([node("Sigmoid", "b", "s"), node("Mul", "a s", "y")], {"a": [4, 64], "b": [4, 64]}, ["y"])
    assert ops(graph) == ["Sigmoid", "Mul"]


def test_a_sigmoid_that_somebody_else_reads_is_kept():
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "y"), node("Relu", "s", "z")]
    assert ops(fused(nodes, X, ["y", "z"])) == ["Sigmoid", "Mul", "Relu"]


def gelu(order):
    tail = {
        "half last": [node("Mul", "x p", "m"), node("Mul", "m half", "y")],
        "half first": [node("Mul", "x half", "h"), node("Mul", "h p", "y")],
    }[order]
    return [node("Div", "x r2", "d"), node("Erf", "d", "e"), node("Add", "e one", "p"), *tail]


@pytest.mark.parametrize("order", ["half last", "half first"])
def test_the_error_function_form_is_gelu(order):
    constants = {"r2": np.float32(sqrt(2)), "one": np.float32(1), "half": np.float32(0.5)}
    assert ops(fused(gelu(order), X, ["y"], constants)) == ["Gelu"]
    constants["r2"] = np.float32(2)  # another function altogether
    assert "Erf" in ops(fused(gelu(order), X, ["y"], constants))


def test_the_tanh_form_is_gelu():
    nodes = [
        node("Pow", "x three", "x3"), node("Mul", "x3 c", "cx3"), node("Add", "x cx3", "a"),
        node("Mul", "a k", "ka"), node("Tanh", "ka", "t"), node("Add", "t one", "p"),
        node("Mul", "x half", "h"), node("Mul", "h p", "y"),
    ]  # fmt: skip
    constants = {
        "three": np.float32(3), "c": np.float32(0.044715), "k": np.float32(sqrt(2 / pi)),
        "one": np.float32(1), "half": np.float32(0.5),
    }  # fmt: skip
    assert ops(fused(nodes, X, ["y"], constants)) == ["Gelu"]


def layer_norm(square="Pow"):
    squared = node("Pow", "d two", "q") if square == "Pow" else node("Mul", "d d", "q")
    return [
        node("ReduceMean", "x axes", "m"), node("Sub", "x m", "d"), squared, node("ReduceMean", "q axes", "v"),
        node("Add", "v eps", "ve"), node("Sqrt", "ve", "s"), node("Div", "d s", "n"),
        node("Mul", "n g", "ng"), node("Add", "ng b", "y"),
    ]  # fmt: skip


NORM = {
    "axes": np.array([-1]), "two": np.float32(2), "eps": np.float32(1e-5), "g": weights(64), "b": weights(64, seed=1),
}  # fmt: skip


@pytest.mark.parametrize("square", ["Pow", "Mul"])
def test_a_written_out_layer_norm_is_one_node_with_scale_and_bias(square):
    graph = fused(layer_norm(square), X, ["y"], NORM)
    assert ops(graph) == ["LayerNormalization"]
    assert graph.nodes[0].inputs == ("x", "g", "b") and len(graph.nodes[0].absorbed) == 8


@pytest.mark.parametrize("axes", [[0], [1], [2, 3], [-3, -1]])
def test_over_other_axes_it_is_the_kernel_alone(axes):
    constants = NORM | {"axes": np.array(axes), "g": weights(6, 1, 1), "b": weights(6, 1, 1, seed=1)}
    graph = fused(layer_norm(), {"x": [2, 6, 8, 8]}, ["y"], constants)
    assert ops(graph) == ["MeanVarianceNormalization", "Mul"]  # the shift rides along
    assert graph.nodes[0].attributes["axes"] == tuple(sorted(a % 4 for a in axes))
    assert graph.nodes[0].inputs == ("x",) and len(graph.nodes[0].absorbed) == 6


def test_a_root_may_be_a_power_of_a_half():
    nodes = [node("Pow", "ve half", "s") if n.op_type == "Sqrt" else n for n in layer_norm()]
    assert ops(fused(nodes, X, ["y"], NORM | {"half": np.float32(0.5)})) == ["LayerNormalization"]
    assert "Div" in ops(fused(nodes, X, ["y"], NORM | {"half": np.float32(0.25)}))


def test_means_over_two_different_axes_are_no_norm():
    nodes = layer_norm()
    nodes[3] = node("ReduceMean", "q others", "v")
    graph = fused(
        nodes, {"x": [1, 8, 8, 8]}, ["y"], NORM | {"others": np.array([1]), "g": weights(8), "b": weights(8)}
    )
    assert ops(graph).count("ReduceMean") == 2


@pytest.mark.parametrize("tail", [("Reciprocal", "Mul"), ("Div",)])
def test_a_written_out_rms_norm_is_one_node(tail):
    head = [
        node("Pow", "x two", "q"), node("ReduceMean", "q axes", "v"), node("Add", "v eps", "ve"),
        node("Sqrt", "ve", "s"),
    ]  # fmt: skip
    end = (
        [node("Div", "x s", "n")]
        if tail == ("Div",)
        else [node("Reciprocal", "s", "r"), node("Mul", "x r", "n")]
    )
    graph = fused([*head, *end, node("Mul", "n g", "y")], X, ["y"], NORM)
    assert ops(graph) == ["RMSNormalization"] and graph.nodes[0].inputs == ("x", "g")


def test_exp_over_its_sum_is_softmax():
    nodes = [node("Exp", "x", "e"), node("ReduceSum", "e axes", "s"), node("Div", "e s", "y")]
    assert ops(fused(nodes, X, ["y"], NORM)) == ["Softmax"]


def test_bias_scale_and_batch_norm_ride_behind_a_convolution():
    nodes = [
        node("Conv", "x w", "c"), node("Mul", "c g", "s"), node("Add", "s g", "a"),
        node("BatchNormalization", "a v v v p", "n"), node("Relu", "n", "y"),
    ]  # fmt: skip
    constants = {"w": weights(8, 3, 1, 1), "g": weights(8, 1, 1), "v": weights(8), "p": np.abs(weights(8))}
    graph = fused(nodes, {"x": [1, 3, 8, 8]}, ["y"], constants)
    assert ops(graph) == ["Conv"]
    assert graph.nodes[0].post_ops == ("Mul", "Add", "BatchNormalization", "Relu")
    assert graph.nodes[0].outputs == ("y",)


def test_a_bias_along_rows_is_not_folded_into_a_product():
    graph = fused(
        [node("MatMul", "x w", "m"), node("Add", "m b", "y")],
        X,
        ["y"],
        {"w": weights(64, 32), "b": weights(4, 1)},
    )
    assert ops(graph) == ["MatMul", "Add"]


@pytest.mark.parametrize("generation", ["3720", "4000", "5010"])
def test_sigmoid_rides_behind_a_product_only_with_a_lookup_unit(generation):
    nodes = [node("MatMul", "x w", "m"), node("Sigmoid", "m", "y")]
    for lookup in (False, True):
        graph = fused(nodes, X, ["y"], {"w": weights(64, 32)}, generation, lookup=lookup)
        assert ops(graph) == (["MatMul"] if lookup else ["MatMul", "Sigmoid"])


@pytest.mark.parametrize("shape, rides", [([1, 4, 32], True), ([4, 1, 32], True), ([4, 2, 16], False)])
def test_an_activation_rides_behind_rows_laid_out_with_their_batch_first(shape, rides):
    nodes = [node("Gemm", "x w", "m"), node("Reshape", "m s", "v"), node("Relu", "v", "r")]
    nodes += [node("Softmax", "r", "y")]
    graph = fused(nodes, X, ["y"], {"w": weights(64, 32), "s": np.array(shape)}, "3720")
    assert ops(graph) == ["Gemm", "Reshape", *([] if rides else ["Relu"]), "Softmax"]
    assert graph.nodes[0].post_ops == (("Relu",) if rides else ())


def test_softplus_rides_behind_nothing():
    for generation in ("3720", "4000", "5010"):
        nodes = [node("MatMul", "x w", "m"), node("Softplus", "m", "y")]
        assert ops(fused(nodes, X, ["y"], {"w": weights(64, 32)}, generation, lookup=True)) == [
            "MatMul",
            "Softplus",
        ]


def test_a_mish_written_out_is_one_kernel():
    """x tanh(softplus(x)) as torch exports YOLOv4, the softplus in one op or in three."""
    plus = [node("Softplus", "x", "p")]
    apart = [node("Exp", "x", "e"), node("Add", "e one", "g"), node("Log", "g", "p")]
    for start in (plus, apart):
        for last in (node("Mul", "x t", "y"), node("Mul", "t x", "y")):
            graph = fused([*start, node("Tanh", "p", "t"), last], X, ["y"], {"one": np.ones(1, np.float32)})
            assert ops(graph) == ["Mish"]
    other = [*plus, node("Tanh", "p", "t"), node("Mul", "z t", "y")]
    assert ops(fused(other, {"x": [32, 64], "z": [32, 64]}, ["y"])) == ["Softplus", "Tanh", "Mul"]
    read = [*plus, node("Tanh", "p", "t"), node("Mul", "x t", "y"), node("Neg", "t", "u")]
    assert "Mish" not in ops(fused(read, X, ["y", "u"]))


def test_zero_padding_joins_the_convolution_behind_it():
    nodes = [node("Pad", "x p", "q"), node("Conv", "q w", "y", pads=[0, 0, 1, 1])]
    constants = {"p": np.array([0, 0, 1, 2, 0, 0, 3, 4]), "w": weights(8, 3, 3, 3)}
    graph = fused(nodes, {"x": [1, 3, 8, 8]}, ["y"], constants)
    assert ops(graph) == ["Conv"] and tuple(graph.nodes[0].attributes["pads"]) == (1, 2, 4, 5)


def test_padding_of_channels_or_with_ones_stays():
    for pads, extra in (([0, 1, 0, 0, 0, 0, 0, 0], ""), ([0, 0, 1, 1, 0, 0, 1, 1], " one")):
        nodes = [node("Pad", f"x p{extra}", "q"), node("Conv", "q w", "y")]
        channels = 4 if pads[1] else 3
        constants = {"p": np.array(pads), "w": weights(8, channels, 3, 3), "one": np.float32(1)}
        assert ops(fused(nodes, {"x": [1, 3, 8, 8]}, ["y"], constants)) == ["Pad", "Conv"]


def contraction(terms=32):
    return (
        [node("Mul", "a b", "p"), node("ReduceSum", "p k", "y", keepdims=0)],
        {"a": [1, 5, 1, 2, terms], "b": [1, 1, 3, 2, terms]},
        {"k": np.array([-1])},
    )


def test_a_broadcast_product_and_its_sum_are_a_matrix_product_on_4000_and_5010_only():
    nodes, inputs, constants = contraction()
    for generation, compiler, found in (
        ("4000", "2026", True), ("5010", "2026", True), ("3720", "2026", False), ("4000", "2024.12", False),
    ):  # fmt: skip
        graph = fused(nodes, inputs, ["y"], constants, generation, compiler)
        assert ops(graph) == (["Einsum"] if found else ["Mul", "ReduceSum"])


def test_a_sum_of_a_few_terms_stays_a_sum():
    nodes, inputs, constants = contraction(terms=2)
    assert ops(fused(nodes, inputs, ["y"], constants)) == ["Mul", "ReduceSum"]


def test_the_matrix_product_found_counts_what_the_loops_count():
    from npusim.ops.registry import macs

    nodes, inputs, constants = contraction()
    graph = fused(nodes, inputs, ["y"], constants)
    assert macs(graph.nodes[0], graph) == 5 * 3 * 2 * 32


def test_a_product_of_equal_shapes_and_its_sum_share_nothing_and_stay():
    nodes = [node("Mul", "a b", "p"), node("ReduceSum", "p k", "y", keepdims=0)]
    graph = fused(nodes, {"a": [4, 64], "b": [4, 64]}, ["y"], {"k": np.array([-1])})
    assert ops(graph) == ["Mul", "ReduceSum"]


def quantised(op_nodes, tail):
    head = [
        node("QuantizeLinear", "x s z", "xq"),
        node("DequantizeLinear", "xq s z", "xd"),
        node("DequantizeLinear", "wq s zw", "wd"),
    ]
    return [*head, *op_nodes, *tail]


QDQ = {"s": np.float32(0.1), "z": np.uint8(0), "zw": np.int8(0), "wq": np.ones((8, 3, 1, 1), np.int8)}


def test_a_quantised_convolution_reads_and_writes_8_bit_tensors():
    nodes = quantised(
        [node("Conv", "xd wd", "c"), node("Relu", "c", "r")], [node("QuantizeLinear", "r s z", "y")]
    )
    graph = fused(nodes, {"x": [1, 3, 8, 8]}, ["y"], QDQ)
    assert ops(graph) == ["QuantizeLinear", "Conv"]
    conv = graph.nodes[1]
    assert conv.inputs[:2] == ("xq", "wq") and conv.post_ops == ("Relu", "QuantizeLinear")
    assert [graph.values[n].dtype.bits for n in (*conv.inputs[:2], *conv.outputs)] == [8, 8, 8]


def test_a_dsp_kernel_between_quantised_tensors_works_on_fp16():
    nodes = quantised(
        [node("Conv", "xd wd", "c"), node("Softplus", "c", "p")], [node("QuantizeLinear", "p s z", "y")]
    )
    assert ops(fused(nodes, {"x": [1, 3, 8, 8]}, ["y"], QDQ)) == [
        "QuantizeLinear",
        "Conv",
        "Softplus",
        "QuantizeLinear",
    ]


def test_int8_of_a_float_graph_quantises_where_the_dsp_meets_the_mac_array():
    nodes = [
        node("MatMul", "x w", "a"),
        node("MatMul", "a w", "b"),
        node("Softplus", "b", "c"),
        node("MatMul", "c w", "y"),
    ]
    graph = fused(nodes, {"x": [32, 64]}, ["y"], {"w": weights(64, 64)}, precision="int8")
    assert ops(graph) == ["QuantizeLinear", "MatMul", "MatMul", "Softplus", "QuantizeLinear", "MatMul"]
    bits = {n: graph.values[n].dtype.bits for n in ("a", "b", "w", "y")}
    assert bits == {"a": 8, "b": 32, "w": 8, "y": 32}


def test_int8_of_few_rows_is_of_the_weights():
    nodes = [node("MatMul", "x w", "a"), node("Add", "a x", "b"), node("MatMul", "b w", "y")]
    graph = fused(nodes, X, ["y"], {"w": weights(64, 64)}, precision="int8")
    assert ops(graph) == ["MatMul", "Add", "MatMul"]
    assert {n: graph.values[n].dtype.bits for n in ("a", "b", "w", "y")} == {
        "a": 32,
        "b": 32,
        "w": 8,
        "y": 32,
    }


@pytest.mark.parametrize("inline", [False, True])
def test_a_table_is_one_node_in_both_forms_and_free_behind_the_mac_array_with_a_lookup_unit(inline):
    ir = pytest.importorskip("onnx_ir")
    import onnx

    import xamba

    proto = onnx.shape_inference.infer_shapes(
        model([node("MatMul", "x w", "m"), node("Softplus", "m", "y")], X, ["y"], {"w": weights(64, 32)})
    )
    table = ir.serde.deserialize_model(proto)
    xamba.rewrite(table, [xamba.ActiBA(segments=16, inline=inline)])
    graph = loaded(ir.serde.serialize_model(table))
    for lookup in (False, True):
        found = fuse(graph, load_profile("2026"), "5010", lookup, "fp16")
        as_one = ["MatMul"] if lookup else ["MatMul", "PWL"]
        if not inline:
            assert ops(found) == as_one
        else:  # plain ops cost what they cost, as in Intel's compiler; the what-if knows the table
            assert "PWL" not in ops(found) and len(found.nodes) > 2
            assert ops(fuse(graph, load_profile("2026-tables"), "5010", lookup, "fp16")) == as_one


def test_a_pair_that_only_rounds_vanishes_and_the_bias_behind_it_is_folded():
    nodes = quantised(
        [
            node("Conv", "xd wd", "c"),
            node("QuantizeLinear", "c s z", "cq"),
            node("DequantizeLinear", "cq s z", "cd"),
        ],
        [node("Add", "cd b", "a"), node("Softplus", "a", "y")],
    )
    graph = fused(nodes, {"x": [1, 3, 8, 8]}, ["y"], QDQ | {"b": weights(8, 1, 1)})
    assert ops(graph) == ["QuantizeLinear", "Conv", "Softplus"] and graph.nodes[1].post_ops == ("Add",)


def test_quantisation_behind_a_transpose_of_a_product_is_done_by_the_product():
    nodes = [
        node("MatMul", "x w", "m"), node("Transpose", "m", "t", perm=[1, 0]), node("QuantizeLinear", "t s z", "q"),
        node("DequantizeLinear", "q s z", "d"), node("DequantizeLinear", "w2 s zw", "w2d"),
        node("MatMul", "d w2d", "y"),
    ]  # fmt: skip
    constants = QDQ | {"w": weights(64, 32), "w2": np.ones((4, 16), np.int8)}
    graph = fused(nodes, X, ["y"], constants)
    assert ops(graph) == ["MatMul", "Transpose", "MatMul"]
    assert graph.nodes[0].post_ops == ("QuantizeLinear",)
    assert [graph.values[n].dtype.bits for n in ("m", "q")] == [8, 8]
