"""Operands that are written out to equal sizes, and tensors laid out for their poolings, as in Intel's schedules."""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.lowering.relaid import image_waits, relaid
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Value
from npusim.ops.counting import copy, most_even_rectangle
from npusim.ops.reduced_axes import Reduced
from npusim.ops.reduction import pooling_chain
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork, MoveWork
from tests.graphs import loaded
from tests.vendor.op_graphs import build

NPUS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def run(name, npu):
    """Bytes through DDR of one op."""
    return simulate(loaded(build(name, weights=False)), NPUS[npu], "2026-as-released", band=False).bytes_moved


@given(st.integers(1, 5000))
def test_a_plane_has_all_elements_of_its_axis_and_is_no_wider_than_high(length):
    rows, columns = most_even_rectangle(length)
    assert rows * columns == length and rows >= columns


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 64), st.integers(2, 2048), st.sampled_from([1, 16, 64]), st.booleans())
def test_however_a_tensor_is_laid_out_its_poolings_end_with_one_value_a_row(outer, length, inner, pads):
    shape = (outer, length, inner)
    source = Value("x", shape, DType.FLOAT16)
    padded = -(-outer // 16) * 16
    axes = Reduced((1,), length, outer, inner, True)
    chain = pooling_chain(source, axes, MacOp.AVERAGE_POOL, padded, inner)
    works = relaid((copy(source.npu_bytes * padded / outer), *chain), source, pads)
    last = works[-1]
    assert isinstance(last, MacWork) and last.op == MacOp.AVERAGE_POOL
    assert (last.out_h, last.out_w, last.out_c) == (1, inner, padded)
    trips = [w for w in works if isinstance(w, MoveWork) and w.source != w.destination]
    assert sum(w.source == "scratchpad" for w in trips) == sum(w.destination == "scratchpad" for w in trips)


@given(st.integers(1, 8), st.integers(1, 12), st.integers(9, 128), st.integers(1, 6), st.floats(1e4, 1e7))
def test_poolings_shared_over_channels_turn_all_of_a_batch_and_hand_on_what_they_make(
    images, sixteens, length, tiles, tile_bytes
):
    shape = (images, 16 * sixteens, length, 32)
    source = Value("x", shape, DType.FLOAT16)
    outer = images * 16 * sixteens
    chain = pooling_chain(source, Reduced((2,), length, outer, 32, True), MacOp.AVERAGE_POOL, outer, 32)
    steps = (copy(source.npu_bytes), *chain)
    turn, *rest = works = relaid(steps, source, False, tiles, tile_bytes)
    trips = [w for w in rest if isinstance(w, MoveWork)]
    share = -(-sixteens // tiles) * 16 * length * 32 * 2
    if len(chain) == 1 or sixteens < tiles or 2 * share > tile_bytes:
        assert works == relaid(steps, source, False)
        return
    assert turn.out_h * turn.out_w * turn.out_c == source.elements
    assert [w for w in rest if isinstance(w, MacWork)] == list(chain)
    assert len(trips) == 2 * (len(chain) - 1)
    waits = image_waits(works, tiles, tile_bytes)
    assert waits == (images > 1 and 3 * share > tile_bytes)


@pytest.mark.parametrize(
    ("name", "npu", "mb"),
    [  # by Intel's compiler 8.4
        ("red_Mean_2_1_197_768", "3720", 1.752),
        ("red_Mean_2_1_128_768", "4000", 0.590),
        ("red_Mean_2_1_577_1024", "5010", 1.183),
        ("red_Mean_1_1_16_1024", "3720", 1.092),
        ("red_Mean_1_1_1024_64", "3720", 0.140),
        ("red_Mean_1_16_8_512", "5010", 0.410),
        ("red_Sum_2_24_64_64_128", "3720", 25.559),
        ("red_Sum_2_24_64_64_128", "4000", 31.850),
        ("red_Sum_2_24_64_64_128", "5010", 31.850),
        ("Add_12_512_512_by_1_1_1_512", "5010", 25.167),
        ("Addc_1024_768_by_768", "4000", 4.719),
        ("Add_200_768_by_1_768", "3720", 0.616),
        ("gather_32000_2048_1024", "3720", 135.27),
        ("castf32_1024_1024", "3720", 6.291),
        ("depth2space_4_48_80", "3720", 2.458),
        ("depth2space_4_48_80", "5010", 3.686),
        ("Transpose_4_12_200_64", "3720", 2.458),
        ("Mul_96_56_56_by_96_1_1", "3720", 1.209),
        ("Addc_256_1024_by_256_1", "5010", 2.109),
        ("Subc_128_768_by_768", "5010", 0.590),
    ],
)
def test_bytes_are_those_of_intels_compiler(name, npu, mb):
    assert run(name, npu) / 1e6 == pytest.approx(mb, rel=0.07)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(2, 64), st.integers(2, 64), st.sampled_from(list(NPUS)))
def test_an_added_operand_has_the_size_of_the_result(heads, rows, columns, npu):
    graph = loaded(build(f"Add_{heads}_{rows}_{columns}_by_1_1_1_{columns}", weights=False))
    plan = compile_graph(graph, load_hardware(NPUS[npu]), load_profile("2026"))
    filled = [s for s in plan.steps if s.node.op_type == "Broadcast"]
    assert len(filled) == (heads * rows > 1)
    for step in filled:
        assert prod(plan.graph.values[step.node.outputs[0]].shape) == heads * rows * columns
