"""Write tests/data/ir: small IRs of many forms, as OpenVINO saves them, for tests that run without it.

python -m tests.loading.ir.make_seeds
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.loading.ir.cases import CASES, case, k, op, p
from tests.loading.ir.test_against_openvino import saved

TARGET = Path(__file__).resolve().parents[2] / "data" / "ir"
CHOSEN = (
    "TensorIterator", "Loop", "If", "StridedSlice dropping an axis", "VariadicSplit", "FakeQuantize by channel",
    "GroupConvolutionBackpropData", "MVN as LayerNormalization", "LSTMSequence", "Interpolate",
    "ScatterUpdate of another axis", "ScaledDotProductAttention", "Broadcast with a map", "TopK", "Compressed",
    "State",
)  # fmt: skip


@case("Compressed")
def _compressed():
    """Weights of 8 bits with a zero point, in groups of 4, as NNCF writes them."""
    x = p(2, 8)
    stored = op.convert(k(np.arange(48).reshape(6, 2, 4), np.uint8), "f32")
    centred = op.subtract(stored, op.convert(k([[[7]]], np.uint8), "f32"))
    weight = op.reshape(op.multiply(centred, k(np.ones((6, 2, 1)), np.float32)), k([6, 8]), False)
    return [x], op.matmul(x, weight, False, True)


@case("State")
def _state():
    x = p(-1, 4)
    read = op.read_value(k(np.zeros((1, 4)), np.float32), "past", np.float32, [-1, 4])
    joined = op.concat([read, x], 0)
    return [x], [joined, op.assign(joined, "past")]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in CHOSEN:
            if name not in CASES:
                continue
            path, _ = saved(name, Path(folder))
            target = TARGET / f"{name.replace(' ', '_').lower()}.xml"
            target.write_bytes(path.read_bytes())
            target.with_suffix(".bin").write_bytes(path.with_suffix(".bin").read_bytes())


if __name__ == "__main__":
    main()
