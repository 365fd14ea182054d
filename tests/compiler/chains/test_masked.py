"""Scores and a mask made as the network runs: added and normalised together, as in Intel's schedules."""

import pytest
from onnx import TensorProto, helper

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded

HARDWARE = ("meteor_lake", "lunar_lake", "panther_lake")
TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}  # as Intel's schedules


def attention(tokens, heads=12, mask="padding", layers=2, batch=1):
    """Attention with a mask of the user's, `padding` of keys or any of queries by keys, twice."""
    value = helper.make_tensor_value_info
    shape = [batch, heads, tokens, 64]
    masked = [batch, 1, 1 if mask == "padding" else tokens, tokens]
    inputs = [value("mask", TensorProto.FLOAT16, masked)]
    nodes, outputs = [], []
    for i in range(layers):
        inputs += [
            value(f"q{i}", TensorProto.FLOAT16, shape),
            value(f"k{i}", TensorProto.FLOAT16, [batch, heads, 64, tokens]),
            value(f"v{i}", TensorProto.FLOAT16, shape),
        ]
        nodes += [
            helper.make_node("MatMul", [f"q{i}", f"k{i}"], [f"s{i}"], name=f"scores{i}"),
            helper.make_node("Add", [f"s{i}", "mask"], [f"a{i}"], name=f"sum{i}"),
            helper.make_node("Softmax", [f"a{i}"], [f"p{i}"], name=f"softmax{i}", axis=-1),
            helper.make_node("MatMul", [f"p{i}", f"v{i}"], [f"y{i}"], name=f"product{i}"),
        ]
        outputs.append(value(f"y{i}", TensorProto.FLOAT16, shape))
    if batch > 1:  # a shape that names the batch: no function is called for each sequence
        nodes.append(helper.make_node("Reshape", ["y0", "rows"], ["flat"], name="flat"))
        outputs[0] = value("flat", TensorProto.FLOAT16, [batch, heads * tokens * 64])
    rows = helper.make_tensor("rows", TensorProto.INT64, [2], [batch, heads * tokens * 64])
    made = helper.make_graph(nodes, "attention", inputs, outputs, [rows])
    return loaded(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)]))


def planned(hw, tokens, **more):
    machine = load_hardware(hw).replace({"tiles": TILES[hw]})
    return simulate(attention(tokens, **more), machine, "2026", band=False)


def crossings(report, layer, size):
    """How often tensors of the size of the scores cross DDR in a layer's four steps."""
    names = tuple(f"{n}{layer}" for n in ("scores", "sum", "softmax", "product"))
    moved: dict[str, float] = {}
    for task in report.tasks:
        if task.nbytes and "ddr" in (task.source, task.destination) and task.node.startswith(names):
            moved[task.node] = moved.get(task.node, 0) + task.nbytes
    return sum(int(b / size) for b in moved.values())


@pytest.mark.parametrize("mask", ["padding", "any"])
@pytest.mark.parametrize(
    ("hw", "tokens", "wanted"),
    [
        ("meteor_lake", 192, 5),  # out and in, the mask, out and in: 4.4 of 0.88 MB in Intel's schedule
        ("meteor_lake", 384, 5),
        ("lunar_lake", 192, 1),  # the mask alone
        ("lunar_lake", 256, 3),
        ("lunar_lake", 384, 5),
        ("panther_lake", 192, 3),
        ("panther_lake", 384, 3),  # the product is cut together with them: nothing behind the softmax crosses
    ],
)
def test_scores_cross_ddr_as_often_as_in_intels_schedules(hw, tokens, wanted, mask):
    assert crossings(planned(hw, tokens, mask=mask), 1, 12 * tokens * tokens * 2) == wanted


