"""NF4 as onnxruntime multiplies it, and what it weighs."""

import numpy as np
import pytest

from npusim.errors import BadArgument
from npusim.language import build, counts, from_keys
from npusim.language.storage import NORMAL, SCALES_A_SCALE, normal_floats, storage
from npusim.language.storage import Width as W
from npusim.language.writer import Step, Writer
from tests.language.exports import LLAMA_TINY, run
from tests.language.test_laws import TINY


def largest_of(parts, width):
    """The largest of each block, as it is stored."""
    if width is W.NF4:
        return parts[1]
    return parts[1] * np.repeat(parts[2], SCALES_A_SCALE)[: parts[1].size]


@pytest.mark.parametrize("width", [W.NF4, W.NF4_DOUBLE])
@pytest.mark.parametrize("group", [32, -1])
def test_a_product_by_nf4_is_that_of_its_values(width, group):
    inputs, outputs = 64, 160
    matrix = np.random.default_rng(3).standard_normal((inputs, outputs)).astype(np.float32)
    w = Writer("one", Step(1, 0, 1), storage(width, group, None, None, "fp16"), lambda name, shape: matrix)
    w.float = "float32"  # onnxruntime's kernel for a CPU
    w.input("x", (1, 5, inputs))
    w.output("y", (1, 5, outputs))
    w.product("x", "m", (inputs, outputs), out="y")
    x = np.random.default_rng(4).standard_normal((1, 5, inputs)).astype(np.float32)
    parts = normal_floats(matrix, width, group)
    places = np.stack([parts[0] >> 4, parts[0] & 15], axis=-1).reshape(outputs, -1)
    block = inputs if group == -1 else group
    values = np.array(NORMAL)[places] * np.repeat(
        largest_of(parts, width).reshape(outputs, -1), block, axis=1
    )
    np.testing.assert_allclose(run(w.model, {"x": x})["y"], x @ values.T, rtol=1e-4, atol=1e-4)
    assert (
        np.abs(values - matrix.T).max() < 0.16 * np.abs(matrix).max()
    )  # half of the widest gap of the table


def test_bytes_by_hand():
    """256 x 512 weights: half a byte each; a largest value for 64 in fp16; or in a byte, with 2 bytes for 256."""
    config = from_keys(
        LLAMA_TINY | {"hidden_size": 256, "vocab_size": 512, "tie_word_embeddings": False}, "x"
    )
    found = counts(config)
    head = {
        width: found.weight_bytes("int8", 64, head=width) - found.weight_bytes("int8", 64, head="fp16")
        for width in ("int4", "nf4")
    }
    assert head["nf4"] == head["int4"] == 256 * 512 // 2 + 256 * 512 // 64 * 2 - 256 * 512 * 2
    one, two = (found.weight_bytes(width, 64) for width in ("nf4", "nf4-double"))
    blocks = sum(p.shape[0] * p.shape[1] // 64 for b in config.blocks() for p in b.parameters() if p.matrix)
    blocks += 256 * 512 // 64
    assert one - two == pytest.approx(blocks - blocks / SCALES_A_SCALE * 2, abs=64)


def test_experts_are_refused():
    config = from_keys({"model_type": "qwen3_moe", **TINY}, "x")
    with pytest.raises(BadArgument, match="no op of ONNX holds experts so; ask what_if precision"):
        build(config, weights="nf4")
