"""What time steps of a recurrence read again, and what they wait for."""

import pytest

from npusim.compiler.plan import DmaTask
from tests.compiler.residency.test_recurrent_batches import HARDWARE, layer, planned

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def mb(plan):
    tasks = zip(plan.ask, plan.repeats, strict=True)
    return (
        sum(a.nbytes * n for a, n in tasks if isinstance(a, DmaTask) and "ddr" in (a.source, a.destination))
        / 1e6
    )


@pytest.mark.parametrize("name", sorted(TILES))
@pytest.mark.parametrize(("kind", "units", "steps", "batch", "expected"), [
    ("LSTM", 100, 6, 1, 0.65), ("LSTM", 150, 6, 1, 1.64), ("LSTM", 120, 3, 1, 0.463), ("LSTM", 100, 6, 4, 0.786),
    ("GRU", 120, 3, 1, 0.362), ("GRU", 136, 3, 1, 0.469), ("GRU", 72, 3, 1, 0.156),
])  # fmt: skip
def test_weights_of_which_a_sixteenth_is_filled_up_come_again_at_every_step(
    name, kind, units, steps, batch, expected
):
    """MB of Intel's schedules, all on NPU 5010, the first two within 3 % on the others."""
    plan = planned(layer(kind, steps, batch, units), HARDWARE[name].replace({"tiles": TILES[name]}))
    assert mb(plan) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(
    ("kind", "units", "expected"), [("LSTM", 136, 0.264), ("LSTM", 184, 0.428), ("LSTM", 216, 0.557)]
)
def test_fewer_zeros_are_stored_and_the_weights_come_once(kind, units, expected):
    plan = planned(layer(kind, 3, 1, units), HARDWARE["panther_lake"].replace({"tiles": 3}))
    assert mb(plan) == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize(("units", "batch", "waits"), [(512, 1, 0), (100, 1, 2), (256, 8, 4)])
def test_a_step_waits_for_the_state_and_of_a_batch_for_its_product(units, batch, waits):
    """One sequence of whole sixteens for nothing; else the state is written and read, of a batch the product, too."""
    hw = HARDWARE["panther_lake"].replace({"tiles": 3})
    plan = planned(layer("GRU", 5, batch, units), hw)
    moves = (i for i, a in enumerate(plan.ask) if isinstance(a, DmaTask) and plan.repeats[i] == 5)
    legs = {(plan.ask[i].source, plan.after[i]) for i in moves}
    assert len(legs) == (
        waits if units % 16 == 0 or batch > 1 else waits + 2
    )  # 300 gates are no sixteens either
