"""An LSTM as one kernel behind the product for its inputs: where it ends, and what it costs twice."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.plan import DmaTask, DspTask
from npusim.ops.recurrent import shared_and_cut
from npusim.pricing import timeline
from npusim.work import MacOp, MacWork, MoveWork, VectorWork
from tests.compiler.residency.test_recurrent_batches import HARDWARE, gate_of, layer, planned
from tests.graphs import loaded, model, node

NEWER = ("lunar_lake", "panther_lake")


def cost(steps, batch, units, name):
    hw = HARDWARE[name]
    return float(timeline(planned(layer("LSTM", steps, batch, units), hw), hw).latency_ns)


@pytest.mark.parametrize("name", sorted(HARDWARE))
@pytest.mark.parametrize(("units", "kernel"), [(16, True), (256, True), (200, False), (272, False)])
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_up_to_256_units_in_sixteens_are_one_kernel_on_the_newer_ones(name, units, kernel, profile):
    plan = planned(layer("LSTM", 3, 1, units), HARDWARE[name], profile)
    kernels = {a.kernel for a in plan.ask if isinstance(a, DspTask)} - {"convert"}
    assert kernels == {"lstm_sequence" if kernel and name in NEWER else "lstm"}


@pytest.mark.parametrize("name", NEWER)
def test_weights_that_arrive_in_pieces_do_not_start_the_kernel_more_often(name):
    """8 steps of 128 units over 7,232 inputs, 7.4 MB, on as many tiles as sequences: 69.9 us in Intel's schedule on NPU
    5010, as over 128 inputs; each piece had read the weights of the recurrence for itself, 309 us."""
    hw = load_hardware(name)
    wide, narrow = (planned(layer("LSTM", 8, 4, 128, inputs), hw) for inputs in (7232, 128))
    assert max(wide.pieces) > 1
    kernels = [i for i, a in enumerate(wide.ask) if isinstance(a, DspTask) and a.kernel == "lstm_sequence"]
    assert [wide.pieces[i] for i in kernels] == [1]
    assert gate_of(wide, "lstm_sequence") == gate_of(narrow, "lstm_sequence")


@settings(max_examples=min(15, settings().max_examples))
@given(
    st.sampled_from([1, 3, 8]),
    st.sampled_from([4, 20]),
    st.sampled_from([32, 64, 128]),
    st.sampled_from(NEWER),
)
def test_the_kernel_takes_up_to_twice_as_long_for_twice_the_sequences_and_steps(batch, steps, units, name):
    """Of twice the units up to four times, as their weights are four times as many. Intel's kernel ends at 256 units:
    512 are steps, which take a fraction of it for few steps and several times as long for many. The products of one
    sequence cross DDR, of two on two tiles they do not: 0.98."""
    base = cost(steps, batch, units, name)
    assert 0.95 <= cost(steps, 2 * batch, units, name) / base <= 2.3
    assert 1.0 <= cost(2 * steps, batch, units, name) / base <= 2.3
    assert 1.8 <= cost(steps, batch, 2 * units, name) / base <= 4.0


@pytest.mark.parametrize(("inputs", "crosses"), [(64, False), (256, True)])
def test_products_of_a_batch_that_leave_the_kernel_no_room_cross_ddr(inputs, crosses):
    """40 steps of 16 sequences of 256 units on four tiles of NPU 4000, 1.3 MB of products (Intel's schedule of two
    layers: 0.77 and 3.7 MB)."""
    plan = planned(layer("LSTM", 40, 16, 256, inputs), HARDWARE["lunar_lake"].replace({"tiles": 4}))
    moved = sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask))
    assert (moved > 3.3e6) == crosses


def test_a_kernel_is_cut_over_time_where_a_tile_has_no_room_for_its_sequence():
    """500 steps of 256 units on NPU 5010 as two kernels of 250, 505 us each (Intel's schedule): the weights, 262,144
    and 43 of a unit, are read twice."""
    gate = gate_of(planned(layer("LSTM", 500, 1, 256), HARDWARE["panther_lake"]), "lstm_sequence")
    assert gate.elements == (5 * 256 * 500 + 2 * 256) + 2 * (4 * 256 * 256 + 43 * 256)


@pytest.mark.parametrize(("units", "sequences"), [(64, 1), (144, 2)])
def test_units_that_are_no_multiple_of_32_are_shared_by_the_dsps_of_a_tile(units, sequences):
    """8 steps of 6 sequences on three tiles of NPU 5010: a sequence a DSP of 64 units, of 144 each DSP is priced with
    its tile's two (19.1 and 81.8 us in Intel's schedules)."""
    hw = HARDWARE["panther_lake"].replace({"tiles": 3})
    gate = gate_of(planned(layer("LSTM", 8, 6, units), hw), "lstm_sequence")
    assert gate.elements == sequences * (5 * units * 8 + 2 * units) + 4 * units * units + 43 * units


@pytest.mark.parametrize("steps", [120, 200, 320, 500])
def test_twice_the_steps_cost_up_to_twice_as_much_where_kernels_are_cut(steps):
    assert 1.0 <= cost(2 * steps, 1, 256, "panther_lake") / cost(steps, 1, 256, "panther_lake") <= 2.3


def test_a_batch_of_both_ways_makes_products_of_each_sequence_with_weights_of_its_own():
    """50 steps of 40 sequences, 128 units (a block of DPRNN): 80 products, 73,728 bytes of weights each."""
    weights = {"w": np.zeros((2, 512, 64), np.float16), "r": np.zeros((2, 512, 128), np.float16)}
    one = node("LSTM", "x w r", "y", hidden_size=128, direction="bidirectional")
    plan = planned(loaded(model([one], {"x": [50, 40, 64]}, ["y"], weights)), HARDWARE["panther_lake"])
    brought = sum(a.nbytes for a, n in zip(plan.ask, plan.label, strict=True) if n.endswith("/weights"))
    assert brought == pytest.approx(80 * 512 * (64 * 2 + 16), rel=0.01)


@pytest.mark.parametrize(
    ("batch", "tiles", "by_tiles", "wanted"),
    [(4, 3, True, 2), (5, 3, True, 2), (6, 3, True, 1), (3, 3, True, 1), (4, 3, False, 1), (7, 4, True, 2)],
)
def test_one_dsp_runs_the_sequences_of_a_tile_where_others_have_one(batch, tiles, by_tiles, wanted):
    """Elements of the busiest of two DSPs a tile, in sequences."""
    product = MacWork(MacOp.CONVOLUTION, batch, 100, 256, 64, batch, 100)
    kernel = VectorWork("lstm_sequence", batch * 1000, 1, batch, beside=10)
    *_, kernel = shared_and_cut((product, MoveWork(1.0), kernel), 64, tiles, 1e9, by_tiles)
    assert ceil(kernel.independent / (2 * tiles)) * kernel.elements / kernel.independent == wanted * 1000
