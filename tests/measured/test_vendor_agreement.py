"""How far our schedules are from those of Intel's compiler may shrink, never grow."""

import pytest

from tests.measured.agreement import GOLDEN, compared, read_golden, row_of
from tests.measured.reference import row_of_trace, schedules
from tests.shared import needs_shared

ROWS = {(r.net, r.platform, str(r.tiles)): r for r in read_golden()}


def test_the_committed_table_covers_three_platforms_and_every_kind_of_network():
    nets = {(r.kind.split()[0], r.net) for r in ROWS.values()}
    assert {r.platform for r in ROWS.values()} == {"3720", "4000", "5010"}
    assert {"CNN", "transformer", "SSM"} == {kind for kind, _ in nets} and len(nets) >= 10
    assert "simulated by Intel's compiler" in GOLDEN.read_text().splitlines()[0]


def test_nearly_all_ops_of_the_committed_table_run_on_the_vendors_engine():
    """The aim is 98 %: reached on NPU 3720 and 4000 and by CNNs and transformers; state-space models on 5010 miss."""
    share = lambda rows: sum(r.same for r in rows) / sum(r.ops for r in rows)
    rows = list(ROWS.values())
    for platform, least in (("3720", 0.98), ("4000", 0.98), ("5010", 0.96)):
        assert share([r for r in rows if r.platform == platform]) >= least
    assert share([r for r in rows if r.kind.startswith(("CNN", "transformer"))]) >= 0.98
    assert share(rows) >= 0.97


@needs_shared
@pytest.mark.parametrize("platform", ["3720", "4000", "5010"])
def test_no_share_and_no_error_is_worse_than_committed(platform):
    keys = [key for key in compared() if key[1] == platform]
    assert len(keys) >= 20
    worse = []
    for key in keys:
        now, was = row_of(*key), ROWS[key]
        if now.share < was.share - 0.005:
            worse.append(f"{key}: {now.same} of {now.ops} on the same engine, was {was.same} of {was.ops}")
        if abs(now.bytes_error) > abs(was.bytes_error) + 0.02:
            worse.append(f"{key}: {now.mb} MB against {now.vendor_mb}, was {was.mb}")
    assert not worse, "\n".join([*worse, "if this is meant, run docs/make_vendor_agreement.py"])


@needs_shared
def test_every_op_of_the_schedules_beside_the_project_runs_on_the_vendors_engine():
    rows = [row_of_trace(*key) for key in schedules()]
    assert len(rows) == 14
    assert [f"{r.net} {r.platform}" for r in rows if r.same != r.ops] == []
    large = [r for r in rows if r.kind == "CNN"]
    assert all(abs(r.bytes_error) < 0.15 for r in large)
