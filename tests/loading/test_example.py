"""The example graph: a real Mamba-2 block, the same every time it is made."""

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from npusim.onnx_io import load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILE = EXAMPLES / "mamba2_small.onnx"
spec = importlib.util.spec_from_file_location("make_mamba2", EXAMPLES / "make_mamba2.py")
assert spec is not None and spec.loader is not None
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)


def test_making_the_example_again_gives_the_file_that_is_there():
    assert example.make() == onnx.load(FILE)


def test_the_example_is_small_and_holds_the_ops_the_rewrites_are_about():
    graph = load(FILE)
    count = Counter(node.op_type for node in graph.nodes)
    assert FILE.stat().st_size < 300_000
    assert (count["CumSum"], count["ReduceSum"], count["Softplus"], count["Conv"]) == (3, 6, 1, 1)
    assert graph.values["y"].shape == (1, example.LENGTH, example.HIDDEN)
    assert graph.folded == 1  # Unsqueeze of the weight D


def silu(x):
    return x / (1 + np.exp(-x))


def rms_norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + example.EPSILON) * weight


def recurrent(x, w):
    """The block token by token, in float64: h = exp(A dt) h + dt B x, y = C h + D x."""
    inner, state, heads = example.INNER, example.STATE, example.HEADS
    projected = rms_norm(x, w["norm"]) @ w["in_proj"]
    gate, xbc, dt = np.split(projected, [inner, 2 * inner + 2 * state], axis=-1)
    padded = np.pad(xbc, ((example.KERNEL - 1, 0), (0, 0)))
    taps = [padded[k : k + len(x)] * w["conv1d"][:, 0, k] for k in range(example.KERNEL)]
    xbc = silu(sum(taps) + w["conv1d_bias"])
    u, B, C = np.split(xbc, [inner, inner + state], axis=-1)
    dt = np.log1p(np.exp(dt + w["dt_bias"]))
    h = np.zeros((heads, example.HEAD_SIZE, state))
    ys = []
    for t in range(len(x)):
        ut = u[t].reshape(heads, -1)
        h = np.exp(w["A"] * dt[t])[:, None, None] * h + (dt[t][:, None] * ut)[:, :, None] * B[t]
        ys.append((h @ C[t] + w["D"][:, None] * ut).reshape(-1))
    return x + rms_norm(np.array(ys) * silu(gate), w["gated_norm"]) @ w["out_proj"]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_example_computes_a_state_space_model(seed):
    ort = pytest.importorskip("onnxruntime")
    x = np.random.default_rng(seed).normal(size=(1, example.LENGTH, example.HIDDEN)).astype(np.float32)
    session = ort.InferenceSession(str(FILE), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x})
    expected = recurrent(x[0].astype(np.float64), example.weights())
    assert np.abs(y[0] - expected).max() < 1e-4 * np.abs(expected).max()
    assert np.abs(expected - x[0]).max() > 0.1  # the block does something
