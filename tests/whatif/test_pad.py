"""Lengths on fixed shapes: waste and time of sets of tiles, and the graph at another length."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.graph import DType, Graph, Node, Value
from npusim.whatif.axes.couple import coupled
from npusim.whatif.axes.stretch import axis_of, disagreements, stretched
from npusim.whatif.composed.lengths import lengths_of, served
from tests.graphs import loaded, model, node, weights
from tests.shared import SHARED, needs_shared

TILES = (16, 32, 64)
times = st.lists(st.floats(1, 1e4), min_size=3, max_size=3)
mixes = st.lists(st.integers(1, 64), min_size=1, max_size=12)


@given(times, mixes, st.booleans())
def test_another_tile_is_never_slower_and_waste_is_a_share(us, mix, pieces):
    price = dict(zip(TILES, us, strict=True))
    lengths, counts = np.unique(mix, return_counts=True)
    all_three = served(TILES, price, lengths, counts, pieces)
    largest = served(TILES[-1:], price, lengths, counts, pieces)
    assert all_three.mean_us <= largest.mean_us * (1 + 1e-12)
    assert 0 <= all_three.waste < 1
    assert (
        served(TILES, price, lengths, counts, True).mean_us
        <= served(TILES, price, lengths, counts, False).mean_us
    )


@given(times, st.lists(st.sampled_from(TILES), min_size=1, max_size=9))
def test_lengths_that_are_tiles_waste_nothing_where_longer_is_dearer(us, mix):
    price = dict(zip(TILES, sorted(us), strict=True))
    lengths, counts = np.unique(mix, return_counts=True)
    found = served(TILES, price, lengths, counts, False)
    assert found.mean_us == pytest.approx(np.mean([price[n] for n in mix]))
    if len(set(us)) == 3:
        assert found.waste == pytest.approx(0)


def test_by_hand():
    """60 and 100 places on tiles of 64 and 128: 4 + 28 of 192 are padding; in pieces 100 runs as 64 + 64."""
    price = {64: 1.0, 128: 3.0}
    one = served((64, 128), price, np.array([60, 100]), np.array([1, 1]), False)
    assert one.mean_us == 2.0 and one.waste == pytest.approx(32 / 192)
    many = served((64, 128), price, np.array([60, 100]), np.array([1, 3]), True)
    assert many.mean_us == pytest.approx((1 + 3 * 2) / 4)


def attention(length):
    """Tokens x 8 channels: a product, scores over all pairs, softmax, values; 2 layers."""
    nodes, x = [], "x"
    for k in range(2):
        nodes += [
            node("MatMul", f"{x} w", f"q{k}"),
            node("Transpose", f"{x}", f"t{k}", perm=[0, 2, 1]),
            node("MatMul", f"q{k} t{k}", f"s{k}"),
            node("Softmax", f"s{k}", f"p{k}"),
            node("MatMul", f"p{k} {x}", f"y{k}"),
        ]
        x = f"y{k}"
    return loaded(model(nodes, {"x": (1, length, 8)}, [x], {"w": weights(8, 8)}))


@given(st.integers(1, 40), st.integers(1, 40))
def test_a_graph_at_another_length_is_the_graph_loaded_at_that_length(old, new):
    graph, wanted = attention(old), attention(new)
    found = stretched(coupled(graph), "x", 1, new)
    if old > 1 or new == old:
        assert {n: v.shape for n, v in found.values.items()} == {n: v.shape for n, v in wanted.values.items()}
    assert found is graph or not list(disagreements(found))


def test_an_axis_is_found_by_what_it_is():
    graph = attention(5)
    assert axis_of(graph, "") == ("x", 0) and axis_of(graph, "x.1") == ("x", 1)
    with pytest.raises(
        BadArgument, match=r"no input axis is called 'x\.7'; write INPUT\.AXIS; did you mean x\."
    ):
        axis_of(graph, "x.7")


def test_what_a_node_cannot_follow_is_a_sentence():
    graph = loaded(
        model(
            [node("Conv", "x w", "y", strides=[2, 2])], {"x": (1, 3, 8, 8)}, ["y"], {"w": weights(4, 3, 1, 1)}
        )
    )
    with pytest.raises(
        BadArgument, match="'x' cannot have 16 places along axis 2: node 'y' \\(Conv\\) gives"
    ):
        stretched(coupled(graph), "x", 2, 16)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12\nmany", "line 2: 'many' is neither LENGTH nor LENGTH,COUNT"),
        ("0", "line 1: '0' is neither"),
        ("1,2,3", "line 1: '1,2,3' is neither"),
        ("# nothing\n", "holds no length"),
    ],
)
def test_a_file_without_lengths_is_a_sentence(tmp_path, text, said):
    file = tmp_path / "lengths.txt"
    file.write_text(text)
    with pytest.raises(BadArgument, match=re.escape(said)):
        lengths_of(str(file))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("tiles=64", "needs lengths=FILE"),
        ("lengths=no.txt", "'no.txt' cannot be read"),
        (
            "lengths={file},tiles=16",
            "the longest request has 40 places and the largest tile 16; add a larger tile, or",
        ),
        ("lengths={file},tiles=0,5", "tiles are 1 to 8 lengths of 1 or more, and 0 is one"),
        ("lengths={file},tiles=a", "tiles is 'a'"),
    ],
)
def test_what_is_wrong_is_a_sentence(tmp_path, options, said):
    file = tmp_path / "lengths.txt"
    file.write_text("40\n")
    with pytest.raises(BadArgument, match=re.escape(said)):
        npusim.suppose(attention(8), f"pad:{options.format(file=file)}")


def test_the_run_is_the_mix_of_the_tiles_alone(tmp_path):
    file = tmp_path / "lengths.txt"
    file.write_text("5,3  # three short ones\n20\n")
    found = npusim.suppose(attention(8), f"pad:lengths={file},tiles=8,32,axis=x.1", band=False).what_ifs[0]
    alone = {n: npusim.simulate(attention(n), band=False).latency_us for n in (8, 32)}
    assert {row["tile"]: row["latency_us"] for row in found.tables["tiles"]} == pytest.approx(alone)
    assert found.numbers["mean_us"] == pytest.approx((3 * alone[8] + alone[32]) / 4)
    assert found.numbers["waste"] == pytest.approx(1 - 35 / 56)


LARGE = [
    ("large/resnet50_ts", "pixel_values", 0),
    ("large/bert_base_L128_ts", "input_ids", 1),
    ("large/mamba2_130m_tf4_L256_dy", "input_ids", 1),
    ("llm/large/llama32_1b_dec_kv1024_fp16_dy", "past_key_values.0.key", 2),
    ("llm/large/llama32_1b_pre_L1024_fp16_dy", "input_ids", 1),
]


@needs_shared
@pytest.mark.parametrize(("name", "tensor", "axis"), LARGE)
def test_real_networks_at_twice_and_half_their_length(name, tensor, axis):
    graph = npusim.load(SHARED / "graphs" / f"{name}.onnx")
    assert axis_of(graph, "") == (tensor, axis)
    coupling = coupled(graph)
    length = graph.values[tensor].shape[axis]
    assert not list(disagreements(graph)) and coupling.at(Node("", "", (), ()), tensor)
    for other in {max(1, length // 2), 2 * length}:
        assert stretched(coupling, tensor, axis, other).values[tensor].shape[axis] == other


def test_the_first_input_with_an_axis_is_as_long_and_a_graph_without_one_is_refused():
    scalar, row = Value("s", (), DType.FLOAT), Value("x", (1, 8), DType.FLOAT)
    graph = Graph("g", (), {"s": scalar, "x": row}, ("s", "x"), (), opset=20)
    assert axis_of(graph, "") == ("x", 0)
    for inputs in (("s",), ()):
        with pytest.raises(BadArgument, match="has no input with an axis"):
            axis_of(replace(graph, inputs=inputs), "")
