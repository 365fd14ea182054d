"""The tables of Intel's compiler can be made again: graphs by name, halves by hash, published rows as published."""

import csv

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.graph import Graph
from tests.shared import SHARED, needs_shared
from tests.vendor import nets, op_graphs
from tests.vendor.builder import Builder
from tests.vendor.compiled import engines_of, half, rows
from tests.vendor.make_nets import PUBLISHED
from tests.vendor.make_ops import listed
from tests.vendor.tables import DATA, HALVES, TABLES, graph_of, read

EXTENT = st.integers(1, 64)


def shape(graph: Graph, name: str) -> tuple[int, ...]:
    return tuple(graph.tensors[name].shape)


def test_every_listed_op_is_built_by_its_name_and_no_name_comes_twice():
    names = [name for name, _ in listed()]
    assert len(names) == len(set(names)) >= 150
    for name in names:
        model = op_graphs.build(name, weights=False)
        assert model.graph.output[0].type.tensor_type.HasField("shape"), name


@pytest.mark.parametrize("name", nets.NETS)
def test_every_network_is_built_and_read(name):
    assert len(graph_of("nets", name).nodes) > 1


@given(m=EXTENT, k=EXTENT, n=EXTENT)
def test_a_product_has_the_shapes_its_name_says(m, k, n):
    value = op_graphs.build(f"mm_{m}_{k}_{n}").graph
    assert [d.dim_value for d in value.output[0].type.tensor_type.shape.dim] == [1, m, n]
    assert tuple(value.initializer[0].dims) == (k, n)


@given(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=20))
def test_half_is_a_function_of_the_name(name):
    assert half(name) == half(str(name)) and half(name) in HALVES


def test_an_unknown_form_is_named():
    with pytest.raises(ValueError, match="no form of an op is called 'nosuch'"):
        op_graphs.build("nosuch_1_2")


def test_without_weights_only_their_values_are_missing():
    whole, bare = (op_graphs.build("conv_64_64_3_1_8_1", weights=w) for w in (True, False))
    assert onnx.numpy_helper.to_array(whole.graph.initializer[0]).std() > 0
    assert bare.graph.initializer[0].data_location == onnx.TensorProto.EXTERNAL
    assert whole.graph.node == bare.graph.node and whole.graph.output == bare.graph.output


def test_random_weights_are_no_zeros_that_a_compiler_could_skip():
    g = Builder()
    g.weight(256, 256)
    assert np.mean(onnx.numpy_helper.to_array(g.constants[0]) == 0) < 0.01


@pytest.mark.parametrize("table", TABLES)
def test_both_halves_hold_rows_of_all_three_npus(table):
    least = {"ops": 150, "blocks": 25, "nets": 50}[table]
    for npu in ("3720", "4000", "5010"):
        found = [r for side in HALVES for r in read(table, side) if r.npu == npu]
        assert len({r.name for r in found}) >= least
        assert min(sum(r.half == side for r in found) for side in HALVES) > least / 3
    assert all(r.total_us > 0 for side in HALVES for r in read(table, side))


def test_published_ops_are_looked_at_and_the_others_are_where_their_hash_puts_them():
    sides = dict(listed())
    for side in HALVES:
        for row in rows(DATA / f"vendor_ops_{side}.csv"):
            assert sides[row["op"]] == side


@pytest.mark.parametrize("half", HALVES)
def test_networks_and_layers_are_where_their_list_or_their_hash_puts_them(half):
    found = {r.name for r in read("nets", half) if r.name in nets.NETS}
    found |= {r.name for r in read("blocks", half)} - set(PUBLISHED)
    assert len(found) >= 40 and {nets.half_of(name) for name in found} == {half}


def test_lists_of_networks_name_each_once():
    assert len(nets.NETS) == len(nets.HASHED) + len(nets.LOOKED_AT) + len(nets.NOT_LOOKED_AT)
    assert len(nets.language.blocks()) == len(set(nets.language.blocks()))


@needs_shared
def test_the_published_ops_come_out_as_published():
    """Same compiler, same graphs: totals to rounding, bytes too."""
    ours = {(r.name, r.npu): r for r in read("ops", "fit")}
    with (SHARED / "reference" / "vendor_ops.csv").open() as file:
        for row in csv.DictReader(file):
            mine = ours[row["op"], row["npu"]]
            assert mine.total_us == pytest.approx(float(row["total_us"]), rel=0.002), row["op"]
            assert mine.ddr_mb == pytest.approx(float(row["ddr_mb"]), rel=0.005, abs=0.002), row["op"]


def test_engines_are_read_as_written():
    found = engines_of({"layers": "dsp: Softmax_5; mac_array: MatMul_1 MatMul_2; dsp+mac_array: Where_3"})
    assert found["MatMul_2"] == {"mac_array"} and found["Where_3"] == {"dsp", "mac_array"} and len(found) == 4
