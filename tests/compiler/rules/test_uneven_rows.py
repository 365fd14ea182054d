"""Two products multiplied element by element on NPU 5010: by the array in whole sixteens, else by a kernel."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder


@pytest.mark.parametrize(
    ("rows", "columns", "engine"),
    [(32, 72, "dsp"), (272, 664, "dsp"), (213, 376, "dsp"), (224, 320, "mac_array"), (13, 72, "mac_array")],
)
def test_uneven_columns_are_multiplied_by_a_kernel(rows: int, columns: int, engine: str) -> None:
    g = Builder()
    x = g.input(rows, 128)
    first, second = (g.op("MatMul", x, g.weight(128, columns)) for _ in range(2))
    model = of_model(g.model(g.op("Mul", first, second)), "gate.onnx")
    report = simulate(model, load_hardware("panther_lake"), "2026-as-released")
    (mul,) = (n for n in report.nodes if n.op_type == "Mul")
    assert mul.engine == engine
