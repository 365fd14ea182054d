"""Where an 8-bit graph spends passes: behind what computes floats, never behind what only moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.compiler.fuse import fuse
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, silu
from tests.vendor.op_chains import eight_bits, stored

SIDE, CHANNELS = 16, 32


def fused(g: Builder, out: str, generation: str = "4000"):
    return fuse(loaded(g.model(out)), load_profile("2026"), generation, generation == "5010", "fp16")


def passes(graph) -> list[str]:
    """Ops behind which a tensor is made 8-bit by a pass of its own (graph inputs: themselves)."""
    made = {n: node.op_type for node in graph.nodes for n in node.outputs}
    return [made.get(n.inputs[0], n.inputs[0]) for n in graph.nodes if n.op_type == "QuantizeLinear"]


def convolved(g: Builder, x: str, kernel: int = 1, group: int = 1) -> str:
    weight = stored(g, CHANNELS, CHANNELS // group, kernel, kernel)
    return g.op("Conv", x, weight, pads=[kernel // 2] * 4, group=group)


def image(g: Builder) -> str:
    return convolved(g, eight_bits(g, g.input(1, CHANNELS, SIDE, SIDE)))


MOVES = {
    "turn": lambda g, x: g.op("Transpose", x, perm=[0, 1, 3, 2]),
    "slice": lambda g, x: g.op("Slice", x, g.const([0]), g.const([SIDE // 2]), g.const([2])),
    "joined": lambda g, x: g.op("Concat", x, x, axis=2),
    "enlarged": lambda g, x: g.op(
        "Resize", x, "", g.const(np.float32([1, 1, 2, 2])), mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    ),
}  # fmt: skip


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=4), st.booleans(), st.booleans())
def test_no_pass_stands_behind_moves(kinds, paired, kernel):
    """Whatever moves stand between what computes and what reads 8 bits, with pairs between them or not: a convolution
    writes 8 bits at once, a kernel has one pass behind it."""
    g = Builder(opset=19)
    x = image(g)
    x = silu(g, x) if kernel else x
    for kind in kinds:
        x = MOVES[kind](g, eight_bits(g, x) if paired else x)
    graph = fused(g, convolved(g, eight_bits(g, x)))
    assert passes(graph) == ["x0", *(["Swish"] if kernel else [])]


def test_what_is_split_is_quantised_once_in_front_of_it():
    g = Builder(opset=19)
    first, second = g.op("Split", silu(g, image(g)), g.const([16, 16]), axis=1, count=2)
    joined = g.op("Concat", eight_bits(g, second), eight_bits(g, first), axis=1)
    assert passes(fused(g, convolved(g, eight_bits(g, joined)))) == ["x0", "Swish"]


def test_what_somebody_reads_as_floats_stays_so():
    g = Builder(opset=19)
    first, second = g.op("Split", silu(g, image(g)), g.const([16, 16]), axis=1, count=2)
    y = convolved(g, eight_bits(g, g.op("Concat", first, second, axis=1)))
    graph = fused(g, g.op("Concat", y, g.op("Softplus", first), axis=1))
    assert passes(graph) == ["x0", "Split", "Split"]
    assert all(graph.values[n].dtype.is_float for n in (first, second))


@pytest.mark.parametrize("group", [1, CHANNELS])
@pytest.mark.parametrize("generation", ["3720", "5010"])
def test_a_window_for_each_channel_that_makes_floats_for_some_reads_them(group, generation):
    """Squeeze-and-excite: a mean reads what is quantised for it, the scale floats; on NPU 5010 a table behind the
    convolution in front has written 8 bits, which a pass turns back."""
    g = Builder(opset=19)
    x = convolved(g, eight_bits(g, silu(g, image(g))), 3, group)
    x = g.op("Relu", x)
    gate = convolved(g, eight_bits(g, g.op("GlobalAveragePool", eight_bits(g, x))))
    graph = fused(g, convolved(g, eight_bits(g, g.op("Mul", x, gate))), generation)
    window = next(
        n for n in graph.nodes if n.attribute("pads") == (1, 1, 1, 1) or n.attribute("pads") == [1] * 4
    )
    floats = group > 1
    assert graph.values[window.inputs[0]].dtype.is_float == floats
    back = [n for n in graph.nodes if n.op_type == "DequantizeLinear"]
    assert len(back) == (floats and generation == "5010")
    mean = next(n for n in graph.nodes if n.op_type == "GlobalAveragePool")
    assert graph.values[mean.inputs[0]].dtype.is_float and not graph.values[mean.outputs[0]].dtype.is_float
    scale = next(n for n in graph.nodes if n.op_type == "Mul")
    assert scale.post_ops == ("QuantizeLinear",)


def test_a_mean_of_what_a_convolution_writes_for_it_alone_reads_8_bits():
    g = Builder(opset=19)
    graph = fused(g, convolved(g, eight_bits(g, g.op("GlobalAveragePool", eight_bits(g, image(g))))))
    mean = next(n for n in graph.nodes if n.op_type == "GlobalAveragePool")
    assert graph.values[mean.inputs[0]].dtype.bits == 8 and passes(graph) == ["x0"]


def test_networks_of_floats_are_not_touched():
    g = Builder()
    x = MOVES["turn"](g, conv(g, g.input(1, CHANNELS, SIDE, SIDE), CHANNELS, CHANNELS, 1))
    assert passes(fused(g, conv(g, x, CHANNELS, CHANNELS, 1))) == []
