"""Recurrent layers of a batch, and of gates that fill no sixteens: who shares what, and what crosses DDR."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, DspTask, MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.pricing import timeline
from npusim.work import MacOp
from tests.graphs import loaded, model, node

HARDWARE = {n: load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake")}
hardware = st.sampled_from(sorted(HARDWARE))


def layer(kind, steps, batch, units, inputs=64):
    """One layer of one way over [T, B, I]."""
    gates = {"LSTM": 4, "GRU": 3}[kind] * units
    weights = {"w": np.zeros((1, gates, inputs), np.float16), "r": np.zeros((1, gates, units), np.float16)}
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    one = node(kind, "x w r", "y", hidden_size=units, **more)
    return loaded(model([one], {"x": [steps, batch, inputs]}, ["y"], weights))


def planned(graph, hw, profile="2026"):
    return compile_graph(graph, hw, load_profile(profile))


def weights_moved(plan):
    tasks = zip(plan.ask, plan.label, plan.repeats, strict=True)
    brought = ("/weights", "/steps")
    return sum(a.nbytes * times for a, n, times in tasks if isinstance(a, DmaTask) and n.endswith(brought))


def gate_of(plan, kernel):
    return next(a for a in plan.ask if isinstance(a, DspTask) and a.kernel == kernel)


@pytest.mark.parametrize(
    ("kind", "batch", "units", "most"), [("GRU", 32, 256, 11), ("LSTM", 8, 512, 2), ("LSTM", 1, 512, 1)]
)
def test_gates_of_a_batch_are_shared_by_whole_sequences(kind, batch, units, most):
    """On three tiles: 11, 11 and 10 of 32 on one DSP each (20.5 us in Intel's schedule on NPU 5010), 3, 3 and 2 of 8 on
    two (5.7 us of two), one where there is one; a GRU's bias is read beside them."""
    hw = HARDWARE["panther_lake"].replace({"tiles": 3})
    gate = gate_of(planned(layer(kind, 5, batch, units), hw), kind.lower())
    assert gate.elements == pytest.approx(most * units + (units / 2 if kind == "GRU" else 0))


@given(st.sampled_from([8, 16, 32]), st.sampled_from([4, 10]), hardware)
def test_products_and_states_of_a_batch_cross_ddr_and_weights_that_fit_do_not_again(batch, steps, name):
    """GRU of 256 units: a step's product, written and read, the state for the next, and the table."""
    units, gates = 256, 3 * 256
    plan = planned(layer("GRU", steps, batch, units), HARDWARE[name])
    once = gates * (units * 2 + 16) + gates * (64 * 2 + 16)
    a_step = 4 * batch * gates * 2 + batch * units * 2  # the inputs' products, written and read, as well
    assert weights_moved(plan) == pytest.approx(once + steps * a_step + (steps - 1) * gates * 16, rel=0.02)


@pytest.mark.parametrize(("batch", "share"), [(2, 0.5), (4, 1.0), (8, 1.0)])
def test_large_weights_come_again_whole_where_every_tile_has_a_sequence(batch, share):
    """LSTM of 512 units on four tiles, 2.1 MB a step: 7.1 MB of two sequences in five steps, 11.3 of four (Intel's)."""
    hw = HARDWARE["lunar_lake"].replace({"tiles": 4})
    few, many = (weights_moved(planned(layer("LSTM", n, batch, 512), hw)) for n in (5, 10))
    assert (few < many) and (many - few) / 5 == pytest.approx(share * 2048 * 1024, rel=0.12)


@pytest.mark.parametrize(
    ("kind", "units", "mb"), [("LSTM", 650, 22.65), ("GRU", 650, 16.23), ("LSTM", 250, 1.2)]
)
def test_weights_of_gates_that_fill_no_sixteens_come_again_if_they_are_large(kind, units, mb):
    """Six steps of one sequence; MB of Intel's schedules, on all three NPUs within a percent."""
    inputs = 128 if units > 500 else 64
    for name, tiles in (("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)):
        plan = planned(layer(kind, 6, 1, units, inputs), HARDWARE[name].replace({"tiles": tiles}))
        moves = (a for a in plan.ask if isinstance(a, DmaTask) and "ddr" in (a.source, a.destination))
        assert sum(a.nbytes for a in moves) / 1e6 == pytest.approx(mb, rel=0.04)


@settings(max_examples=min(15, settings().max_examples))
@given(st.sampled_from(["LSTM", "GRU"]), st.sampled_from([8, 16]), st.sampled_from([128, 320, 512]), hardware)
def test_twice_the_sequences_or_steps_cost_up_to_twice_as_much(kind, batch, units, name):
    hw = HARDWARE[name]

    def cost(steps, sequences):
        return float(timeline(planned(layer(kind, steps, sequences, units), hw), hw).latency_ns)

    base = cost(6, batch)
    assert 1.0 <= cost(6, 2 * batch) / base <= 2.3
    assert 1.0 <= cost(12, batch) / base <= 2.3


@pytest.mark.parametrize(("units", "pixels", "both"), [(100, 1, True), (64, 8, False)])
def test_sums_of_an_lstm_are_one_pixel_where_eight_are_no_whole_sixteens(units, pixels, both):
    """One sequence on NPU 3720 (Intel's schedules): 400 gates are added as 1x400x1x1 on both tiles, 256 as
    16x2x4 on each."""
    plan = planned(layer("LSTM", 4, 1, units), HARDWARE["meteor_lake"])
    sums = [a for a in plan.ask if isinstance(a, MacTask) and a.alternatives[0][0].op == MacOp.ELTWISE]
    share = sums[-1].alternatives[0][0]
    assert share.out_h * share.out_w * share.out_c == 4 * units / (1 if both else 2)
    assert (share.out_h * share.out_w == 1) == (pixels == 1)


def test_weights_of_many_scratchpads_come_again_but_for_half_a_scratchpad():
    """LSTM of 2,048 units on NPU 3720, 33.6 MB: 31.7 MB a step in Intel's schedule, of 768 units 0.69 of them."""
    plan = planned(layer("LSTM", 11, 1, 2048), HARDWARE["meteor_lake"])
    each = weights_moved(plan) / 11 / (4 * 2048 * (2048 * 2 + 16))
    assert each == pytest.approx(0.96, abs=0.03)


@pytest.mark.parametrize("units", [320, 352, 384, 400, 432, 448, 512, 528, 576, 592])
def test_pieces_of_an_lstm_take_turns_where_its_units_are_a_multiple_of_64(units):
    """On two tiles, of weights that are large at all, from 352 units on (Intel's schedules on NPU 3720): half of
    them come at each of 30 steps, of others none, whose tables and results are less than the weights."""
    hw = HARDWARE["meteor_lake"].replace({"tiles": 2})
    plan = planned(layer("LSTM", 30, 1, units, inputs=units), hw, "2026-as-released")
    once, in_turns = 2 * 4 * units * units, units % 64 == 0 and units > 352
    assert (weights_moved(plan) > 2 * once + 29 / 2 * once) == in_turns
    assert in_turns or weights_moved(plan) < 2.5 * 2 * once
