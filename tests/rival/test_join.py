"""Both machines op by op: nothing is lost, nothing is counted twice."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.errors import BadArgument
from npusim.rival.join import BETWEEN, FLOAT32, HOST, OTHER, causes, join, kinds
from npusim.rival.over import carried_on, crossing, over, parse_over
from npusim.rival.record import Against, Point, TimedOp, Timing
from npusim.rival.sentence import headline, settled, why
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights

GRAPH = loaded(
    model(
        [
            node("MatMul", "x w", "m"),
            node("CumSum", "m axis", "c"),
            node("Sigmoid", "c", "s"),
            node("Add", "s x", "y"),
        ],
        {"x": (64, 64)},
        ["y"],
        {"w": weights(64, 64), "axis": 0},
    )
)
REPORT = simulate(GRAPH, "lunar_lake", mode="latency")
HOST_PARTS = {HOST: 0.75 * REPORT.host_us, FLOAT32: 0.25 * REPORT.host_us}
NAMES = ["m", "c", "s", "y", "nowhere", "m_nchwc"]
OPS = ["MatMul", "Gemm", "CumSum", "Sigmoid", "Add", "reorder"]


def timing(ops, between=0.0):
    whole = sum(op.us for op in ops) + between
    return Timing("CPU", "a CPU", "a runtime 1", 2, whole, (whole, whole), 50, 10, tuple(ops), between)


def found(ops, between=0.0) -> Against:
    cpu = timing(ops, between)
    sides, alone = join(REPORT, GRAPH, cpu)
    return Against(
        REPORT,
        cpu,
        None,
        kinds(sides, alone, cpu, HOST_PARTS),
        causes(sides, alone, cpu, HOST_PARTS),
        4096.0,
    )


timed = st.builds(TimedOp, st.sampled_from(NAMES), st.sampled_from(OPS), st.floats(0, 1e6))


@given(st.lists(timed, max_size=8), st.floats(0.1, 1e5))
def test_columns_sum_to_the_latencies_and_causes_to_the_difference(ops, between):
    answer = found(ops, between)
    assert sum(kind.npu_us for kind in answer.kinds) == pytest.approx(REPORT.latency_us)
    assert sum(kind.cpu_us for kind in answer.kinds) == pytest.approx(answer.cpu.median_us)
    difference = REPORT.latency_us - answer.cpu.median_us
    assert sum(cause.lost_us for cause in answer.causes) == pytest.approx(
        difference, abs=1e-6 + 1e-9 * between
    )
    losses = [kind.lost_us for kind in answer.kinds]
    assert losses == sorted(losses, reverse=True)
    assert all("nan" not in text for text in (headline(answer), settled(answer), why(answer)))


def test_a_name_goes_before_a_kind_and_a_kind_before_nothing():
    answer = found(
        [TimedOp("c", "CumSum", 5.0), TimedOp("?", "Gemm", 7.0), TimedOp("!", "reorder", 3.0)], 2.0
    )
    times = {kind.op_type: kind.cpu_us for kind in answer.kinds}
    assert (times["CumSum"], times["MatMul"], times["reorder"], times[BETWEEN]) == (5.0, 7.0, 3.0, 2.0)
    assert [cause.lost_us for cause in answer.causes if cause.what == OTHER] == [-3.0]


def test_the_sentence_names_the_loser_the_number_and_the_reason():
    slow = found([TimedOp("m", "MatMul", 10.0)])
    assert headline(slow).startswith("the NPU is predicted ") and "as slow as" in headline(slow)
    assert why(slow).startswith("the NPU loses ") and "launch from the host" in why(slow)
    fast = found([TimedOp("m", "MatMul", 1e6)])
    assert "as fast as" in headline(fast) and why(fast).startswith("the NPU wins ") and "MatMul" in why(fast)


def test_inside_the_band_nothing_is_settled():
    low, high = REPORT.band_us
    assert settled(found([TimedOp("m", "MatMul", (low + high) / 2)])).startswith("not settled")
    assert settled(found([TimedOp("m", "MatMul", 2 * high)])) == ""
    assert settled(found([TimedOp("m", "MatMul", low / 2)])) == ""


powers = st.tuples(st.floats(1.0, 1e4), st.floats(0.0, 2.0))


@given(powers, powers)
def test_where_both_are_powers_of_the_size_the_crossing_is_exact(npu, cpu):
    sizes = (1, 2, 4, 16, 64)
    points = [Point(s, npu[0] * s ** npu[1], None, cpu[0] * s ** cpu[1], True) for s in sizes]
    wins = crossing(points)
    last = points[-1]
    if wins is None:
        assert last.npu_us > last.cpu_us
    elif wins > 1:
        assert npu[0] * wins ** npu[1] == pytest.approx(cpu[0] * wins ** cpu[1], rel=1e-6)
    else:
        assert all(p.npu_us <= p.cpu_us * (1 + 1e-9) for p in points)


@given(powers, st.integers(3, 1000))
def test_a_power_of_the_size_is_carried_on_as_one(power, size):
    known = [(s, power[0] * s ** power[1]) for s in (1, 2)]
    assert carried_on(known, size) == pytest.approx(power[0] * size ** power[1], rel=1e-6)


def test_without_time_the_first_size_is_measured_and_the_rest_scaled():
    answer = over("batch", (1, 2, 8), lambda n: REPORT, lambda n: 40.0 * n, most_s=0.0)
    assert [p.measured for p in answer.points] == [True, False, False]
    assert [p.cpu_us for p in answer.points] == [40.0, 80.0, 320.0]
    assert "measured at batch 1, scaled from there beyond" in answer.sentence
    whole = over("batch", (1, 2, 8), lambda n: REPORT, lambda n: 1e9 * n, most_s=math.inf)
    assert all(p.measured for p in whole.points) and whole.wins_from == 1


@pytest.mark.parametrize(
    "text", ["=1", "batch=", "batch=0", "batch=-1", "batch=1.5", "batch=a", "batch=1,,2"]
)
def test_sizes_that_are_none_are_refused(text):
    with pytest.raises(BadArgument, match="over"):
        parse_over(text, {})


def test_sizes_are_sorted_and_a_name_alone_is_doubled():
    assert parse_over("batch=8,1,8", {}) == ("batch", (1, 8))
    assert parse_over("length", {"length": 16}) == ("length", (16, 32, 64, 128, 256))
