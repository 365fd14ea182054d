"""A ConvNeXt's scale of each channel behind the Transpose to an image: that moves nothing."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.compiler.layouts.test_lines import MACHINES
from tests.vendor.builder import Builder


def block(channels, side):
    """Convolution, product of its rows, scale of its channels, addition, convolution."""
    g = Builder()
    image = g.op("Conv", g.input(1, 16, side, side), g.weight(channels, 16, 1, 1))
    rows = g.op(
        "Relu", g.op("MatMul", g.op("Transpose", image, perm=[0, 2, 3, 1]), g.weight(channels, channels))
    )
    rows = g.op("MatMul", rows, g.weight(channels, channels))
    scaled = g.op(
        "Mul", g.op("Transpose", rows, perm=[0, 3, 1, 2]), g.const(np.full((channels, 1, 1), 0.5, np.float16))
    )
    return g.model(g.op("Conv", g.op("Add", image, scaled), g.weight(16, channels, 1, 1)))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("name", MACHINES)
def test_the_transpose_has_no_task_and_the_product_crosses(name, profile):
    """192 channels on 24 x 24: 221 KB out and back a block in schedules of three NPUs."""
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    plan = compile_graph(of_model(block(192, 24), "block.onnx"), hw, load_profile(profile))
    by_label = list(zip(plan.label, plan.ask, strict=True))
    assert not [
        label for label, ask in by_label if label.startswith("Transpose") and isinstance(ask, MacTask)
    ]
    crossing = sum(t.nbytes for label, t in by_label if isinstance(t, DmaTask) and "MatMul" in label)
    weights = 2 * (192 * 192 * 2 + 192 * 16)
    assert crossing - weights == pytest.approx(2 * 192 * 24 * 24 * 2, rel=0.05)
