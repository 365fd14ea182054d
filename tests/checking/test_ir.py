"""OpenVINO IR: FakeQuantize and constants of few bits are judged by what the compiler said of them as such."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.checking.check import check
from npusim.checking.record import Answer
from tests.loading.ir.runs import IR
from tests.shared import needs_shared

NPUS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


@needs_shared
@pytest.mark.parametrize("npu", NPUS.values())
@pytest.mark.parametrize("name, said", [("resnet_int8", "10 FakeQuantize and 7 constants"),
                                        ("llamatiny_static_int4", "16 constants")])  # fmt: skip
def test_what_the_compiler_took_is_said_to_be_taken(name, said, npu):
    """Both were compiled for all three NPUs by Intel's compiler 8.4."""
    found = check(IR / "small" / f"{name}.xml", load_hardware(npu))
    assert found.answer is Answer.COMPILES and any(said in note for note in found.notes)


@pytest.mark.parametrize("kind, refused", [("f8e4m3", "3720 4000"), ("f8e5m2", "3720 4000"), ("u2", "3720"),
                                           ("f4e2m1", "3720 4000 5010"), ("i8", ""), ("u4", "")])  # fmt: skip
def test_types_of_weights_as_asked(kind, refused, tmp_path):
    ov = pytest.importorskip("openvino")
    from openvino import opset13 as op

    tensor = ov.Tensor(getattr(ov.Type, kind), ov.Shape([128, 64]))
    tensor.data[...] = np.zeros(tensor.data.shape).astype(tensor.data.dtype)
    x, scale = op.parameter([16, 64], np.float32), op.constant(np.full((128, 1), 0.01, np.float16))
    wide = op.multiply(op.convert(ov.op.Constant(tensor), "f16"), scale)
    y = op.matmul(x, op.convert(wide, "f32"), False, True)
    ov.save_model(ov.Model([op.result(y)], [x], "m"), tmp_path / "m.xml", compress_to_fp16=False)
    for generation, npu in NPUS.items():
        found = check(tmp_path / "m.xml", load_hardware(npu))
        assert (found.answer is Answer.REFUSED) == (generation in refused), (generation, found.findings)
        if generation in refused:
            assert found.findings[0].op == "weights" and "int4" in found.findings[0].remedy
