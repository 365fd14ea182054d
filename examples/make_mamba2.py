"""Write a Mamba-2 block as PyTorch's exporter writes it, with seeded random weights.

The block follows the chunked scan of the Hugging Face model code (and Listing 1 of the Mamba-2 paper): a
depthwise convolution, SiLU, a segment sum per chunk, contractions as Mul + ReduceSum, the state passed from
chunk to chunk, a gated RMSNorm. 3 CumSum and 6 ReduceSum, the ops the XAMBA rewrites are about.

    python examples/make_mamba2.py [output.onnx]            # `SMALL`, mamba2_small.onnx beside this file
    python examples/make_mamba2.py --130m [output.onnx]     # `M130`, one layer of Mamba-2 130M, 4 tokens
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

EPSILON = 1e-5


class Sizes(NamedTuple):
    """Extents of a block. `length` tokens, padded with zeros to a multiple of `chunk`; `hidden` is the model's
    width, `inner` the width inside the mixer. With a `vocabulary` the block is a whole one-layer model: token
    numbers in, an embedding in front, a norm behind, and what the Hugging Face code does besides (step sizes
    through a thresholded Softplus and a Clip, an Expand that changes nothing)."""

    length: int = 32
    chunk: int = 16
    hidden: int = 64
    inner: int = 128
    heads: int = 4
    state: int = 16
    kernel: int = 4
    vocabulary: int = 0

    @property
    def head_size(self) -> int:
        return self.inner // self.heads

    @property
    def chunks(self) -> int:
        return -(-self.length // self.chunk)

    @property
    def channels(self) -> int:
        """Channels of the convolution: x, B and C."""
        return self.inner + 2 * self.state


SMALL = Sizes()
#: One layer of Mamba-2 130M (its config.json) on the 4 tokens of the XAMBA authors' script, padded to one chunk.
#: The vocabulary is cut short: an embedding costs the rows it is asked for.
M130 = Sizes(4, 256, 768, 1536, 24, 128, 4, vocabulary=512)

LENGTH, CHUNK, HIDDEN, INNER = SMALL.length, SMALL.chunk, SMALL.hidden, SMALL.inner
HEADS, STATE, KERNEL, HEAD_SIZE, CHUNKS = (
    SMALL.heads,
    SMALL.state,
    SMALL.kernel,
    SMALL.head_size,
    SMALL.chunks,
)


def weights(seed: int = 0, s: Sizes = SMALL) -> dict[str, np.ndarray]:
    """The weights by name; matrices are scaled to keep the variance."""
    rng = np.random.default_rng(seed)
    found = {
        "norm": rng.uniform(0.5, 1.5, s.hidden),
        "in_proj": rng.normal(size=(s.hidden, s.inner + s.channels + s.heads)) / np.sqrt(s.hidden),
        "conv1d": rng.normal(size=(s.channels, 1, s.kernel)) / np.sqrt(s.kernel),
        "conv1d_bias": rng.normal(size=s.channels) * 0.1,
        "dt_bias": rng.uniform(-4.0, -1.0, s.heads),
        "A": -rng.uniform(1.0, 8.0, s.heads),
        "D": rng.uniform(0.5, 1.5, s.heads),
        "gated_norm": rng.uniform(0.5, 1.5, s.inner),
        "out_proj": rng.normal(size=(s.inner, s.hidden)) / np.sqrt(s.inner),
    }
    if s.vocabulary:
        found["embedding"] = rng.normal(size=(s.vocabulary, s.hidden))
        found["final_norm"] = rng.uniform(0.5, 1.5, s.hidden)
    return found


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

    def model(
        self, name: str, weights: dict[str, np.ndarray], length: int, hidden: int, tokens: bool
    ) -> ModelProto:
        """The nodes so far as a model; the last one gives the result `y`."""
        self.nodes[-1].output[0] = "y"
        tensors = {n: value.astype(np.float32) for n, value in weights.items()} | self.constants
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, length, hidden])
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, length, hidden])
        if tokens:
            x = helper.make_tensor_value_info("x", TensorProto.INT64, [1, length])
        initializers = [numpy_helper.from_array(value, n) for n, value in tensors.items()]
        graph = helper.make_graph(self.nodes, name, [x], [y], initializers)
        return helper.make_model(
            graph,
            producer_name="make_mamba2",
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )


def chunked(b: Block, x: str, s: Sizes, shape: list[int]) -> str:
    """x [1, length, *shape] with zeros behind the last token, as [1, chunks, chunk, *shape]."""
    return b.Reshape(padded(b, x, s, len(shape)), [1, s.chunks, s.chunk, *shape])


def padded(b: Block, x: str, s: Sizes, rest: int) -> str:
    """x [1, length, and `rest` more axes] with zeros behind the last token, up to whole chunks."""
    missing = s.chunks * s.chunk - s.length
    if not missing:
        return x
    return b.Pad(x, [0] * (rest + 3) + [missing] + [0] * rest, 0.0, mode="constant")


def step_sizes(b: Block, dt: str, s: Sizes) -> str:
    """softplus(dt + bias); as exported, with a threshold at 20 and a lower limit."""
    x = b.Add(dt, "dt_bias")
    if not s.vocabulary:
        return b.Softplus(x)
    smooth = b.Softplus(x)
    return b.Clip(b.Where(b.Greater(x, 20.0), x, smooth), 0.0, 3.4e38)


def per_head(b: Block, x: str, s: Sizes) -> str:
    """B or C [1, length, state], the same for all heads, as b c l h n."""
    x = b.Reshape(x, [1, s.length, 1, s.state])
    x = b.Expand(x, [1, s.length, 1, s.state]) if s.vocabulary else x
    return chunked(b, b.Tile(x, [1, 1, s.heads, 1]), s, [s.heads, s.state])


def block(b: Block, s: Sizes = SMALL) -> None:
    """Add the whole block; the last node gives its output. Shapes in the comments:
    b batch, c chunk, l and s place in a chunk, h head, p place in a head, n state."""
    start = b.Gather("embedding", "x", axis=0) if s.vocabulary else "x"
    projected = b.MatMul(b.rms_norm(start, "norm"), "in_proj")
    gate, xbc, dt = b.Split(projected, [s.inner, s.channels, s.heads], axis=2, outputs=3)

    conv = b.Conv(
        b.Transpose(xbc, perm=[0, 2, 1]),
        "conv1d",
        "conv1d_bias",
        group=s.channels,
        pads=[s.kernel - 1, s.kernel - 1],
        kernel_shape=[s.kernel],
    )
    xbc = b.silu(b.Transpose(b.Slice(conv, [0], [s.length], [2]), perm=[0, 2, 1]))
    x, state_in, state_out = b.Split(xbc, [s.inner, s.state, s.state], axis=2, outputs=3)
    dt = step_sizes(b, dt, s)  # b (c l) h

    heads = b.Reshape(x, [1, s.length, s.heads, s.head_size])
    skip = b.Mul(b.Unsqueeze("D", [-1]), padded(b, heads, s, 2))
    x = chunked(b, b.Mul(heads, b.Unsqueeze(dt, [-1])), s, [s.heads, s.head_size])  # b c l h p
    B, C = per_head(b, state_in, s), per_head(b, state_out, s)  # b c l h n

    decay = chunked(b, b.Mul("A", dt), s, [s.heads])
    decay = b.Transpose(decay, perm=[0, 3, 1, 2])  # b h c l
    summed = b.CumSum(decay, -1)

    # Inside each chunk: M[l, s] = (C_l . B_s) * decay from s to l, then Y = M x.
    mask = b.segment_sum(decay, (1, s.heads, s.chunks, s.chunk))
    mask = b.Transpose(mask, perm=[0, 2, 3, 4, 1])  # b c l s h
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
    states = b.Concat(np.zeros((1, 1, s.heads, s.head_size, s.state), np.float32), states, axis=1)
    last = b.Pad(b.Gather(summed, s.chunk - 1, axis=3), [0, 0, 1, 0, 0, 0], 0.0)  # b h 1+c
    between = b.Transpose(b.segment_sum(last, (1, s.heads, s.chunks + 1)), perm=[0, 3, 2, 1])
    carried = b.sum(b.Mul(b.Unsqueeze(between, [-1, -2]), b.Unsqueeze(states, [2])), 1)
    carried = b.Slice(carried, [0], [-1], [1])

    # What earlier chunks add to this one.
    earlier = b.sum(b.Mul(b.Unsqueeze(C, [-2]), b.Unsqueeze(carried, [2])), -1)  # b c l h p
    earlier = b.Mul(earlier, b.Unsqueeze(b.Transpose(b.Exp(summed), perm=[0, 2, 3, 1]), [-1]))

    y = b.Reshape(b.Add(inside, earlier), [1, s.chunks * s.chunk, s.heads, s.head_size])
    y = b.Add(y, skip)
    if s.length % s.chunk:
        y = b.Slice(y, [0], [s.length], [1])
    y = b.Mul(b.Reshape(y, [1, s.length, s.inner]), b.silu(gate))
    y = b.Add(start, b.MatMul(b.rms_norm(y, "gated_norm"), "out_proj"))
    if s.vocabulary:
        b.rms_norm(y, "final_norm")


def make(seed: int = 0, s: Sizes = SMALL) -> ModelProto:
    """The model, opset 17: input `x` float32 [1, length, hidden] (token numbers int64 [1, length] with a
    vocabulary), output `y` float32 [1, length, hidden]."""
    b = Block()
    block(b, s)
    return b.model("mamba2_block", weights(seed, s), s.length, s.hidden, bool(s.vocabulary))


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--130m"]
    sizes, name = (M130, "mamba2_130m_layer.onnx") if "--130m" in sys.argv else (SMALL, "mamba2_small.onnx")
    path = pathlib.Path(given[0]) if given else pathlib.Path(__file__).with_name(name)
    path.write_bytes(make(s=sizes).SerializeToString(deterministic=True))
    print(f"{path.name}: {path.stat().st_size} bytes")
