"""Write one layer of Mamba 130M as PyTorch's exporter writes it: the scan unrolled token by token.

The Hugging Face model code loops over tokens in Python, so every token gets its own nodes (4 Gather, 2
Unsqueeze, Mul, Add, MatMul) and there is no CumSum and no ReduceSum. Weights are random and seeded.

    python examples/make_mamba1.py [tokens] [output.onnx]      # 4 tokens, mamba1_130m_layer.onnx
"""

from __future__ import annotations

import pathlib
import sys
from typing import NamedTuple

import numpy as np
from make_mamba2 import Block
from onnx import ModelProto


class Sizes(NamedTuple):
    """Extents of the layer; the defaults are those of Mamba 130M (its config.json). The vocabulary is cut
    short: an embedding costs the rows it is asked for."""

    length: int = 4
    hidden: int = 768
    inner: int = 1536
    state: int = 16
    rank: int = 48
    kernel: int = 4
    vocabulary: int = 512


def weights(seed: int, s: Sizes) -> dict[str, np.ndarray]:
    """The weights by name; matrices are scaled to keep the variance."""
    rng = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.normal(size=(rows, columns)) / np.sqrt(rows)

    return {
        "embedding": rng.normal(size=(s.vocabulary, s.hidden)),
        "norm": rng.uniform(0.5, 1.5, s.hidden),
        "in_proj": matrix(s.hidden, 2 * s.inner),
        "conv1d": rng.normal(size=(s.inner, 1, s.kernel)) / np.sqrt(s.kernel),
        "conv1d_bias": rng.normal(size=s.inner) * 0.1,
        "x_proj": matrix(s.inner, s.rank + 2 * s.state),
        "dt_proj": matrix(s.rank, s.inner),
        "dt_bias": rng.uniform(-4.0, -1.0, s.inner),
        "A": -rng.uniform(1.0, 8.0, (1, s.inner, 1, s.state)),
        "D": rng.uniform(0.5, 1.5, (1, s.inner, 1)),
        "out_proj": matrix(s.inner, s.hidden),
        "final_norm": rng.uniform(0.5, 1.5, s.hidden),
    }


def layer(b: Block, s: Sizes) -> None:
    """Add the layer; the last node gives its output. Shapes in the comments: b batch, t token, d channel, n state."""
    start = b.Gather("embedding", "x", axis=0)
    projected = b.Transpose(b.MatMul(b.rms_norm(start, "norm"), "in_proj"), perm=[0, 2, 1])
    x = b.Slice(projected, [0], [s.inner], [1])  # b d t
    gate = b.Slice(projected, [s.inner], [2 * s.inner], [1])
    conv = b.Conv(
        x,
        "conv1d",
        "conv1d_bias",
        group=s.inner,
        pads=[s.kernel - 1, s.kernel - 1],
        kernel_shape=[s.kernel],
    )
    x = b.silu(b.Slice(conv, [0], [s.length], [2]))

    parameters = b.MatMul(b.Transpose(x, perm=[0, 2, 1]), "x_proj")
    dt, B, C = b.Split(parameters, [s.rank, s.state, s.state], axis=2, outputs=3)
    dt = b.Softplus(b.Add("dt_bias", b.MatMul(dt, "dt_proj")))
    dt = b.Unsqueeze(b.Transpose(dt, perm=[0, 2, 1]), [3])  # b d t 1
    decay = b.Exp(b.Mul("A", dt))  # b d t n
    inputs = b.Mul(b.Mul(dt, b.Unsqueeze(B, [1])), b.Unsqueeze(x, [3]))  # b d t n

    state = np.zeros((1, s.inner, s.state), np.float32)
    outputs = []
    for t in range(s.length):
        state = b.Mul(b.Gather(decay, t, axis=2), state)
        state = b.Add(state, b.Gather(inputs, t, axis=2))
        out = b.MatMul(state, b.Unsqueeze(b.Gather(C, t, axis=1), [2]))
        outputs.append(b.Gather(out, 0, axis=2))
    columns = [b.Unsqueeze(y, [2]) for y in outputs]
    y = b.Concat(*columns, axis=2) if s.length > 1 else columns[0]

    y = b.Add(y, b.Mul(x, "D"))
    y = b.Mul(y, b.silu(gate))
    y = b.Add(start, b.MatMul(b.Transpose(y, perm=[0, 2, 1]), "out_proj"))
    b.rms_norm(y, "final_norm")


def make(tokens: int = 4, seed: int = 0) -> ModelProto:
    """The model, opset 17: input `x` int64 [1, tokens], output `y` float32 [1, tokens, hidden]."""
    s = Sizes(length=tokens)
    b = Block()
    layer(b, s)
    return b.model("mamba1_layer", weights(seed, s), s.length, s.hidden, tokens=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    default = pathlib.Path(__file__).with_name("mamba1_130m_layer.onnx")
    path = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else default
    path.write_bytes(make(count).SerializeToString(deterministic=True))
    print(f"{path.name}: {path.stat().st_size} bytes")
