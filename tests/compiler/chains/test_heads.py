"""Heads of attention without a mask are cut out of their products on NPU 4000 and 5010, as in Intel's schedules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded

HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def attention(rows, heads, width=64, masked=False, keys=0, batch=1):
    """Projections, attention and a projection back of `batch` sequences; keys of another tensor where `keys`."""
    size, value = heads * width, helper.make_tensor_value_info
    random = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(random.normal(0, 0.02, (size, size)).astype(np.float16), f"w{n}")
        for n in "qkvo"
    ]
    shapes = {"q": [batch, rows, heads, width], "k": [batch, keys or rows, heads, width]}
    shapes["v"] = shapes["k"]
    constants = [*weights, numpy_helper.from_array(np.array([batch, rows, size]), "flat")]
    constants += [numpy_helper.from_array(np.array(shape), f"shape_{n}") for n, shape in shapes.items()]
    node, nodes = helper.make_node, []
    for n in "qkv":
        source = "x" if n == "q" or not keys else "context"
        perm = [0, 2, 3, 1] if n == "k" else [0, 2, 1, 3]
        nodes += [
            node("MatMul", [source, f"w{n}"], [n], name=n),
            node("Reshape", [n, f"shape_{n}"], [f"{n}_apart"]),
            node(
                "Transpose",
                [f"{n}_apart"],
                [f"{n}_heads"],
                name=f"{n}_turned",
                perm=perm,
            ),
        ]
    nodes.append(node("MatMul", ["q_heads", "k_heads"], ["scores"], name="scores"))
    if masked:
        nodes.append(node("Add", ["scores", "mask"], ["masked"], name="masked"))
    nodes += [
        node("Softmax", ["masked" if masked else "scores"], ["soft"], name="soft", axis=-1),
        node("MatMul", ["soft", "v_heads"], ["each"], name="each"),
        node("Transpose", ["each"], ["back"], name="back", perm=[0, 2, 1, 3]),
        node("Reshape", ["back", "flat"], ["joined"]),
        node("MatMul", ["joined", "wo"], ["y"], name="y"),
    ]
    inputs = [value("x", TensorProto.FLOAT16, [batch, rows, size])]
    inputs += [value("context", TensorProto.FLOAT16, [1, keys, size])] if keys else []
    inputs += [value("mask", TensorProto.FLOAT16, [1, 1, rows, keys or rows])] if masked else []
    graph = helper.make_graph(
        nodes, "attention", inputs, [value("y", TensorProto.FLOAT16, [batch, rows, size])], constants
    )
    return loaded(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))


def nodes_of(npu, *what, **more):
    report = simulate(attention(*what, **more), load_hardware(HARDWARE[npu]), "2026", band=False)
    return {n.name: n for n in report.nodes}


@pytest.mark.parametrize("npu", ["4000", "5010"])
@pytest.mark.parametrize("rows, heads", [(64, 4), (160, 4), (256, 12)])
def test_projections_and_attention_go_head_by_head_and_nothing_is_turned(npu, rows, heads):
    found = nodes_of(npu, rows, heads)
    assert {found[n].pieces for n in ("q", "k", "v", "scores", "soft", "each")} == {heads}
    turned = [found[n] for n in ("q_turned", "k_turned") if n in found]
    assert not any(one.busy_us.get("mac_array") or one.bytes_moved for one in turned)


@pytest.mark.parametrize("npu", HARDWARE)
@pytest.mark.parametrize(
    "what, more",
    [((48, 4), {}), ((100, 4), {}), ((64, 4), {"masked": True}), ((64, 1), {}), ((80, 8), {"keys": 160})],
)
def test_few_rows_uneven_rows_masks_one_head_and_few_rows_of_other_keys_stay_together(npu, what, more):
    assert nodes_of(npu, *what, **more)["soft"].pieces == 1


@pytest.mark.parametrize("npu", ["4000", "5010"])
@pytest.mark.parametrize("rows, heads, batch", [(128, 4, 4), (256, 8, 2)])
def test_a_batch_of_sequences_is_one_batch_of_products(npu, rows, heads, batch):
    """`MatMul: NCE.MatMul SOG` in Intel's schedules of 4 x 128 and 2 x 256 rows, its softmax one kernel of all."""
    assert nodes_of(npu, rows, heads, batch=batch)["soft"].pieces < heads


def test_the_dsps_start_once_for_a_batch():
    """47.8 us of a softmax of 4 x 4 heads of 128 rows on NPU 4000, in Intel's schedule; head by head 129 us."""
    graph = attention(128, 4, batch=4)
    report = simulate(graph, load_hardware("lunar_lake"), "2026-as-released", band=False)
    assert {n.name: n for n in report.nodes}["soft"].busy_us["dsp"] == pytest.approx(47.8, rel=0.02)


def test_meteor_lake_takes_heads_together():
    assert nodes_of("3720", 128, 8)["soft"].pieces == 1


def test_the_dsps_start_once_a_head():
    """5.43 us of a softmax's start on NPU 4000, 12 times for 256 rows of 12 heads (192 us in Intel's schedule)."""
    report = simulate(attention(256, 12), load_hardware("lunar_lake"), "2026-as-released", band=False)
    assert {n.name: n for n in report.nodes}["soft"].busy_us["dsp"] == pytest.approx(192.3, rel=0.01)


@settings(max_examples=20)
@given(
    rows=st.sampled_from([64, 96, 128, 192]), heads=st.integers(2, 8), npu=st.sampled_from(["4000", "5010"])
)
def test_more_rows_or_heads_are_never_faster(rows, heads, npu):
    def time(rows, heads):
        found = nodes_of(npu, rows, heads).values()
        return sum(n.busy_us.get("mac_array", 0) + n.busy_us.get("dsp", 0) for n in found)

    assert time(rows, heads) <= time(2 * rows, heads) * 1.001
    assert time(rows, heads) <= time(rows, heads + 1) * 1.001
