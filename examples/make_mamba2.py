"""Write `mamba2_small.onnx`: one Mamba-2 block as PyTorch's exporter writes it, with seeded random weights.

The block follows the chunked scan of the Hugging Face model code (and Listing 1 of the Mamba-2 paper): a
depthwise convolution, SiLU, a segment sum per chunk, contractions as Mul + ReduceSum, the state passed from
chunk to chunk, a gated RMSNorm. 3 CumSum and 6 ReduceSum, the ops the XAMBA rewrites are about.

    python examples/make_mamba2.py [output.onnx]
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

LENGTH, CHUNK = 32, 16  # tokens, tokens per chunk
HIDDEN, INNER = 64, 128  # model width, width inside the mixer
HEADS, STATE, KERNEL = 4, 16, 4
HEAD_SIZE, CHUNKS = INNER // HEADS, LENGTH // CHUNK
EPSILON = 1e-5


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    """The weights by name; matrices are scaled to keep the variance."""
    rng = np.random.default_rng(seed)
    channels = INNER + 2 * STATE
    return {
        "norm": rng.uniform(0.5, 1.5, HIDDEN),
        "in_proj": rng.normal(size=(HIDDEN, INNER + channels + HEADS)) / np.sqrt(HIDDEN),
        "conv1d": rng.normal(size=(channels, 1, KERNEL)) / np.sqrt(KERNEL),
        "conv1d_bias": rng.normal(size=channels) * 0.1,
        "dt_bias": rng.uniform(-4.0, -1.0, HEADS),
        "A": -rng.uniform(1.0, 8.0, HEADS),
        "D": rng.uniform(0.5, 1.5, HEADS),
        "gated_norm": rng.uniform(0.5, 1.5, INNER),
        "out_proj": rng.normal(size=(INNER, HIDDEN)) / np.sqrt(INNER),
    }


class Block:
    """Nodes and constants so far. `block.Add(a, b)` adds an Add and returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}

    def __getattr__(self, op_type: str) -> Any:
        if not op_type[0].isupper():
            raise AttributeError(op_type)

        def add(*inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
            name = f"{op_type}_{sum(n.op_type == op_type for n in self.nodes)}"
            names = [name] if outputs == 1 else [f"{name}:{i}" for i in range(outputs)]
            sources = [i if isinstance(i, str) else self.constant(i) for i in inputs]
            self.nodes.append(helper.make_node(op_type, sources, names, name=f"/mixer/{name}", **attributes))
            return names[0] if outputs == 1 else names

        return add

    def constant(self, value: Any) -> str:
        """A constant for ints (int64), floats (float32) and arrays; equal ones are shared."""
        array = np.asarray(value)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array
        for name, known in self.constants.items():
            if known.dtype == array.dtype and known.shape == array.shape and np.array_equal(known, array):
                return name
        name = f"const_{len(self.constants)}"
        self.constants[name] = array
        return name

    def silu(self, x: str) -> str:
        return self.Mul(x, self.Sigmoid(x))

    def rms_norm(self, x: str, weight: str) -> str:
        mean = self.ReduceMean(self.Pow(x, 2.0), axes=[-1], keepdims=1)
        return self.Mul(weight, self.Mul(x, self.Reciprocal(self.Sqrt(self.Add(mean, EPSILON)))))

    def sum(self, x: str, axis: int) -> str:
        return self.ReduceSum(x, [axis], keepdims=0)

    def segment_sum(self, x: str, shape: tuple[int, ...]) -> str:
        """exp of the sums of x[j+1..i] below the diagonal, 0 above: x is (..., l), the result (..., l, l)."""
        size = shape[-1]
        above = ~np.tril(np.ones((size, size), bool), -1)
        wide = self.Expand(self.Unsqueeze(x, [-1]), [*shape, size])
        total = self.CumSum(self.Where(above, 0.0, wide), -2)
        return self.Exp(self.Where(~np.tril(np.ones((size, size), bool)), -np.inf, total))


def block(b: Block) -> None:
    """Add the whole block; the last node gives its output. Shapes in the comments:
    b batch, c chunk, l and s place in a chunk, h head, p place in a head, n state."""
    projected = b.MatMul(b.rms_norm("x", "norm"), "in_proj")
    gate, xbc, dt = b.Split(projected, [INNER, INNER + 2 * STATE, HEADS], axis=2, outputs=3)

    conv = b.Conv(
        b.Transpose(xbc, perm=[0, 2, 1]),
        "conv1d",
        "conv1d_bias",
        group=INNER + 2 * STATE,
        pads=[KERNEL - 1, KERNEL - 1],
        kernel_shape=[KERNEL],
    )
    xbc = b.silu(b.Transpose(b.Slice(conv, [0], [LENGTH], [2]), perm=[0, 2, 1]))
    x, state_in, state_out = b.Split(xbc, [INNER, STATE, STATE], axis=2, outputs=3)
    dt = b.Softplus(b.Add(dt, "dt_bias"))  # b (c l) h

    heads = b.Reshape(x, [1, LENGTH, HEADS, HEAD_SIZE])
    skip = b.Mul(b.Unsqueeze("D", [-1]), heads)
    x = b.Reshape(b.Mul(heads, b.Unsqueeze(dt, [-1])), [1, CHUNKS, CHUNK, HEADS, HEAD_SIZE])  # b c l h p
    chunked = [1, CHUNKS, CHUNK, HEADS, STATE]
    per_head = [
        b.Reshape(b.Tile(b.Reshape(t, [1, LENGTH, 1, STATE]), [1, 1, HEADS, 1]), chunked)
        for t in (state_in, state_out)
    ]
    B, C = per_head  # b c l h n

    decay = b.Reshape(b.Mul("A", dt), [1, CHUNKS, CHUNK, HEADS])
    decay = b.Transpose(decay, perm=[0, 3, 1, 2])  # b h c l
    summed = b.CumSum(decay, -1)

    # Inside each chunk: M[l, s] = (C_l . B_s) * decay from s to l, then Y = M x.
    mask = b.Transpose(b.segment_sum(decay, (1, HEADS, CHUNKS, CHUNK)), perm=[0, 2, 3, 4, 1])  # b c l s h
    product = b.Mul(b.Unsqueeze(C, [3]), b.Unsqueeze(B, [2]))  # b c l s h n
    scores = b.sum(product, -1)
    scores = b.sum(
        b.Mul(b.Unsqueeze(scores, [-1]), b.Unsqueeze(mask, [-1])), -1
    )  # an axis of size 1, as in HF
    inside = b.sum(b.Mul(b.Unsqueeze(scores, [-1]), b.Unsqueeze(x, [2])), 3)  # b c l h p

    # The state at the end of each chunk, carried from chunk to chunk.
    rest = b.Exp(b.Sub(b.Slice(summed, [-1], [np.iinfo(np.int64).max], [3]), summed))
    weighted = b.Mul(B, b.Unsqueeze(b.Transpose(rest, perm=[0, 2, 3, 1]), [-1]))
    states = b.sum(b.Mul(b.Unsqueeze(weighted, [-2]), b.Unsqueeze(x, [-1])), 2)  # b c h p n
    states = b.Concat(np.zeros((1, 1, HEADS, HEAD_SIZE, STATE), np.float32), states, axis=1)
    last = b.Pad(b.Gather(summed, CHUNK - 1, axis=3), [0, 0, 1, 0, 0, 0], 0.0)  # b h 1+c
    between = b.Transpose(b.segment_sum(last, (1, HEADS, CHUNKS + 1)), perm=[0, 3, 2, 1])
    carried = b.sum(b.Mul(b.Unsqueeze(between, [-1, -2]), b.Unsqueeze(states, [2])), 1)
    carried = b.Slice(carried, [0], [-1], [1])

    # What earlier chunks add to this one.
    earlier = b.sum(b.Mul(b.Unsqueeze(C, [-2]), b.Unsqueeze(carried, [2])), -1)  # b c l h p
    earlier = b.Mul(earlier, b.Unsqueeze(b.Transpose(b.Exp(summed), perm=[0, 2, 3, 1]), [-1]))

    y = b.Add(b.Reshape(b.Add(inside, earlier), [1, LENGTH, HEADS, HEAD_SIZE]), skip)
    y = b.Mul(b.Reshape(y, [1, LENGTH, INNER]), b.silu(gate))
    b.Add("x", b.MatMul(b.rms_norm(y, "gated_norm"), "out_proj"))


def make(seed: int = 0) -> ModelProto:
    """The model: input and output ``x``, ``y`` of shape (1, LENGTH, HIDDEN), float32, opset 17."""
    b = Block()
    block(b)
    b.nodes[-1].output[0] = "y"  # the last node gives the result
    tensors = {name: value.astype(np.float32) for name, value in weights(seed).items()} | b.constants
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, LENGTH, HIDDEN]) for n in ("x", "y")]
    graph = helper.make_graph(
        b.nodes,
        "mamba2_block",
        ends[:1],
        ends[1:],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    return helper.make_model(
        graph, producer_name="make_mamba2", opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )


if __name__ == "__main__":
    default = pathlib.Path(__file__).with_name("mamba2_small.onnx")
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    path.write_bytes(make().SerializeToString(deterministic=True))
    print(f"{path.name}: {path.stat().st_size} bytes")
