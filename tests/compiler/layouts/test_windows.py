"""An image whose convolution is cut into windows is turned for each of them, as in Intel's schedules of ViTs."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import load
from tests.vendor.builder import Builder

HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def moved(folder, npu, size, patch=16, channels=384, profile="2026"):
    """Bytes of transfers: within DDR, and all of them."""
    import onnx

    g = Builder(weights=True)
    weights = g.weight(channels, 3, patch, patch), g.weight(channels)
    onnx.save(
        g.model(g.op("Conv", g.input(1, 3, size, size), *weights, strides=[patch] * 2)), folder / "a.onnx"
    )
    plan = compile_graph(load(folder / "a.onnx"), load_hardware(HARDWARE[npu]), load_profile(profile))
    asks = [a for a in plan.ask if isinstance(a, DmaTask)]
    copies = sum(a.nbytes for a in asks if a.source == a.destination == "ddr")
    return copies, sum(a.nbytes for a in asks)


@pytest.mark.parametrize("size", [192, 240, 288])
def test_rows_of_windows_are_copied_within_ddr_on_npu_4000_and_5010(tmp_path, size):
    """187 and 181 rows of 192 pixels under windows of 11 and 5, 191 and 177 of 15 and 1."""
    for npu, (tall, low) in {"4000": (11, 5), "5010": (15, 1)}.items():
        rows = 2 * (size - 16) + tall + low
        assert moved(tmp_path, npu, size)[0] == pytest.approx(rows * size * 3 * 2)
    assert moved(tmp_path, "3720", size)[0] == 0


def test_every_window_writes_what_it_sees(tmp_path):
    """Padded to sixteen channels on NPU 4000 (8.67 MB out and back in Intel's schedule), three on 5010."""
    seen = (192 - 16 + 11) ** 2 + 2 * (192 - 16 + 11) * (192 - 16 + 5) + (192 - 16 + 5) ** 2
    assert moved(tmp_path, "4000", 192)[1] > 2 * seen * 16 * 2
    assert moved(tmp_path, "5010", 192)[1] < moved(tmp_path, "4000", 192)[1] / 2


def test_a_window_that_is_not_cut_is_turned_once(tmp_path):
    """By profile 2026 a share of it is copied (npusim.compiler.layouts.crossing_share)."""
    assert moved(tmp_path, "4000", 192, 8, profile="2026-as-released")[0] == 0


def embedded(folder, npu, images, patch, channels):
    """MB of transfers of a patch embedding of 224 x 224 pixels, places added, and a product of it."""
    import onnx

    g, places = Builder(weights=True), (224 // patch) ** 2
    x = g.op(
        "Conv",
        g.input(images, 3, 224, 224),
        g.weight(channels, 3, patch, patch),
        g.weight(channels),
        strides=[patch] * 2,
    )
    x = g.op("Transpose", g.op("Reshape", x, g.const([images, channels, places])), perm=[0, 2, 1])
    x = g.op("MatMul", g.op("Add", x, g.weight(1, places, channels)), g.weight(channels, channels))
    onnx.save(g.model(g.op("Add", x, g.weight(channels))), folder / "a.onnx")
    plan = compile_graph(load(folder / "a.onnx"), load_hardware(HARDWARE[npu]), load_profile("2026"))
    return sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask)) / 1e6


def test_images_of_a_batch_are_turned_and_convolved_one_by_one(tmp_path):
    """35.1, 33.0 and 13.8 MB of two images in patches of 16 in Intel's schedules (17.5 on NPU 4000 as one batch)."""
    for npu, seen in {"4000": 35.1, "3720": 33.0, "5010": 13.8}.items():
        assert embedded(tmp_path, npu, 2, 16, 384) == pytest.approx(seen, rel=0.05)
    two, four, eight = (embedded(tmp_path, "3720", n, 16, 192) for n in (2, 4, 8))
    assert four == pytest.approx(2 * two, rel=0.02)
    assert eight == pytest.approx(2 * four, rel=0.02)


def test_what_a_large_window_makes_of_an_image_crosses_to_its_pooling(tmp_path):
    """11 x 11 taps of 768 channels, 0.77 MB of weights on every tile: 214 MB of four images in patches of 32 in Intel's
    schedule on NPU 3720, 148 if what the windows make stayed."""
    assert embedded(tmp_path, "3720", 4, 32, 768) == pytest.approx(214.2, rel=0.06)


@pytest.mark.parametrize(("size", "crossing"), [(128, 0), (768, 4)])
def test_so_it_does_on_npu_5010_where_weights_leave_less_than_half_a_tile(tmp_path, size, crossing):
    """Patches of 32: windows of 15 x 15 taps, 1.06 MB of weights of 768 channels, four of nine (226 MB of 768 x 768
    pixels in Intel's schedule, 96 if what they make stayed); of 384 channels none."""
    made = (size // 8 - 3) ** 2 * 2
    few, many = (moved(tmp_path, "5010", size, 32, c)[1] for c in (384, 768))
    weights = 4 * 688 + 4 * 96 + 16  # terms of all nine windows, with theirs of two taps
    both = 384 * 2 * weights + (size // 32) ** 2 * 384 * 2
    assert many - few - both == pytest.approx(2 * crossing * made * 768, rel=0.1, abs=0.3e6)


def test_columns_of_patches_become_channels_inside(tmp_path):
    """Two images in patches of 4: 7.9 MB in all in Intel's schedule on NPU 3720; 13.7 with copies."""
    assert embedded(tmp_path, "3720", 2, 4, 96) == pytest.approx(7.88, rel=0.02)


def of_8_bits(npu, size, channels=192):
    """Bytes of an 8-bit patch embedding of 16 x 16: within DDR, and all of them."""
    from tests.graphs import loaded
    from tests.vendor.op_chains import eight_bits, stored

    g = Builder(opset=19)
    image = eight_bits(g, g.input(1, 3, size, size))
    out = g.op("Conv", image, stored(g, channels, 3, 16, 16), strides=[16, 16])
    plan = compile_graph(
        loaded(g.model(g.op("Softplus", out))), load_hardware(HARDWARE[npu]), load_profile("2026-as-released")
    )
    asks = [a for a in plan.ask if isinstance(a, DmaTask)]
    copies = sum(a.nbytes for a in asks if a.source == a.destination == "ddr")
    return copies, sum(a.nbytes for a in asks)


@pytest.mark.parametrize("size", [224, 288])
def test_windows_of_an_8_bit_image_are_copied_and_padded_within_ddr(size):
    """Rows and columns that windows of 11 and 5 see, twice; as they lie on NPU 5010, which has none of it."""
    tall, low = size - 16 + 11, size - 16 + 5
    seen = (tall + low) ** 2
    for npu in ("3720", "4000"):
        assert of_8_bits(npu, size)[0] == pytest.approx(2 * seen * 3)
    assert of_8_bits("5010", size)[0] == 0


def test_windows_of_8_bits_make_floats_that_cross_on_npu_3720():
    """Four windows of 192 channels, each 27 by 27 places before their poolings, written and read."""
    made = sum(a * b for a in (27, 27) for b in (27, 27)) * 192 * 2
    more = of_8_bits("3720", 224)[1] - of_8_bits("4000", 224)[1]
    assert more == pytest.approx(2 * made, rel=0.2)
