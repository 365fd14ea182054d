"""What the DMA does at the edges of a graph: copies, permutations, fills; and what needs none of it."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.ops.structure import merged
from npusim.simulation import simulate
from tests.graphs import loaded, model, node

NPUS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def graph(op, shape, inputs=("x",), constants=(), **attributes):
    made = helper.make_node(op, list(inputs), ["y"], name="y", **attributes)
    return loaded(model([made], {"x": list(shape)}, ["y"], constants=list(constants), dtype=10))


def plan(g, npu):
    return compile_graph(g, load_hardware(NPUS[npu]), load_profile("2026"))


def test_a_slice_that_leaves_the_graph_is_one_transfer_on_npu_3720_and_one_a_port_elsewhere():
    """Half of 1,024 x 2,048: one descriptor of 2 MB, 78.6 us by Intel's compiler; part_1 and part_2 on the others."""
    bounds = [(n, np.array([v], np.int64)) for n, v in (("from", 0), ("to", 1024), ("axis", 2))]
    g = graph("Slice", (1, 1024, 2048), ("x", "from", "to", "axis"), bounds)
    moves = {npu: [label for label in plan(g, npu).label if label != "start"] for npu in NPUS}
    assert {npu: len(found) for npu, found in moves.items()} == {"3720": 1, "4000": 2, "5010": 2}
    assert simulate(g, "meteor_lake").latency_us == pytest.approx(78.6, rel=0.1)


def test_a_transpose_by_the_dma_is_loaded_permuted_and_written():
    """8 x 128 x 12 x 64: 3.15 MB and 221 us on NPU 3720 by Intel's compiler (MemPermute)."""
    report = simulate(graph("Transpose", (8, 128, 12, 64), perm=[0, 2, 1, 3]), "meteor_lake")
    assert report.bytes_moved == 2 * 8 * 128 * 12 * 64 * 2
    assert report.latency_us == pytest.approx(221, rel=0.1)


def test_a_transpose_of_more_axes_than_an_image_has_goes_by_the_dma():
    for perm, engine in (([0, 2, 4, 1, 3], "dma"), ([0, 1, 2, 4, 3], "mac_array")):
        (found,) = simulate(graph("Transpose", (1, 16, 64, 24, 64), perm=perm), "lunar_lake").nodes
        assert found.engine == engine


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_merged_order_moves_the_same_elements(data):
    """Axes that stay together are one: transposing them so gives the same bytes."""
    rank = data.draw(st.integers(1, 5))
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank)))
    perm = tuple(data.draw(st.permutations(range(rank))))
    order = merged(shape, perm)
    assert sorted(order) == list(range(len(order)))
    assert all(b != a + 1 for a, b in pairwise(order))
    whole = np.arange(np.prod(shape)).reshape(shape).transpose(perm)
    groups: list[int] = []
    last = None
    for axis in (a for a in perm if shape[a] != 1):
        behind = [a for a in range((last if last is not None else rank) + 1, rank) if shape[a] != 1]
        if last is not None and behind and behind[0] == axis:
            groups[-1] *= shape[axis]
        else:
            groups.append(shape[axis])
        last = axis
    sizes = [0] * len(order)
    for place, size in zip(order, groups, strict=True):
        sizes[place] = size
    assert (np.arange(whole.size).reshape(sizes).transpose(order).ravel() == whole.ravel()).all()


def test_copies_of_an_expand_are_filled_in_inside():
    """1 to 1,024 rows of 1,024: 42 us on NPU 5010 by Intel's compiler; 4 copies of 8 heads: 9.5, by its prices 9.8."""
    many = graph("Expand", (1, 1, 1024), ("x", "to"), [("to", np.array([1, 1024, 1024], np.int64))])
    few = graph("Expand", (1, 8, 1, 128, 64), ("x", "to"), [("to", np.array([1, 8, 4, 128, 64], np.int64))])
    for g, us, share in ((many, 42, 0.35), (few, 9.5, 0.05)):
        assert any(label.endswith("/fill") for label in plan(g, "5010").label)
        assert simulate(g, "panther_lake", "2026-as-released").latency_us == pytest.approx(us, rel=share)


