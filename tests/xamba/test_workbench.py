"""Constants of a workbench: what is given up is dropped, what is read is kept, and no name is taken twice."""

import onnx_ir as ir
from hypothesis import given
from hypothesis import strategies as st

from xamba.workbench import Workbench


def reshaped() -> ir.Model:
    """A model of one Reshape, whose shape an edit may exchange in place."""
    x = ir.Value(name="x", shape=ir.Shape([6]), type=ir.TensorType(ir.DataType.FLOAT))
    whole = ir.Value(name="whole", const_value=ir.tensor([2, 3], name="whole"))
    node = ir.node("Reshape", [x, whole])
    node.outputs[0].name = "y"
    return ir.Model(
        ir.Graph([x], [node.outputs[0]], nodes=[node], initializers=[whole], opset_imports={"": 18}),
        ir_version=10,
    )


@given(st.lists(st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.booleans()), max_size=8))
def test_names_stay_apart_whatever_is_given_up(edits):
    model = reshaped()
    bench, node = Workbench(model, "test"), next(iter(model.graph))
    for numbers, stays in edits:
        made = bench.ints(numbers, "lengths")
        assert made.const_value.numpy().tolist() == numbers
        if stays:
            node.replace_input_with(1, made)
        bench.discard()
        assert model.graph.initializers[node.inputs[1].name] is node.inputs[1]
