"""Random small graphs of the kinds people export, as ONNX models."""

import numpy as np
from hypothesis import strategies as st

from tests.graphs import loaded, model, node, weights

UNARY = ["Relu", "Sigmoid", "Softplus", "Exp", "Tanh", "Sqrt", "Neg", "Softmax"]


@st.composite
def graphs(draw, most=8, sizes=(1, 4, 7, 16, 33, 64, 128, 300)):
    """A chain with side branches over [rows, width] tensors: products, sums, scans, norms, moves."""
    rows = draw(st.sampled_from(sizes))
    width = draw(st.sampled_from(sizes))
    nodes, constants = [], {}
    live = [("x", (rows, width))]
    for k in range(draw(st.integers(1, most))):
        name, out = draw(st.sampled_from(live)), f"t{k}"
        x, shape = name
        kind = draw(
            st.sampled_from(["MatMul", "unary", "Add", "Mul", "CumSum", "ReduceSum", "Transpose", "scale"])
        )
        if kind == "MatMul":
            n = draw(st.sampled_from(sizes))
            constants[f"w{k}"] = weights(shape[1], n, seed=k)
            nodes.append(node("MatMul", f"{x} w{k}", out))
            shape = (shape[0], n)
        elif kind == "unary":
            nodes.append(node(draw(st.sampled_from(UNARY)), x, out))
        elif kind in ("Add", "Mul"):
            other = draw(st.sampled_from([n for n, s in live if s == shape]))
            nodes.append(node(kind, f"{x} {other}", out))
        elif kind == "scale":
            constants[f"c{k}"] = weights(shape[1], seed=k)
            nodes.append(node(draw(st.sampled_from(["Mul", "Add", "Sub"])), f"{x} c{k}", out))
        elif kind == "CumSum":
            constants[f"a{k}"] = np.array(draw(st.sampled_from([0, 1, -1])))
            nodes.append(node("CumSum", f"{x} a{k}", out))
        elif kind == "ReduceSum":
            axis = draw(st.sampled_from([0, 1]))
            constants[f"a{k}"] = np.array([axis])
            nodes.append(node("ReduceSum", f"{x} a{k}", out))
            shape = (1, shape[1]) if axis == 0 else (shape[0], 1)
        else:
            nodes.append(node("Transpose", x, out, perm=[1, 0]))
            shape = (shape[1], shape[0])
        live.append((out, shape))
    read = {i for n in nodes for i in n.input}
    outputs = [n for n, _ in live[1:] if n not in read]
    return loaded(model(nodes, {"x": [rows, width]}, outputs, constants))