@pytest.mark.parametrize(("npu", "name", "us"), [("3720", "meteor_lake", 2.0), ("5010", "panther_lake", 0.9)])
def test_what_an_expand_copies_is_loaded_first(npu, name, us):
    """20 bytes of ten channels to 6 x 6 each: `Expand_0/input-0-CMX` of 0.96 and 0.28 us, before 720 bytes leave."""
    g = graph("Expand", (1, 10, 1, 1), ("x", "to"), [("to", np.array([1, 10, 6, 6], np.int64))])
    compiled = plan(g, npu)
    asks = [a for a in compiled.ask if isinstance(a, DmaTask) and a.nbytes]
    assert [(a.source, a.destination, a.nbytes) for a in asks] == [
        ("ddr", "scratchpad", 20),
        ("scratchpad", "scratchpad", 720),
        ("scratchpad", "ddr", 720),
    ]
    hw = load_hardware(name).replace({"step.minimum_ns": 0.0})
    assert simulate(g, hw, "2026-as-released").latency_us == pytest.approx(us, rel=0.05)


def test_only_copies_that_leave_the_graph_are_written_in_the_time_of_an_element_a_row():
    """Keys that four queries share, 8 x 4 x 128 x 64 fp16, behind a kernel and in front of one."""
    shapes = {"to": np.array([1, 8, 4, 128, 64], np.int64)}
    nodes = [node("Sin", "x", "s"), node("Expand", "s to", "e")]
    inner = loaded(model([*nodes, node("Sin", "e", "y")], {"x": [1, 8, 1, 128, 64]}, ["y"], shapes, dtype=10))
    outer = loaded(model(nodes, {"x": [1, 8, 1, 128, 64]}, ["e"], shapes, dtype=10))
    for g, wanted in ((inner, 1.0), (outer, 1 / 64)):
        written = [
            a.counted
            for a in plan(g, "3720").ask
            if isinstance(a, DmaTask) and a.destination == "ddr" and a.counted < 1
        ]
        assert set(written or [1.0]) == {wanted}


EXPANDED_US = [  # from, to, us of Intel's compiler on NPU 3720 and 5010; whether it copies within DDR there
    ((1, 4, 1, 1024, 64), (1, 4, 8, 1024, 64), (316.9, 85.4), (False, False)),
    ((1, 1, 512, 512), (1, 12, 512, 512), (460.9, 42.9), (False, True)),
    ((1, 4, 1, 4096, 128), (1, 4, 4, 4096, 128), (326.0, 114.0), (True, True)),
]


@pytest.mark.parametrize(("before", "after", "times", "in_ddr"), EXPANDED_US)
def test_a_large_expand_is_made_in_pieces_or_within_ddr(before, after, times, in_ddr):
    """And a small one as before, in both profiles."""
    g = graph("Expand", before, ("x", "to"), [("to", np.array(after, np.int64))])
    for (npu, name), us, copied in zip(
        (("3720", "meteor_lake"), ("5010", "panther_lake")), times, in_ddr, strict=True
    ):
        hw = load_hardware(name).replace({"step.minimum_ns": 0.0, "tiles": {"3720": 2, "5010": 3}[npu]})
        report = simulate(g, hw, "2026-as-released")
        assert report.latency_us == pytest.approx(us, rel=0.05)
        asks = [
            a for a in compile_graph(g, hw, load_profile("2026-as-released")).ask if isinstance(a, DmaTask)
        ]
        assert copied == any(a.source == a.destination == "ddr" and a.nbytes for a in asks), npu


@pytest.mark.parametrize(
    ("shape", "perm", "npu", "us", "by"),
    [
        ((1, 8, 300, 77), (0, 1, 3, 2), "3720", 23.2, "mac_array"),
        ((1, 50, 60, 30), (0, 3, 1, 2), "3720", 13.1, "mac_array"),
        ((1, 50, 60, 30), (0, 3, 1, 2), "5010", 11.0, "mac_array"),
        ((1, 8, 300, 70), (0, 1, 3, 2), "3720", 37.6, "dma"),
        ((1, 3, 300, 77), (0, 1, 3, 2), "3720", 16.6, "dma"),
        ((1, 5, 300, 77), (0, 1, 3, 2), "5010", 6.0, "dma"),
        ((1, 8, 64, 77), (0, 1, 3, 2), "5010", 3.4, "dma"),
    ],
)
def test_an_axis_of_nearly_whole_sixteens_is_turned_by_the_mac_array(shape, perm, npu, us, by):
    """On planes of two rows a tile and more."""
    g = graph("Transpose", shape, perm=perm)
    hw = load_hardware(NPUS[npu]).replace({"step.minimum_ns": 0.0, "tiles": {"3720": 2, "5010": 3}[npu]})
    report = simulate(g, hw, "2026-as-released")
    assert {n.engine for n in report.nodes} == {by}
    assert report.latency_us == pytest.approx(us, rel=0.3)
    assert {n.engine for n in simulate(g, hw, "2026").nodes} == {by}


