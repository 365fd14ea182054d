"""A rotary embedding written out becomes one op where Intel's compiler makes it one kernel, and only there."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from npusim.arch.presets import load_hardware
from npusim.compiler.fuse import fuse
from npusim.compiler.rules.profile import load_profile
from npusim.simulation import simulate
from tests.graphs import loaded, model, node


def rope(heads, rows, width, swapped=(False, False, False), more_outputs=()):
    """x cos + turned x sin; `swapped`: which of Add and the two Muls have their operands the other way round."""
    pair = lambda a, b, other: f"{b} {a}" if other else f"{a} {b}"
    half = width // 2
    nodes = [
        node("Slice", "x zero half axis", "first"),
        node("Slice", "x half end axis", "second"),
        node("Neg", "second", "negated"),
        node("Concat", "negated first", "turned", axis=-1),
        node("Mul", pair("x", "cos", swapped[1]), "straight"),
        node("Mul", pair("turned", "sin", swapped[2]), "crossed"),
        node("Add", pair("straight", "crossed", swapped[0]), "y"),
    ]
    inputs = {"x": [1, heads, rows, width], "cos": [1, 1, rows, width], "sin": [1, 1, rows, width]}
    constants = {"zero": [0], "half": [half], "end": [width], "axis": [3]}
    return loaded(model(nodes, inputs, ["y", *more_outputs], constants))


def ops(graph, profile="2026"):
    return [n.op_type for n in fuse(graph, load_profile(profile), "5010", True, "fp16").nodes]


@pytest.mark.parametrize("swapped", list(itertools.product([False, True], repeat=3)))
def test_whatever_the_order_of_the_operands(swapped):
    assert ops(rope(4, 16, 64, swapped)) == ["RotaryEmbedding"]


@given(heads=st.integers(1, 32), rows=st.integers(1, 64), half=st.integers(1, 128))
def test_a_prompt_and_wide_heads_are_one_kernel_and_one_token_of_narrow_heads_is_not(heads, rows, half):
    assert (ops(rope(heads, rows, 2 * half)) == ["RotaryEmbedding"]) == (rows > 1 or half > 64)


def pairs(rows, apart="Slice"):
    """GPT-J's: channels in pairs, by Slices of every second; else by the parts of a Reshape, as Flux has them."""
    shape = [1, 4, rows, 64]
    cut = [
        node("Slice", "x one end axis two", "odd"),
        node("Slice", "x zero end axis two", "even"),
        node("Neg", "odd", "negated"),
        node("Unsqueeze", "negated last", "first"),
        node("Unsqueeze", "even last", "second"),
    ]
    views = [
        node("Reshape", "x paired", "p"),
        helper.make_node("Split", ["p"], ["second", "odd"], axis=4),
        node("Neg", "odd", "first"),
    ]
    nodes = [
        *(cut if apart == "Slice" else views),
        node("Concat", "first second", "stack", axis=-1),
        node("Reshape", "stack shape", "turned"),
        node("Mul", "x cos", "straight"),
        node("Mul", "turned sin", "crossed"),
        node("Add", "straight crossed", "y"),
    ]
    constants = {"zero": [0], "one": [1], "two": [2], "end": [64], "axis": [3], "last": [-1], "shape": shape,
                 "paired": [1, 4, rows, 32, 2]}  # fmt: skip
    inputs = {"x": shape, "cos": [1, 1, rows, 64], "sin": [1, 1, rows, 64]}
    return loaded(model(nodes, inputs, ["y"], constants))


def test_channels_in_pairs_are_one_kernel_of_a_prompt_where_slices_take_them():
    """`t_Add/rope` in Intel's schedules of NPU 3720 and 5010: 8 heads of 64, 128 rows, not one, nor by Reshapes."""
    assert ops(pairs(128)) == ["RotaryEmbedding"]
    assert "RotaryEmbedding" not in ops(pairs(1)) + ops(pairs(128, "Reshape"))


def test_a_mask_of_complex_numbers_is_no_embedding():
    """GTCRN's: real and imaginary parts are the first axis's, and Intel's compiler has no `rope` there."""
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], axis=1),
        node("Mul", "a cos", "p"), node("Mul", "b sin", "q"), node("Mul", "b cos", "s"), node("Mul", "a sin", "t"),
        node("Sub", "p q", "real"), node("Add", "s t", "imaginary"),
        node("Concat", "real imaginary", "y", axis=1),
    ]  # fmt: skip
    part = [1, 1, 24, 257]
    graph = loaded(model(nodes, {"x": [1, 2, 24, 257], "cos": part, "sin": part}, ["y"], {}))
    assert "RotaryEmbedding" not in ops(graph)


@pytest.mark.parametrize("kept", ["turned", "negated", "straight"])
def test_what_someone_else_reads_stays(kept):
    assert "RotaryEmbedding" not in ops(rope(4, 16, 64, more_outputs=(kept,)))


def test_it_is_one_kernel_of_its_own_that_intels_compiler_prices_at_nothing():
    """16 heads of 256 rows of 128: on two DSPs of each tile, 4/3 of a product's cycles in profile 2026."""
    g = rope(16, 256, 128)
    for name, tiles in (("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)):
        hw = load_hardware(name).replace({"tiles": tiles})
        line = hw.dsp.kernels["rope"]
        cycles = line.launch_cycles + line.cycles_per_element * 16 * 256 * 128 / (2 * tiles)
        for profile, us in (("2026", cycles / hw.dsp.clock_mhz), ("2026-as-released", 0.0)):
            nodes = {n.op_type: n for n in simulate(g, hw, profile).nodes}
            assert nodes["RotaryEmbedding"].busy_us.get("dsp", 0.0) == pytest.approx(us, rel=0.15)


def test_the_older_compiler_has_no_such_kernel():
    assert "RotaryEmbedding" not in ops(rope(4, 16, 64), "2024.12")
