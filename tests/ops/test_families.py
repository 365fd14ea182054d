"""Hand-counted cases of the other families, and the door itself."""

from math import prod

import numpy as np
import pytest

from npusim.errors import BadModel, UnknownOp
from npusim.graph import DType, Value
from npusim.ops import LEFT_OUT, known_ops, lowerings
from npusim.ops.counting import pixels
from npusim.work import MacOp
from tests.ops.cases import ask, constant, graph_of, tensor, weight
from tests.shared import SHARED, needs_shared


def test_an_unknown_op_says_how_to_add_one() -> None:
    with pytest.raises(UnknownOp) as caught:
        ask("Einsum2", [tensor(1)], [tensor(1)], name="/layers.0/Einsum")
    assert str(caught.value) == (
        "no cost for 'Einsum2' (node '/layers.0/Einsum'); add one with @op('Einsum2')"
        " or pass allow_unmodelled=True"
    )


def test_equal_nodes_share_one_answer_and_unequal_data_does_not() -> None:
    def power(exponent: float, name: str):
        inputs = [tensor(4, 16), Value("", (), DType.FLOAT, True, np.array(exponent))]
        return lowerings(*graph_of("Pow", inputs, [tensor(4, 16)], name=name))

    assert power(2.0, "a") is power(2.0, "b")
    assert power(2.0, "a") != power(0.5, "a")


def test_an_output_without_elements_is_no_work() -> None:
    assert list(ask("Pad", [tensor(0, 4)], [tensor(0, 6)])) == ["view"]


def test_pixels_lie_four_to_a_row() -> None:
    assert pixels(128) == (32, 4) and pixels(13) == (13 / 4, 4) and pixels(3) == (3, 1)


def test_shapes_that_do_not_multiply_are_named_with_their_node() -> None:
    with pytest.raises(BadModel, match=r"node 'proj'.*\[2, 3\].*\[4, 5\]"):
        ask("MatMul", [tensor(2, 3), tensor(4, 5)], [tensor(2, 5)], name="proj")


def test_a_shared_right_side_makes_batches_pixels_and_a_batched_one_makes_groups() -> None:
    shared = ask("MatMul", [tensor(2, 3, 8, 16), weight(16, 5)], [tensor(2, 3, 8, 5)])["mac_array"].steps[0]
    assert (shared.groups, shared.out_h * shared.out_w, shared.in_c, shared.out_c) == (1, 2 * 3 * 8, 16, 5)
    batched = ask("MatMul", [tensor(2, 3, 8, 16), tensor(2, 3, 16, 5)], [tensor(2, 3, 8, 5)])[
        "mac_array"
    ].steps[0]
    assert (batched.groups, batched.out_h * batched.out_w) == (2 * 3, 8)


