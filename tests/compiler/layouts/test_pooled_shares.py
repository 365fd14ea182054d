"""Images that are turned for a pooling: where they lie, and batches of uneven channels, against Intel's schedules."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder

MACHINES = {"meteor_lake": 2, "panther_lake": 3}


def moved_mb(shape: tuple[int, ...], window: int, stride: int, pad: int, name: str) -> float:
    g = Builder()
    own = {"kernel_shape": [window] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
    model = of_model(g.model(g.op("MaxPool", g.input(*shape), **own)), "pooled.onnx")
    machine = load_hardware(name).replace({"tiles": MACHINES[name]})
    return simulate(model, machine, "2026-as-released").bytes_moved / 1e6


@pytest.mark.parametrize(
    ("channels", "side", "name", "mb"),
    [(48, 56, "meteor_lake", 0.376), (32, 40, "meteor_lake", 0.333), (32, 24, "panther_lake", 0.12)],
)
def test_a_pooling_over_rows_takes_its_image_where_it_lies(channels, side, name, mb):
    """48 channels are three sixteens for two tiles, which share rows; 32 are shared, and cross DDR."""
    assert moved_mb((1, channels, side, side), 3, 2, 1, name) == pytest.approx(mb, rel=0.05)


@pytest.mark.parametrize(
    ("shape", "window", "stride", "name", "mb"),
    [
        ((6, 24, 48, 48), 3, 1, "meteor_lake", 2.43),
        ((6, 24, 48, 48), 3, 1, "panther_lake", 2.43),
        ((4, 72, 32, 32), 2, 2, "meteor_lake", 1.46),
        ((4, 20, 30, 30), 2, 2, "panther_lake", 0.727),
    ],
)
def test_images_of_a_batch_are_filled_up_for_a_pooling(shape, window, stride, name, mb):
    assert moved_mb(shape, window, stride, window // 2 if window > stride else 0, name) == pytest.approx(
        mb, rel=0.03
    )
