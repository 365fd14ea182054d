"""Transposes between images and rows of channels, which move nothing."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.images import reduced_keys
from tests.vendor.nets.layers import conv, gelu, layernorm, linear
from tests.vendor.nets.vision import convnext

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def steps(write, name):
    g = Builder(weights=False)
    plan = compile_graph(of_model(g.model(write(g)), ""), load_hardware(name), load_profile("2026"))
    return plan.steps


def moved(found):
    """Transposes that have work of their own."""
    return [s.node.name for s in found if s.node.op_type == "Transpose" and s.engine != "none"]


def round_trip(g, act=lambda g, x: x):
    """Rows to an image, a depthwise convolution, and back to rows."""
    x = linear(g, g.input(1, 256, 64), 64, 64)
    y = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, 64, 16, 16]))
    y = g.op("Reshape", conv(g, y, 64, 64, 3, 1, 64), g.const([1, 64, 256]))
    return linear(g, act(g, g.op("Transpose", y, perm=[0, 2, 1])), 64, 64)


@pytest.mark.parametrize("name", NPUS)
def test_rows_turned_to_an_image_for_a_convolution_and_back_move_nothing(name):
    assert not moved(steps(round_trip, name))


@pytest.mark.parametrize("name", NPUS)
def test_only_attention_turns_anything_in_a_segformer(name):
    """Intel's schedules of SegFormer at 28 pixels: no task between rows and images, nor at the graph's output."""
    found = steps(lambda g: reduced_keys(g, 28, 2, 64, 4, 1), name)
    assert len(moved(found)) <= 4


@pytest.mark.parametrize("name", NPUS)
def test_a_scale_of_a_layer_is_a_pass_of_its_own(name):
    """`Mul_13?t_Add` in Intel's schedules of ConvNeXt."""
    found = steps(lambda g: convnext(g, 192, 64), name)
    assert not moved(found) and any(s.node.op_type == "Mul" and s.lowering == "scale_shift" for s in found)


def test_the_gelu_behind_a_turned_image_rides_in_the_lookup_unit_where_there_is_one():
    kernels = {
        name: [s.engine for s in steps(lambda g: round_trip(g, gelu), name) if "Gelu" in s.node.op_type]
        for name in NPUS
    }
    assert not kernels["panther_lake"] and kernels["meteor_lake"] == ["dsp"]


@pytest.mark.parametrize("name", NPUS)
def test_the_relu_between_two_views_of_a_line_is_no_task(name):
    """FastSpeech 2's feed-forward, each convolution between two Transposes: three tasks in Intel's schedules, the norm
    and the convolutions (1.35 MB of 240 x 192 there on NPU 4000)."""

    def fed(g):
        turn = lambda x: g.op("Transpose", x, perm=[0, 2, 1])
        x = turn(layernorm(g, g.input(1, 240, 192), 192))
        x = g.op("Conv", x, g.weight(384, 192, 3), g.weight(384), pads=[1, 1])
        x = turn(g.op("Relu", turn(x)))
        return turn(g.op("Conv", x, g.weight(192, 384, 1), g.weight(192)))

    found = [s for s in steps(fed, name) if s.engine != "none"]
    assert not any(s.node.op_type in ("Relu", "MemPermute", "Transpose") for s in found)


@pytest.mark.parametrize("name", NPUS)
@pytest.mark.parametrize("others", [0, 1])
def test_a_product_alone_takes_a_convolutions_pixels_where_they_lie(name, others):
    """0.58 MB in all of 28 x 28 pixels in Intel's schedules of three NPUs, 0.98 if they crossed."""

    def seen(g):
        x = conv(g, conv(g, g.input(1, 64, 28, 28), 64, 64, 1), 64, 128)
        x = g.op("Transpose", g.op("Reshape", x, g.const([1, 128, 784])), perm=[0, 2, 1])
        y = linear(g, x, 128, 128)
        return g.op("Add", x, y) if others else y

    g = Builder(weights=False)
    plan = compile_graph(of_model(g.model(seen(g)), ""), load_hardware(name), load_profile("2026"))
    spilled = [s.reason for s in plan.steps if "another shape" in s.reason]
    assert bool(spilled) == bool(others)


def test_what_is_read_as_another_matrix_is_turned():
    """Rows for a product over them (an MLP-Mixer) lie otherwise."""

    def mixing(g):
        y = g.op("Transpose", layernorm(g, g.input(1, 256, 64), 64), perm=[0, 2, 1])
        return linear(g, y, 256, 256)

    assert moved(steps(mixing, "lunar_lake"))
