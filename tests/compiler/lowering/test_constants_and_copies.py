"""Constants of another axis are added, few channels enlarged by copies, terms that lead filled up: counted by hand."""

import pytest

from npusim.ops.einsum import terms_lead
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.compiled import TILES
from tests.vendor.judge import machine
from tests.vendor.op_graphs import build


def _report(op: str, npu: str, profile: str):
    return simulate(loaded(build(op, weights=False)), machine(npu, TILES[npu]), profile, band=False)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("npu", sorted(TILES))
def test_a_constant_of_another_axis_is_written_out_and_added(npu, profile):
    """3 x 96 x 600 by 96 x 1: both operands in, the result out, 345,600 bytes each."""
    report = _report("Addc_3_96_600_by_96_1", npu, profile)
    assert report.nodes[-1].lowering == "mac_array"
    assert report.bytes_moved == pytest.approx(3 * 345_600, rel=0.001)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("npu", ["4000", "5010"])
def test_fewer_than_eight_channels_are_enlarged_by_copies(npu, profile):
    """7 x 12 x 12 twice as large: 4,032 bytes columns first, then 8,064."""
    report = _report("resize_nearest_2_7_12", npu, profile)
    assert report.nodes[-1].lowering == "copied_larger"
    assert report.bytes_moved == 12_096
    assert _report("resize_nearest_2_8_12", npu, profile).nodes[-1].lowering == "interpolated"


def test_terms_lead():
    assert terms_lead("bchw,ck->bkhw", (1, 18, 12, 12))
    assert not terms_lead("bhwc,ck->bhwk", (1, 12, 12, 18))
    assert not terms_lead("bc,ck->bk", (1, 18))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_terms_that_lead_are_filled_up_as_a_line(profile):
    """18 terms of 144 rows: sixteen times 5,184 bytes out and in; not where rows or terms differ."""
    filled = _report("einsum_bchw.ck.bkhw_1_18_12_12_41", "3720", profile).bytes_moved
    assert filled > 2 * 16 * 5_184
    assert _report("einsum_bchw.ck.bkhw_1_26_9_9_47", "3720", profile).bytes_moved < 16 * 26 * 81 * 2
