"""Images of one channel come beside fifteen of zeros for a convolution that folds no columns."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import Report, simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.fresh_published import grey

NPUS = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def report(npu: str, height: int, width: int, padded: bool = True, profile: str = "2026") -> Report:
    """3 x 3 to 16 channels, 3 x 3, over an image."""
    g = Builder(weights=False)
    graph = of_model(g.model(grey(g, height, width, 16, 3, padded)), "")
    return simulate(graph, load_hardware(npu).replace({"tiles": NPUS[npu]}), profile, band=False)


def moved(of: Report, outputs: int) -> float:
    """Images of sixteen channels of fp16 that cross DDR; not the result, as large as one, weights nor the image."""
    return (of.bytes_moved - 2 * outputs) / (2 * outputs)


@pytest.mark.parametrize(("npu", "images"), [("meteor_lake", 1), ("lunar_lake", 2), ("panther_lake", 1 / 16)])
def test_short_rows_are_not_convolved(npu: str, images: float) -> None:
    """60 x 113: loaded with zeros, copied with them, spread out."""
    assert moved(report(npu, 60, 113), 60 * 113 * 16) == pytest.approx(images, abs=0.2)


@pytest.mark.parametrize(
    ("npu", "images"), [("meteor_lake", 2.25), ("lunar_lake", 2.25), ("panther_lake", 1 / 16)]
)
def test_rows_above_eight_sixteens_are_filled_up(npu: str, images: float) -> None:
    """60 x 129: copied to 144 columns, which are read, written as sixteen channels each, and read."""
    assert moved(report(npu, 60, 129), 60 * 129 * 16) == pytest.approx(images, abs=0.2)


@pytest.mark.parametrize("npu", ["meteor_lake", "lunar_lake"])
def test_rows_of_whole_sixteens_stay_inside(npu: str) -> None:
    """160 x 96, which is not folded: one pass, and nothing crosses."""
    of = report(npu, 160, 96, padded=False)
    passes = [n for n in of.nodes if n.lowering == "mac_permute"]
    assert len(passes) == 1
    assert of.bytes_moved < 1.1 * 2 * (160 * 96 + 158 * 94 * 16)


def test_folded_images_lie_as_they_came() -> None:
    """256 x 256 in sixteens of columns, which the convolution takes as channels."""
    of = report("meteor_lake", 256, 256)
    assert not [n for n in of.nodes if n.lowering == "mac_permute"]