@pytest.mark.parametrize(
    ("hw", "heads", "wanted"),
    [
        ("panther_lake", 3, 3),
        (
            "panther_lake",
            4,
            6,
        ),  # out and in, sums out and in, what the softmax makes out and in: the mask stays
        ("panther_lake", 5, 7),  # and the mask
        ("panther_lake", 8, 3),
    ],
)
def test_all_crosses_of_a_few_heads_more_than_tiles(hw, heads, wanted):
    assert crossings(planned(hw, 512, heads=heads), 1, heads * 512 * 512 * 2) == wanted


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [(256, 3), (320, 5), (384, 5)],  # scores out and in as well, before four tenths of the scratchpads
)
def test_scores_made_head_by_head_cross(tokens, wanted):
    found = crossings(planned("lunar_lake", tokens, heads=8), 1, 8 * tokens * tokens * 2)
    assert found == wanted or (tokens == 256 and found < wanted)


def test_further_tiles_are_never_slower_for_few_heads():
    """6 heads on four tiles cross as released on NPU 4000, and would take longer than on three."""
    for hw, heads, most in (("lunar_lake", 6, 4), ("panther_lake", 4, 3), ("panther_lake", 5, 3)):
        machine, model = load_hardware(hw), attention(512, heads=heads)
        took = [
            simulate(model, machine.replace({"tiles": n}), "2026", band=False).latency_us
            for n in range(2, most + 1)
        ]
        assert took == sorted(took, reverse=True)


def test_six_heads_cross_on_four_tiles_as_released():
    machine = load_hardware("lunar_lake").replace({"tiles": 4})
    report = simulate(attention(512, heads=6), machine, "2026-as-released", band=False)
    assert crossings(report, 1, 6 * 512 * 512 * 2) == 7


def test_few_heads_stay_where_scores_are_small():
    assert crossings(planned("panther_lake", 192, heads=4), 1, 4 * 192 * 192 * 2) <= 3


@pytest.mark.parametrize(
    ("hw", "batch", "heads", "tokens", "wanted"),
    [
        ("panther_lake", 4, 12, 128, 5),  # heads are channels: scores out and in, the mask, sums out and in
        ("lunar_lake", 4, 12, 128, 5),
        ("panther_lake", 2, 12, 128, 0),  # whole heads of the line on each tile
        ("lunar_lake", 2, 12, 128, 0),
        ("panther_lake", 4, 6, 96, 5),  # 43 of its 128 rows are no whole heads
    ],
)
def test_sums_of_several_sequences_cross_where_tiles_have_no_whole_heads(hw, batch, heads, tokens, wanted):
    report = planned(hw, tokens, heads=heads, batch=batch, layers=3)
    assert crossings(report, 1, batch * heads * tokens * tokens * 2) == wanted


def test_the_last_layer_of_several_sequences_is_cut_with_its_softmax():
    pieces = {n.name: n.pieces for n in planned("panther_lake", 128, batch=4).nodes}
    assert pieces["sum0"] == 1 < pieces["sum1"] == pieces["softmax1"]


@pytest.mark.parametrize("hw", HARDWARE)
def test_the_mask_is_written_out_once_for_all_layers(hw):
    report = planned(hw, 384, layers=3)
    assert sum(node.op_type == "Broadcast" for node in report.nodes) == 1


def test_addition_softmax_and_product_have_equal_pieces():
    report = planned("panther_lake", 512, heads=16)
    together = [n for n in report.nodes if n.name in ("sum0", "softmax0", "product0")]
    assert len({n.pieces for n in together}) == 1
    assert all("strips of rows" in n.reason for n in together)


def test_large_heads_go_one_by_one_and_take_the_mask_as_it_is():
    report = planned("panther_lake", 1024, mask="any")
    assert not any(node.op_type == "Broadcast" for node in report.nodes)
    assert next(n for n in report.nodes if n.name == "sum0").pieces % 12 == 0


@pytest.mark.parametrize("hw", HARDWARE)
def test_more_tokens_are_never_faster(hw):
    took = [planned(hw, tokens).latency_us for tokens in (64, 128, 192, 256, 320, 384, 512, 640)]
    assert took == sorted(took)