def test_depthwise_is_told_from_grouped_and_plain() -> None:
    def work(channels: int, filters: int, group: int):
        inputs = [tensor(1, channels, 8, 8), weight(filters, channels // group, 3, 3)]
        (found,) = ask("Conv", inputs, [tensor(1, filters, 6, 6)], group=group)["mac_array"].steps
        return found.op, found.weight_groups, found.in_c, found.out_c

    assert work(32, 32, 32) == (MacOp.DEPTHWISE, 1, 32, 32)
    assert work(32, 64, 4) == (MacOp.CONVOLUTION, 4, 32, 64)  # as one, with zeros
    assert work(3, 64, 1) == (MacOp.CONVOLUTION, 1, 3, 64)


@pytest.mark.parametrize("op,names", [
    ("Add", ["scale_shift", "mac_array", "dsp"]), ("Mul", ["scale_shift", "mac_array", "dsp"]),
    ("Div", ["scale_shift", "dsp"]),
])  # fmt: skip
@pytest.mark.parametrize("other", [(1, 16, 1, 1), (16, 1, 1), (8,), (1,), ()])
def test_one_number_per_channel_is_a_scale_and_shift(op, names, other) -> None:
    inputs = [tensor(1, 16, 4, 8), weight(*other)]
    ways = ask(op, inputs, [tensor(1, 16, 4, 8)])
    assert list(ways) == names
    (work,) = ways["scale_shift"].steps
    assert work.op == MacOp.DEPTHWISE and work.macs == 16 * 4 * 8


def test_two_full_tensors_are_no_scale_and_shift() -> None:
    full = tensor(1, 16, 4, 8)
    assert list(ask("Mul", [full, full], [full])) == ["mac_array", "dsp"]
    assert list(ask("Div", [full, full], [full])) == ["dsp"]


def test_only_a_product_takes_its_scale_from_an_activation_and_only_a_smaller_one_or_the_only_row() -> None:
    image, gate, token = tensor(1, 16, 4, 8), tensor(1, 16, 1, 1), tensor(1, 1, 64)
    assert "scale_shift" in ask("Mul", [image, gate], [image])
    assert "scale_shift" not in ask("Add", [image, gate], [image])
    assert "scale_shift" in ask("Mul", [token, token], [token])  # one row: a number a channel
    assert "scale_shift" not in ask("Mul", [image, image], [image])


def test_integers_stay_on_the_dsps() -> None:
    ints = tensor(4, 16, dtype=DType.INT64)
    assert list(ask("Add", [ints, ints], [ints])) == ["dsp"]


@pytest.mark.parametrize("exponent,kernels", [
    (2.0, ["mul"]), (3.0, ["mul", "mul"]), (0.5, ["sqrt"]), (-0.5, ["sqrt", "div"]), (-1.0, ["div"]),
    (1.7, ["power"]),
])  # fmt: skip
def test_small_exponents_are_products_and_roots(exponent, kernels) -> None:
    inputs = [tensor(4, 16), Value("", (), DType.FLOAT, True, np.array(exponent))]
    assert [step.kernel for step in ask("Pow", inputs, [tensor(4, 16)])["dsp"].steps] == kernels


@pytest.mark.parametrize("shape,perm,elements", [
    ((1, 128, 12, 64), (0, 2, 1, 3), 0),  # heads to the front: whole heads move
    ((1, 12, 128, 64), (0, 1, 3, 2), 12 * 128 * 64),  # keys transposed: one by one
])  # fmt: skip
def test_a_transpose_moves_whole_runs_or_single_elements(shape, perm, elements) -> None:
    out = tensor(*(shape[a] for a in perm))
    (move,) = ask("Transpose", [tensor(*shape)], [out], perm=perm)["dma_permute"].steps
    assert (move.nbytes, move.elements) == (2 * prod(shape), elements)


def test_a_transpose_of_axes_of_length_one_is_a_view() -> None:
    assert list(ask("Transpose", [tensor(1, 5, 1, 7)], [tensor(5, 1, 7, 1)], perm=(1, 2, 3, 0))) == ["view"]


def test_a_cut_of_the_outermost_axis_is_a_view_too_and_another_is_not() -> None:
    outer = [tensor(1, 8, 4), constant(0), constant(4), constant(1), constant(1)]
    assert list(ask("Slice", outer, [tensor(1, 4, 4)])) == ["view", "dma"]
    inner = [tensor(1, 8, 4), constant(0), constant(2), constant(2), constant(1)]
    ways = ask("Slice", inner, [tensor(1, 8, 2)])
    assert list(ways) == ["dma"] and ways["dma"].steps[0].nbytes == 8 * 2 * 2


def test_a_flip_is_no_view() -> None:
    flip = [tensor(8, 4), constant(-1), constant(-9), constant(0), constant(-1)]
    assert list(ask("Slice", flip, [tensor(8, 4)])) == ["dma"]


def test_a_gather_with_one_known_index_is_a_slice() -> None:
    assert list(ask("Gather", [tensor(8, 4), constant(3)], [tensor(1, 4)])) == ["view", "dma"]
    ways = ask("Gather", [weight(50, 4), tensor(7, dtype=DType.INT64)], [tensor(7, 4)])
    assert ways["dma"].steps[0].source == "ddr" and ways["dma"].steps[0].nbytes == 7 * 4 * 2


def test_softmax_rows_follow_the_opset() -> None:
    shape = (2, 3, 5)
    assert ask("Softmax", [tensor(*shape)], [tensor(*shape)], opset=13)["dsp"].steps[0].rows == 2 * 3
    assert ask("Softmax", [tensor(*shape)], [tensor(*shape)], opset=11)["dsp"].steps[0].rows == 2


def test_casts_between_floats_are_nothing_and_others_are_a_kernel() -> None:
    def names(a: DType, b: DType) -> list[str]:
        return list(ask("Cast", [tensor(4, dtype=a)], [tensor(4, dtype=b)]))

    assert names(DType.FLOAT, DType.FLOAT16) == ["view"] and names(DType.INT64, DType.INT32) == ["view"]
    assert names(DType.INT64, DType.FLOAT) == ["dsp"] and names(DType.FLOAT, DType.BOOL) == ["dsp"]


def test_segments_of_a_piecewise_linear_function_cost_on_a_dsp_and_not_in_the_table() -> None:
    def work(segments: int, way: str):
        slopes = tuple(float(i) for i in range(segments))
        return ask("PWL", [tensor(4, 16)], [tensor(4, 16)], "xamba", slopes=slopes)[way].steps[0]

    assert work(8, "dsp").elements == 8 * 4 * 16
    assert work(8, "mac_array_table") == work(2, "mac_array_table")


def test_every_op_of_the_standard_has_a_rule_or_a_reason() -> None:
    onnx_defs = pytest.importorskip("onnx.defs")
    known = {(info.domain, info.op) for info in known_ops()}
    for schema in onnx_defs.get_all_schemas():
        name = f"{schema.domain}.{schema.name}".lstrip(".")
        left_out = name in LEFT_OUT or schema.domain in LEFT_OUT
        assert ((schema.domain, schema.name) in known) != left_out, name


@needs_shared
def test_every_op_of_every_shared_graph_has_a_rule_or_a_reason() -> None:
    onnx = pytest.importorskip("onnx")
    known = {(info.domain, info.op) for info in known_ops()}
    missing = set()
    for path in sorted(SHARED.glob("graphs/*/*.onnx")):
        model = onnx.load(path, load_external_data=False)
        functions = {(f.domain, f.name) for f in model.functions}
        waiting = [*model.graph.node, *(node for f in model.functions for node in f.node)]
        while waiting:
            node = waiting.pop()
            waiting += [inner for a in node.attribute if a.HasField("g") for inner in a.g.node]
            key = (node.domain, node.op_type)
            if key not in known | functions and node.op_type not in LEFT_OUT:
                missing.add((path.name, *key))
    assert not missing
