"""ONNX Runtime's contributed ops: shapes as ONNX Runtime itself makes them; what is listed is covered."""

import numpy as np
import pytest
from onnx import helper, numpy_helper

from npusim import hardware, load, simulate
from npusim.loading.rules import RULES
from npusim.ops import known_ops
from tests.loading.make import save

MS = "com.microsoft"
LUNAR_LAKE = hardware("lunar_lake")
F, U8, I32, I64 = np.float32, np.uint8, np.int32, np.int64


def zeros(*shape, dtype=F):
    return np.zeros(shape, dtype)


ONE, NOUGHT = np.array(0.1, F), np.array(0, U8)
# op: inputs (activations first run as inputs), how many outputs, attributes
CASES = {
    "MultiHeadAttention": ([zeros(2, 3, 64), zeros(2, 5, 64), zeros(2, 5, 32)], 1, {"num_heads": 4}),
    "MultiHeadAttention past": (
        [zeros(1, 1, 64), zeros(1, 1, 64), zeros(1, 1, 64), None, None, None, zeros(1, 4, 15, 16), zeros(1, 4, 15, 16)],
        3, {"num_heads": 4},
    ),
    "MultiHeadAttention packed": ([zeros(2, 3, 4, 3, 16)], 1, {"num_heads": 4}),
    "Attention": ([zeros(1, 8, 64), zeros(64, 128), zeros(128)], 1, {"num_heads": 4, "qkv_hidden_sizes": [32, 32, 64]}),
    "Attention past": (
        [zeros(1, 2, 64), zeros(64, 192), zeros(192), None, zeros(2, 1, 4, 6, 16)], 2,
        {"num_heads": 4, "unidirectional": 1},
    ),
    "GroupQueryAttention": (
        [zeros(1, 1, 64), zeros(1, 1, 32), zeros(1, 1, 32), zeros(1, 2, 7, 16), zeros(1, 2, 7, 16),
         np.array([7], I32), np.array(8, I32)], 3, {"num_heads": 4, "kv_num_heads": 2},
    ),
    "EmbedLayerNormalization": (
        [zeros(1, 8, dtype=I32), zeros(1, 8, dtype=I32), zeros(30, 64), zeros(12, 64), zeros(2, 64), zeros(64),
         zeros(64), np.ones((1, 8), I32)], 2, {},
    ),
    "FusedGemm": ([zeros(8, 64), zeros(32, 64)], 1, {"transB": 1, "activation": "Relu"}),
    "FusedMatMul": ([zeros(2, 64, 8), zeros(2, 64, 5)], 1, {"transA": 1}),
    "QLinearConcat": (
        [ONE, NOUGHT, zeros(1, 16, 8, 8, dtype=U8), ONE, NOUGHT, zeros(1, 8, 8, 8, dtype=U8), ONE, NOUGHT], 1,
        {"axis": 1},
    ),
    "QLinearAveragePool": (
        [zeros(1, 3, 9, 7, dtype=U8), ONE, NOUGHT, ONE, NOUGHT], 1,
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]},
    ),
    "QLinearAdd": ([zeros(2, 1, 4, dtype=U8), ONE, NOUGHT, zeros(3, 1, dtype=U8), ONE, NOUGHT, ONE, NOUGHT], 1, {}),
    "DynamicQuantizeLSTM": (
        [zeros(5, 2, 6), zeros(1, 6, 32, dtype=U8), zeros(1, 8, 32, dtype=U8), zeros(1, 64), None, None, None, None,
         zeros(1) + F(0.1), zeros(1, dtype=U8), zeros(1) + F(0.1), zeros(1, dtype=U8)], 3, {"hidden_size": 8},
    ),
    "MoE": (
        [zeros(6, 16), zeros(6, 4), zeros(4, 32, 16), None, zeros(4, 16, 32)], 1, {"k": 2, "activation_type": "gelu"},
    ),
    "BiasGelu": ([zeros(2, 3, 8), zeros(8)], 1, {}),
    "SkipLayerNormalization": ([zeros(2, 3, 8), zeros(2, 3, 8), zeros(8), zeros(8)], 1, {}),
    "MatMulNBits": (
        [zeros(2, 5, 64), zeros(32, 2, 16, dtype=U8), zeros(64)], 1, {"K": 64, "N": 32, "bits": 4, "block_size": 32},
    ),
    "GatherBlockQuantized": (
        [zeros(30, 32, dtype=U8), zeros(1, 5, dtype=I64), zeros(30, 2)], 1,
        {"bits": 4, "block_size": 32, "gather_axis": 0, "quantize_axis": 1},
    ),
    "QuickGelu": ([zeros(2, 8)], 1, {}),
    "RotaryEmbedding": ([zeros(1, 4, 64), zeros(1, 4, dtype=I64), zeros(8, 8), zeros(8, 8)], 1, {"num_heads": 4}),
    "Inverse": ([zeros(2, 3, 3) + np.eye(3, dtype=F)], 1, {}),
    "BiasSplitGelu": ([zeros(1, 3, 2560), zeros(2560)], 1, {}),
}  # fmt: skip


def build(name):
    inputs, outputs, attributes = CASES[name]
    names = ["" if v is None else f"x{i}" for i, v in enumerate(inputs)]
    infos, weights, feeds = [], [], {}
    for key, value in zip(names, inputs, strict=True):
        if value is None:
            continue
        if value.ndim < 2:
            weights.append(numpy_helper.from_array(value, key))
        else:
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            infos.append(helper.make_tensor_value_info(key, kind, list(value.shape)))
            feeds[key] = value
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(name.split()[0], names, results, domain=MS, **attributes)
    outs = [helper.make_empty_tensor_value_info(r) for r in results]
    graph = helper.make_graph([node], "g", infos, outs, weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), feeds


@pytest.mark.parametrize("name", CASES)
def test_shapes_are_those_onnxruntime_makes_and_there_is_a_price(tmp_path, name):
    proto, feeds = build(name)
    path = save(proto, tmp_path)
    graph = load(path)
    assert simulate(graph, LUNAR_LAKE).latency_us > 0
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        expected = [r.shape for r in session.run(None, feeds)]
    except Exception as error:  # ops and forms that only a GPU has
        assert "implement" in str(error).lower() or "Unrecognized attribute" in str(error), error
        pytest.skip("this onnxruntime has it on a GPU only, or in another form")
    assert [graph.values[o].shape for o in graph.outputs] == expected


def test_what_is_listed_loads_and_what_has_a_shape_has_a_cost():
    costs = {i.op for i in known_ops() if i.domain == MS}
    shapes = {key.removeprefix(f"{MS}.") for key in RULES if key.startswith(f"{MS}.")}
    assert costs == shapes


def test_the_page_of_covered_ops_is_up_to_date():
    import importlib.util
    from pathlib import Path

    import onnx

    path = Path(__file__).resolve().parents[2] / "docs" / "make_coverage.py"
    spec = importlib.util.spec_from_file_location("make_coverage", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    if f"ONNX {'.'.join(onnx.__version__.split('.')[:2])}" not in made.PAGE.read_text("utf-8"):
        pytest.skip("the page was written with another onnx")
    assert made.PAGE.read_text("utf-8") == made.page(), "run python docs/make_coverage.py"
