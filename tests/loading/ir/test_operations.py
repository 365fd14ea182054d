"""What is read of OpenVINO's operations, and that each has a case."""

from math import prod

import pytest

import npusim
from npusim.errors import UnknownOp
from npusim.loading.ir.front import translations
from npusim.loading.ir.operations import INTERNAL, OPSET_OF, STRUCTURE, UNPRICED, refusal
from tests.loading.ir.cases import CASES
from tests.loading.ir.make import constant, edge, layer, net, parameter, port, result, save

#: Read, and asked in other tests than the cases: states, shapes that depend on data, a mistake of opset 1's own.
ELSEWHERE = {"Assign", "ReadValue", "NonMaxSuppression", "NonZero", "Unique"}
#: Other spellings of the files, and an operation of OpenVINO's own that no opset has.
MORE = {"Relu", "PRelu", "Softmax", "LogSoftMax", "RMS", "RoPE"}


def test_every_operation_is_read_or_refused_with_a_reason_never_both():
    known = translations().keys()
    assert OPSET_OF.keys() == (known - MORE) | STRUCTURE | UNPRICED.keys()
    assert not known & UNPRICED.keys() and not known & STRUCTURE


def test_every_operation_that_is_read_has_a_case():
    asked = {name.split(" ")[0] for name in CASES}
    assert translations().keys() - MORE - ELSEWHERE <= asked


def test_each_operation_without_a_price_has_one_sentence():
    for name in (*UNPRICED, *INTERNAL):
        said = refusal(name)
        assert ":" in said and len(said) < 140 and not said.endswith("."), name
    assert not refusal("Add")


@pytest.mark.parametrize("kind", ["MulticlassNms", "PagedAttentionExtension", "MatrixNms"])
def test_one_whose_shape_is_free_is_refused_with_what_to_do(kind, tmp_path):
    inside = f"<input>{port(0, (2, 3))}</input><output>{port(1, (-1, 6), names='y')}</output>"
    layers = [parameter(0), layer(1, kind, "boxes", inside), result(2, (-1, 6))]
    path = save(tmp_path, net(layers, [edge(0, 0, 1, 0), edge(1, 1, 2, 0)]))
    with pytest.raises(UnknownOp, match=rf"layer 'boxes' \({kind}\): .*: (cut the model|export it)"):
        npusim.load(path)


def of_two(kind, sizes, others, data, tmp_path):
    """A layer of an operation that only OpenVINO itself makes, with constants beside x."""
    ports = port(0, sizes) + "".join(port(i + 1, s) for i, s in enumerate(others))
    inside = f"<input>{ports}</input><output>{port(9, sizes, names='y')}</output>"
    made = [
        constant(i + 2, 0, 4 * prod(s), ",".join(map(str, s)), "f32", f"c{i}") for i, s in enumerate(others)
    ]
    text = ",".join(map(str, sizes))
    layers = [
        parameter(0, text, sizes=sizes),
        *made,
        layer(1, kind, "own", inside, data, "extension"),
        result(8, sizes),
    ]
    edges = [edge(0, 0, 1, 0), *(edge(i + 2, 0, 1, i + 1) for i in range(len(others))), edge(1, 9, 8, 0)]
    return npusim.load(save(tmp_path, net(layers, edges)))


def test_operations_of_openvinos_own(tmp_path):
    """RMS and RoPE, which its transformations put into a model, are the kernels that compiled patterns become."""
    graph = of_two("RMS", (1, 5, 8), [(8,)], 'epsilon="1e-5"', tmp_path)
    assert [n.op_type for n in graph.nodes] == ["RMSNormalization"]
    assert npusim.simulate(graph).latency_us > 0
    table = (1, 1, 5, 8)
    graph = of_two("RoPE", (1, 2, 5, 8), [table, table], 'rotary_ndims="8"', tmp_path)
    assert graph.values[graph.outputs[0]].shape == (1, 2, 5, 8)
    assert sorted(n.op_type for n in graph.nodes) == ["Add", "Concat", "Mul", "Mul", "Neg", "Slice", "Slice"]
    assert npusim.simulate(graph).latency_us > 0
    other = of_two("RoPE", (1, 2, 5, 8), [table, table], 'is_qwen="true"', tmp_path)
    with pytest.raises(UnknownOp, match="RoPE"):
        npusim.simulate(other)