def test_a_division_by_a_smaller_tensor_is_an_inverse_and_a_product():
    """12 x 512 x 512 by a number a row: Divide/divide and Divide/multiply on NPU 4000 and 5010, one Divide on 3720."""
    made = node("Div", "x d", "y")
    g = loaded(model([made], {"x": [1, 12, 512, 512], "d": [1, 12, 512, 1]}, ["y"], dtype=10))
    kernels = {npu: plan(g, npu).steps[-1].kernels for npu in NPUS}
    assert [len(kernels[npu]) for npu in NPUS] == [1, 2, 2]
    assert kernels["4000"] == ("div", "mul")


def test_a_softmax_over_one_element_runs_nowhere():
    assert not [
        n for n in simulate(graph("Softmax", (1, 1), axis=-1), "meteor_lake").nodes if n.engine == "dsp"
    ]


def test_an_image_made_larger_inside_a_graph_goes_through_ddr_on_npu_3720():
    """64 x 32 x 32 twice as large: its maker writes the columns twice, their rows are copied there, its reader loads
    all (hslices_concat of HRNet in the schedules of NPU 3720; NPU 4000 and 5010 read at computed addresses)."""
    larger = helper.make_node("Resize", ["r", "", "s"], ["u"], name="u", mode="nearest")
    nodes = [node("Conv", "x w", "r"), larger, node("Relu", "u", "y")]
    scales = [("s", np.array([1, 1, 2, 2], np.float32)), ("w", np.ones((64, 64, 1, 1), np.float16))]
    g = loaded(model(nodes, {"x": [1, 64, 32, 32]}, ["y"], constants=scales, dtype=10))
    made, moves = plan(g, "3720"), Counter()
    for label, a in zip(made.label, made.ask, strict=True):
        if isinstance(a, DmaTask) and label.startswith("u/"):
            moves[a.source, a.destination] += a.nbytes
    image = 64 * 32 * 32 * 2
    assert moves == {
        ("scratchpad", "ddr"): 2 * image,
        ("ddr", "ddr"): 4 * image,
        ("ddr", "scratchpad"): 4 * image,
    }
    other = [a.nbytes for a in plan(g, "4000").ask if isinstance(a, DmaTask) and a.destination == "ddr"]
    assert sum(other) == 4 * image


@pytest.mark.parametrize(("npu", "through"), [("3720", 2), ("4000", 1), ("5010", 1)])
@pytest.mark.parametrize("tiles", [1, 2])
def test_channels_of_what_is_put_in_place_are_normalised_from_ddr(npu, through, tiles):
    """64 x 16 x 16 twice as large by four convolutions, put in place row by row; normalised channel by channel, on NPU
    3720 scaled over rows again (0.131 MB out and back, once, and twice on 3720: nc, nu in the schedules)."""
    up = helper.make_node("ConvTranspose", ["r", "w"], ["u"], name="u", strides=[2, 2], pads=[1] * 4)
    nodes = [
        node("Relu", "x", "r"),
        up,
        node("InstanceNormalization", "u s s", "n"),
        node("Conv", "n v", "y"),
    ]
    shapes = {"w": (64, 64, 4, 4), "s": (64,), "v": (32, 64, 1, 1)}
    constants = [(name, np.ones(shape, np.float16)) for name, shape in shapes.items()]
    g = loaded(model(nodes, {"x": [1, 64, 16, 16]}, ["y"], constants=constants, dtype=10))
    hw = load_hardware(NPUS[npu]).replace({"tiles": tiles})
    made, moves = compile_graph(g, hw, load_profile("2026")), Counter()
    for label, a in zip(made.label, made.ask, strict=True):
        if isinstance(a, DmaTask) and (label.startswith("n/partial") or label in ("u/write", "u/load")):
            moves[a.source, a.destination] += a.nbytes
    image = 64 * 32 * 32 * 2
    each = 0 if tiles == 1 else through * image
    assert [moves["scratchpad", "ddr"], moves["ddr", "scratchpad"]] == [each, each]
