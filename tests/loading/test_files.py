"""Real exported graphs: all load, with the shapes ONNX's own inference and the folded twins give."""

from collections import Counter
from dataclasses import replace

import onnx
import pytest

from npusim.errors import FreeDimension, UnknownShape
from npusim.loading.structure import read_model
from npusim.onnx_io import load
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
GRAPHS = SHARED / "graphs"
FILES = sorted(p.relative_to(GRAPHS).with_suffix("").as_posix() for p in GRAPHS.glob("*/*.onnx"))
DIMS = {
    "small/mamba2_tf4_L16_dyb": {"batch": 2},
    "small/mamba_tf5_L8_tsb": {"batch": 2},
    "traps/cumsum_batch_symbolic": {"b": 3},
    "traps/cumsum_dim_symbolic": {"b": 2, "s": 5},
    "traps/rsum_dim_symbolic": {"s": 5},
}
DATA_DEPENDENT = {"small/jamba_moe_L8_ts": "NonZero", "traps/rsum_axes_graph_input": "ReduceSum"}
MATRIX_OPS = ("Conv", "MatMul", "Gemm", "Einsum")


def path(name):
    return GRAPHS / f"{name}.onnx"


def load_named(name, **options):
    return load(path(name), DIMS.get(name), upper_bound=name in DATA_DEPENDENT, **options)


def static_shapes(model):
    """Type and shape of every tensor a model declares with numbers only."""
    for value in (*model.graph.value_info, *model.graph.output):
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
            yield (
                value.name,
                onnx.TensorProto.DataType.Name(tensor.elem_type),
                tuple(d.dim_value for d in tensor.shape.dim),
            )


def matrix_ops(graph):
    count = Counter(n.op_type for n in graph.nodes)
    return count["Conv"], sum(count[op] for op in MATRIX_OPS[1:])


@pytest.mark.parametrize("name", FILES)
def test_a_graph_loads_and_its_records_fit_together(name):
    graph = load_named(name)
    known = set(graph.inputs) | {v for v, value in graph.values.items() if value.constant}
    for node in graph.nodes:
        assert {i for i in node.inputs if i} <= known, f"{node.name} runs before its producers"
        assert not known & {o for o in node.outputs if o and not graph.values[o].constant}
        known |= set(node.outputs)
    assert set(graph.outputs) <= known
    assert len({n.name for n in graph.nodes}) == len(graph.nodes)
    assert all(isinstance(d, int) and d >= 0 for v in graph.values.values() for d in v.shape)


@pytest.mark.parametrize("name", FILES)
def test_shapes_are_those_of_onnx_shape_inference(name):
    if name in DATA_DEPENDENT:
        pytest.skip("priced by an upper bound")
    graph = load_named(name)
    model = onnx.load(path(name), load_external_data=False)
    for value in model.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = DIMS[name][dim.dim_param]
    model = onnx.shape_inference.infer_shapes(model)
    for tensor, dtype, shape in static_shapes(model):
        if tensor in graph.values:
            assert (graph.values[tensor].dtype.name, graph.values[tensor].shape) == (dtype, shape), tensor


def test_the_raw_graph_has_the_shapes_of_its_folded_twin():
    raw, clean = "large/mamba2_130m_tf4_L4_ts", "large/mamba2_130m_tf4_L4_ts__clean"
    graph, compared = load_named(raw), 0
    for tensor, dtype, shape in static_shapes(onnx.load(path(clean), load_external_data=False)):
        if tensor in graph.values:
            compared += 1
            assert (graph.values[tensor].dtype.name, graph.values[tensor].shape) == (dtype, shape), tensor
    assert compared > 2000
    assert matrix_ops(graph) == matrix_ops(load_named(clean))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("small/mamba2_tf4_L16_ts", "small/mamba2_tf4_L16_dy"),
        ("small/mamba2_tf4_L16_tsnofold", "small/mamba2_tf4_L16_dynoopt"),
        ("small/mamba2_tf4_L16_dyb", "small/mamba2_tf4_L16_dy"),
        ("small/mamba2_tf5_L16_ts", "small/mamba2_tf5_L16_dy"),
        ("small/mamba_tf4_L8_tsfn", "small/mamba_tf4_L8_ts"),
        ("small/mamba_tf5_L8_tsb", "small/mamba_tf5_L8_ts"),
        ("small/rwkv_L8_ts", "small/rwkv_L8_dy"),
        ("large/xamba_mamba2_1layer_T4_ts", "large/xamba_mamba2_1layer_T4_dy"),
    ],
)
def test_two_exports_of_one_model_have_as_many_convolutions_and_products(one, other):
    a, b = load_named(one), load_named(other)
    assert matrix_ops(a) == matrix_ops(b)
    assert all(
        [n.op_type for n in a.nodes].count(op) == [n.op_type for n in b.nodes].count(op)
        for op in ("CumSum", "ReduceSum", "Softplus")
    )


@pytest.mark.parametrize("name", sorted(DATA_DEPENDENT))
def test_a_shape_that_depends_on_data_is_refused_by_name_or_taken_at_its_most(name):
    with pytest.raises(UnknownShape, match=DATA_DEPENDENT[name]):
        load(path(name))
    assert any(DATA_DEPENDENT[name] in w for w in load_named(name).warnings)


@pytest.mark.parametrize("name", sorted(DIMS))
def test_a_free_dimension_is_named_with_the_flag_that_binds_it(name):
    with pytest.raises(FreeDimension, match=r"dims=\{'\w+': 1"):
        load(path(name))


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith("traps")])
def test_the_reader_that_skips_weights_sees_the_graph_that_a_whole_parse_sees(name, monkeypatch):
    whole = load_named(name)
    monkeypatch.setattr(read_model, "__defaults__", (0,))
    skipped = load_named(name)
    assert same_graph(skipped, whole)


def same_graph(a, b):
    """Equality that copes with attributes that are arrays."""

    def as_text(graph):
        return [replace(n, attributes={k: str(v) for k, v in n.attributes.items()}) for n in graph.nodes]

    return a.values == b.values and as_text(a) == as_text(b)


@pytest.mark.parametrize("name", ["large/resnet50_qdq", "large/bert_qdq"])
def test_quantised_weights_keep_their_int8_tensor_and_its_dequantize_node(name):
    graph = load_named(name)
    producer = {o: n for n in graph.nodes for o in n.outputs}
    found = 0
    for node in graph.nodes:
        if node.op_type in ("Conv", "Gemm", "MatMul") and graph.values[node.inputs[1]].constant:
            source = producer[node.inputs[1]]
            assert source.op_type in ("DequantizeLinear", "Transpose")
            while source.op_type != "DequantizeLinear":
                source = producer[source.inputs[0]]
            assert graph.values[source.inputs[0]].dtype.name == "INT8"
            assert graph.values[source.outputs[0]].dtype.name == "FLOAT"
            found += 1
    assert found > 40
