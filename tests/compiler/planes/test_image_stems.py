"""An image's convolution, the kernel behind it and the next convolution, cut in two on NPU 3720."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def megabytes(
    height: int, width: int, channels: int, kernel: str, behind: tuple[int, int, int], profile: str
) -> float:
    """MB of a stem: 3 x 3 to `channels`, a kernel, a convolution (taps, stride, results; 0: depthwise), two more."""
    g = Builder(weights=False)
    taps, stride, results = behind
    x = conv(g, g.input(1, 3, height, width), 3, channels, 3, 2)
    x = g.op("HardSwish", x) if kernel == "HardSwish" else g.op("Mul", x, g.op("Sigmoid", x))
    groups = 1 if results else channels
    x = g.op("Relu", conv(g, x, channels, results or channels, taps, stride, groups))
    x = g.op("Relu", conv(g, x, results or channels, 32, 1))
    x = g.op("GlobalAveragePool", g.op("Relu", conv(g, x, 32, 32, 3, 2)))
    hardware = load_hardware("meteor_lake").replace({"tiles": 2})
    return simulate(of_model(g.model(x), ""), hardware, profile, band=False).bytes_moved / 1e6


@pytest.mark.parametrize(
    ("height", "width", "channels", "behind", "intel"),
    [(48, 192, 8, (3, 2, 0), 0.69), (48, 192, 16, (3, 2, 0), 0.69), (48, 192, 32, (3, 2, 0), 0.70)]
    + [(96, 128, 16, (3, 1, 0), 0.90), (128, 128, 16, (3, 1, 0), 1.19), (160, 160, 16, (3, 2, 0), 1.83)]
    + [(128, 128, 32, (3, 2, 0), 1.32), (192, 192, 32, (3, 2, 0), 2.92)],
)
def test_the_padded_image_crosses(
    height: int, width: int, channels: int, behind: tuple[int, int, int], intel: float
) -> None:
    """Sixteen channels of it, out and in: ten times what the network moves without."""
    found = megabytes(height, width, channels, "HardSwish", behind, "2026-as-released")
    assert found == pytest.approx(intel, rel=0.04)


@pytest.mark.parametrize(
    ("height", "width", "channels", "kernel", "behind"),
    [(96, 96, 16, "HardSwish", (3, 1, 0)), (64, 128, 16, "HardSwish", (3, 1, 0))]
    + [(112, 112, 32, "HardSwish", (3, 1, 32)), (192, 192, 24, "Swish", (3, 1, 24))]
    + [(128, 128, 64, "Swish", (3, 2, 128))],
)
def test_it_stays_in_front_of_small_results_and_windows_of_many_channels(
    height: int, width: int, channels: int, kernel: str, behind: tuple[int, int, int]
) -> None:
    """Intel's schedules 0.08, 0.07, 0.12, 0.26 and 0.28 MB."""
    assert megabytes(height, width, channels, kernel, behind, "2026-as-released") < 0.35


def test_profile_2026_keeps_it_inside() -> None:
    """A plane twice as large may not cost three times as much: 96 x 96 and 96 x 192 take 18 and 60 us there."""
    assert megabytes(96, 192, 16, "HardSwish", (3, 1, 0), "2026") < 0.2
