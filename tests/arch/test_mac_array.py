"""Laws and hand counts of the MAC array's prices."""

from dataclasses import fields, replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.mac_array import GRID_MODES, mac_array_cycles, mac_array_ns
from npusim.arch.presets import load_hardware
from npusim.compiler.rules.prices import priced
from npusim.compiler.rules.profile import load_profile
from npusim.errors import BadArgument
from npusim.work import MacOp, MacWork
from tests.arch.works import LAW, mac_works

NPUS = [load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")]
npus = st.sampled_from(NPUS)


def column(works, trailing=False):
    arrays = {f.name: np.array([getattr(w, f.name) for w in works]) for f in fields(MacWork)}
    return MacWork(**{name: a[:, None] if trailing else a for name, a in arrays.items()})


@LAW
@given(st.lists(mac_works(), min_size=1, max_size=12), npus)
def test_a_column_of_works_equals_the_works_one_by_one(works, hw):
    one_by_one = [float(mac_array_ns(w, hw)) for w in works]
    assert mac_array_ns(column(works), hw) == pytest.approx(one_by_one, rel=1e-12)


@LAW
@given(st.lists(mac_works(), min_size=1, max_size=6), npus)
def test_a_sweep_equals_its_points_one_by_one(works, hw):
    axes = {
        "mac_array.clock_mhz": [900.0, 1300.0, 2100.0],
        "mac_array.macs_per_cycle": [1024, 2048, 8192],
        "mac_array.stencil.macs_per_cycle_8bit": [40.0, 90.0, 200.0],
        "mac_array.convolution.overlap_exponent": [1.0, 2.0, 4.0],
    }
    swept = mac_array_ns(column(works, trailing=True), hw.replace(axes))
    for point in range(3):
        alone = hw.replace({name: values[point] for name, values in axes.items()})
        together = np.broadcast_to(swept, (len(works), 3))[:, point]
        assert together == pytest.approx(mac_array_ns(column(works), alone), rel=1e-12)


@LAW
@given(mac_works(), npus, st.sampled_from(["out_h", "out_w", "out_c", "in_c", "groups"]), st.integers(1, 40))
def test_a_longer_axis_is_never_cheaper(work, hw, axis, more):
    longer = {axis: getattr(work, axis) + more}
    if axis in ("out_c", "in_c") and work.op != MacOp.CONVOLUTION:
        longer = {"out_c": work.out_c + more, "in_c": work.in_c + more}
    assert mac_array_cycles(replace(work, **longer), hw) >= mac_array_cycles(work, hw) * (1 - 1e-12)


_FASTER = [
    "clock_mhz", "macs_per_cycle", "convolution.weight_bytes_per_cycle_16x16",
    "convolution.input_bytes_per_cycle_4x16", "convolution.output_elements_per_cycle_16bit",
    "convolution.overlap_exponent", "stencil.macs_per_cycle_16bit", "stencil.kernel3_speedup",
    "eltwise.elements_per_cycle_8bit",
]  # fmt: skip


@LAW
@given(mac_works(), npus, st.sampled_from(_FASTER), st.floats(1.0, 10.0))
def test_more_hardware_is_never_slower(work, hw, name, factor):
    name = f"mac_array.{name}"
    better = hw.replace({name: hw.get(name) * factor})
    assert mac_array_ns(work, better) <= mac_array_ns(work, hw) * (1 + 1e-12)


@LAW
@given(mac_works(), npus)
def test_a_price_is_positive_and_no_less_than_macs_over_peak_rate(work, hw):
    if work.op == MacOp.CONVOLUTION and work.in_c >= 16:
        peak = hw.mac_array.macs_per_cycle / (hw.mac_array.fp16_ratio if work.input_bytes > 1 else 1)
        inside = work.taps_inside**hw.mac_array.convolution.padding_exponent
        assert mac_array_cycles(work, hw) >= work.macs * inside / peak
    assert mac_array_cycles(work, hw) > 0


@LAW
@given(mac_works(), npus)
def test_groups_are_problems_one_after_another(work, hw):
    once = mac_array_cycles(replace(work, groups=1), hw)
    assert mac_array_cycles(work, hw) == pytest.approx(work.groups * once)


@LAW
@given(mac_works(), npus)
def test_the_grid_mode_is_the_one_of_fewest_blocks(work, hw):
    """As Intel's compiler takes it; of equals the one of most pixels a block. Channels written to every tile count."""
    if work.op == MacOp.CONVOLUTION:
        channels = hw.mac_array.convolution.block_channels
        whole = work.out_c * max(work.write_tiles, 1)
        blocks = {
            mode: ceil(work.out_w / width) * ceil(work.out_h / height) * ceil(whole / (times * channels))
            for mode, (width, height, times) in GRID_MODES.items()
        }
        if work.out_w == 1 and work.kernel_h * work.kernel_w > 1:  # the one that reads fastest, on NPU 5010
            hw = hw.replace({"mac_array.convolution.column_rounding": 1.0})
        chosen = min(blocks, key=lambda mode: blocks[mode])
        assert float(mac_array_cycles(work, hw)) == float(mac_array_cycles(work, hw, chosen))


@LAW
@given(mac_works(), npus)
def test_rows_that_go_in_fours_cost_what_four_cost_and_full_ones_the_same(work, hw):
    fours = hw.replace({f"mac_array.{part}.row_rounding": 1.0 for part in ("convolution", "stencil")})
    full = replace(work, out_h=4 * ceil(work.out_h / 4))
    assert mac_array_cycles(full, fours) == mac_array_cycles(full, hw)
    assert float(mac_array_cycles(work, hw)) <= float(mac_array_cycles(work, fours)) * (1 + 1e-9)


def test_one_row_of_many_pixels_costs_what_intels_schedule_says():
    """1 x 2,048 by 16 x 32: 23,982 cycles on NPU 4000, simulated."""
    hw = next(npu for npu in NPUS if npu.generation == "4000")
    own = priced(hw, load_profile("2026-as-released").prices)
    line = MacWork(int(MacOp.CONVOLUTION), 1, 2048, 32, 16, write_tiles=4)
    assert float(mac_array_cycles(line, own)) == pytest.approx(23_982, rel=0.12)


@pytest.mark.parametrize(
    "rows, terms, channels, cycles",
    [(16, 768, 256, 18_224), (16, 256, 256, 6_530), (32, 768, 256, 33_230), (64, 768, 192, 46_769)],
)
def test_pieces_of_products_cost_what_intels_schedules_say(rows, terms, channels, cycles):
    """Rows of four pixels on one tile of NPU 3720 and 4000 (simulated): 16 of them are two blocks of rows."""
    piece = MacWork(int(MacOp.CONVOLUTION), rows, 4, channels, terms)
    for hw in (npu for npu in NPUS if npu.generation in ("3720", "4000")):
        own = priced(hw, load_profile("2026-as-released").prices)
        assert float(mac_array_cycles(piece, own)) == pytest.approx(cycles, rel=0.15)
        one = own.replace({"mac_array.convolution.rows_beyond": 0.0})
        assert mac_array_cycles(piece, one) < mac_array_cycles(piece, own)


def test_columns_go_in_twos_as_intels_compiler_prices_npu_5010():
    """53 x 5 pixels of 384 terms by 256 channels take 13,865 cycles in its schedule of ViT-S/8 (simulated)."""
    hw = next(npu for npu in NPUS if npu.generation == "5010")
    own = priced(hw, load_profile("2026-as-released").prices)
    five, six, eight = (MacWork(int(MacOp.CONVOLUTION), 53, w, 256, 384) for w in (5, 6, 8))
    assert float(mac_array_cycles(five, own)) == pytest.approx(13_865, rel=0.25)
    assert mac_array_cycles(five, own) < mac_array_cycles(eight, own)
    assert mac_array_cycles(six, own.replace({"mac_array.convolution.grid_columns": 4})) > mac_array_cycles(
        six, own
    )


@pytest.mark.parametrize(
    "rows, columns, intel_us",
    [(500, 16, 3.2), (1024, 16, 9.6), (1500, 16, 23.9), (2048, 16, 84.2), (2048, 11, 48.7), (4096, 6, 548.4)],
)
def test_long_columns_at_strides_of_eight_cost_what_intels_schedules_say(rows, columns, intel_us):
    """Means of eight rows, 16 channels, on NPU 3720 (simulated); at strides of 4 nothing of the kind shows."""
    hw = next(npu for npu in NPUS if npu.generation == "3720")
    own = priced(hw, load_profile("2026-as-released").prices)
    eight = MacWork(int(MacOp.AVERAGE_POOL), rows / 8, columns, 16, 16, kernel_h=8, stride_h=8)
    four = replace(eight, kernel_h=4, stride_h=4)
    assert float(mac_array_cycles(eight, own)) / 1300 == pytest.approx(intel_us, rel=0.25)
    assert mac_array_cycles(four, own) == mac_array_cycles(four, own.replace({"mac_array.stride8_rows": 0.0}))


def test_a_grid_mode_that_is_none_is_refused():
    with pytest.raises(BadArgument, match="no grid mode '3x3'; there are 16x16, 8x16, 4x16"):
        mac_array_cycles(MacWork(int(MacOp.CONVOLUTION), 4, 4, 16, 16), NPUS[0], "3x3")


def test_a_large_aligned_product_is_bound_by_the_macs():
    """64 x 64 pixels, 3x3, 256 -> 256 channels in int8: padding adds nothing."""
    hw = NPUS[1]
    work = MacWork(
        int(MacOp.CONVOLUTION), 64, 64, 256, 256, kernel_h=3, kernel_w=3,
        input_bytes=1.0, weight_bytes=1.0, output_bytes=1.0,
    )  # fmt: skip
    ideal = 64 * 64 * 256 * 256 * 9 / hw.mac_array.macs_per_cycle
    assert ideal < mac_array_cycles(work, hw) < 1.1 * ideal


def test_one_pixel_wide_products_pay_for_four():
    """A matrix product laid out M x 1 costs close to four times the one laid out M/4 x 4."""
    hw, fine = NPUS[0], {"input_bytes": 1.0, "weight_bytes": 1.0, "output_bytes": 1.0}
    tall = mac_array_cycles(MacWork(int(MacOp.CONVOLUTION), 2048, 1, 64, 512, **fine), hw)
    square = mac_array_cycles(MacWork(int(MacOp.CONVOLUTION), 512, 4, 64, 512, **fine), hw)
    assert 2.5 < tall / square < 4.0


def test_eltwise_counts_as_the_formula_by_hand():
    """7 x 5 pixels count as 8 x 8, 24 fp16 channels as 32 (lanes of 16); two blocks of 16 channels."""
    hw = NPUS[1]
    fit = hw.mac_array.eltwise
    by_hand = fit.overhead_cycles + 8 * 8 * 32 / fit.elements_per_cycle_16bit + fit.block_cycles * 2
    work = MacWork(int(MacOp.ELTWISE), out_h=5, out_w=7, out_c=24, in_c=24)
    assert mac_array_cycles(work, hw) == pytest.approx(by_hand)


@LAW
@given(mac_works(), npus)
def test_writing_to_several_tiles_is_never_cheaper_in_a_mode(work, hw):
    several, one = replace(work, write_tiles=2), replace(work, write_tiles=1)
    for mode in GRID_MODES:
        assert mac_array_cycles(several, hw, mode) >= mac_array_cycles(one, hw, mode)


def test_a_row_shared_over_channels_is_read_in_the_mode_of_all_of_them():
    """1 x 512 by 512 x 128 on each of four tiles of NPU 4000: 1,663 cycles in Intel's schedule, 2,991 where a tile has
    these 128 channels alone (simulated): the weights come in over more lanes."""
    hw = next(npu for npu in NPUS if npu.generation == "4000")
    alone = MacWork(int(MacOp.CONVOLUTION), 1, 1, 128, 512)
    shared = replace(alone, write_tiles=4)
    assert mac_array_cycles(alone, hw) == mac_array_cycles(alone, hw, "8x16")
    assert mac_array_cycles(shared, hw) == mac_array_cycles(shared, hw, "4x16") < mac_array_cycles(alone, hw)


def test_outputs_to_several_tiles_go_in_words_of_32_bytes():
    hw = next(npu for npu in NPUS if npu.generation == "5010")
    narrow = MacWork(int(MacOp.ELTWISE), 64, 64, 16, 16, input_bytes=1, output_bytes=1, write_tiles=2)
    wide = replace(narrow, input_bytes=2, output_bytes=2)
    stream = 64 * 64 * 32 / hw.mac_array.broadcast_bytes_per_cycle
    fit = hw.mac_array.eltwise
    assert mac_array_cycles(narrow, hw) == pytest.approx(fit.overhead_cycles + stream + fit.block_cycles * 32)
    assert mac_array_cycles(wide, hw) == pytest.approx(mac_array_cycles(narrow, hw))


def test_a_turned_image_counts_channels_in_fours_by_hand():
    hw = NPUS[0]
    work = MacWork(int(MacOp.PERMUTE_IMAGE), 224, 112, 3, 3)
    fit = hw.mac_array.permute
    assert mac_array_cycles(work, hw) == fit.overhead_cycles + 224 * 112 * 4 / fit.image_elements_per_cycle


def test_a_tensor_turned_part_by_part_pays_for_every_sixteen_channels_by_hand():
    hw = NPUS[0]
    work = MacWork(int(MacOp.PERMUTE_PARTS), 4, 24, 128, 128)
    fit = hw.mac_array.permute
    once = 4 * 24 * 128 / fit.elements_per_cycle
    assert mac_array_cycles(work, hw) == pytest.approx(fit.overhead_cycles + 8 * fit.block_cycles + once)


def test_lines_one_pixel_wide_take_fewer_columns_on_npu_5010():
    """512 x 211 by three taps to 64 channels: 14.5 us in Intel's schedules, 256 x 343 by five to 128: 46.6; single
    taps and wider planes are priced as before."""
    hw = load_hardware("panther_lake")
    four = hw.replace({"mac_array.convolution.column_rounding": 1.0})
    line = lambda c, rows, out, taps, width=1: MacWork(
        MacOp.CONVOLUTION, out_h=rows, out_w=width, out_c=out, in_c=c, in_h=rows, in_w=width, kernel_h=taps
    )
    for work, microseconds in ((line(512, 211, 64, 3), 14.5), (line(256, 343, 128, 5), 46.6)):
        ours, before = (float(mac_array_ns(work, h)) / 1e3 for h in (hw, four))
        assert microseconds < ours < 1.5 * microseconds and ours < 0.9 * before
    for work in (line(512, 211, 64, 1), line(512, 211, 64, 3, 2)):
        assert mac_array_ns(work, hw) == mac_array_ns(work, four)
