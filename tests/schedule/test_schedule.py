"""The closed form of the schedule against the piece-by-piece oracle, and its laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.schedule import schedule
from tests.oracle import run


@st.composite
def plans(draw, equal=True, most=9):
    """Random task lists: edges backwards, no streaming between tasks of one queue."""
    count = draw(st.integers(1, most))
    queue = [draw(st.integers(0, 3)) for _ in range(count)]
    common = draw(st.integers(1, 6))
    pieces = [common if equal else draw(st.integers(1, 6)) for _ in range(count)]
    after, streams = [], []
    for i in range(count):
        kinds = {p: draw(st.sampled_from(["none", "none", "after", "streams"])) for p in range(i)}
        after.append(tuple(p for p, kind in kinds.items() if kind == "after"))
        streams.append(tuple(p for p, kind in kinds.items() if kind == "streams" and queue[p] != queue[i]))
    time = [draw(st.integers(0, 60)) for _ in range(count)]
    return queue, pieces, after, streams, time


def closed(plan):
    queue, pieces, after, streams, time = plan
    return schedule(queue, pieces, after, streams, np.array(time, dtype=float))


@given(plans())
def test_with_equal_pieces_the_closed_form_equals_every_piece_run_by_hand(plan):
    start, end = run(*plan)
    line = closed(plan)
    assert line.end_ns == pytest.approx([float(x) for x in end])
    assert line.start_ns == pytest.approx([float(x) for x in start])


@given(plans(equal=False))
def test_with_unequal_pieces_it_is_off_by_at_most_the_largest_pieces_on_the_way(plan):
    _, pieces, _, _, time = plan
    _, end = run(*plan)
    slack = sum(t / n for t, n in zip(time, pieces, strict=True))
    assert max(closed(plan).end_ns) == pytest.approx(float(max(end)), abs=slack + 1e-9)


@given(plans(), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_a_short_last_piece_moves_the_end_by_less_than_the_largest_pieces(plan, share):
    queue, pieces, _, _, time = plan
    _, end = run(*plan, short_last=[share] * len(queue))
    slack = sum(t / (n - 1 + share) for t, n in zip(time, pieces, strict=True))
    assert max(closed(plan).end_ns) == pytest.approx(float(max(end)), abs=slack + 1e-9)


@given(plans())
def test_back_pressure_never_makes_it_faster(plan):
    try:
        _, end = run(*plan, buffers=2)
    except RuntimeError:
        return
    assert max(closed(plan).end_ns) <= float(max(end)) + 1e-9


@given(plans(equal=False))
def test_latency_is_between_the_slowest_engine_and_the_sum(plan):
    queue, _, _, _, time = plan
    busy = {q: sum(t for t, own in zip(time, queue, strict=True) if own == q) for q in set(queue)}
    latency = closed(plan).latency_ns
    assert max(busy.values()) - 1e-9 <= latency <= sum(time) + 1e-9


@given(plans(equal=False))
def test_no_engine_does_two_things_at_once_and_every_edge_is_kept(plan):
    queue, pieces, after, streams, _ = plan
    line = closed(plan)
    for i in range(len(queue)):
        for j in range(i):
            if queue[j] == queue[i]:
                assert line.end_ns[j] <= line.start_ns[i] + 1e-9
        for p in after[i]:
            assert line.end_ns[p] <= line.start_ns[i] + 1e-9
        for p in streams[i]:
            assert line.start_ns[p] + line.time_ns[p] / pieces[p] <= line.start_ns[i] + 1e-9
            assert line.end_ns[p] + line.time_ns[i] / pieces[i] <= line.end_ns[i] + 1e-9


@given(plans(equal=False), st.integers(1, 5), st.integers(0, 10_000))
def test_an_array_of_times_equals_one_by_one(plan, points, seed):
    queue, pieces, after, streams, time = plan
    scale = np.random.default_rng(seed).uniform(0.5, 2, (len(queue), points))
    times = np.array(time, dtype=float)[:, None] * scale
    together = schedule(queue, pieces, after, streams, times)
    for k in range(points):
        alone = schedule(queue, pieces, after, streams, times[:, k])
        assert [float(e[k]) for e in together.end_ns] == alone.end_ns
        assert float(together.latency_ns[k]) == alone.latency_ns


@given(plans(), st.data())
def test_a_longer_task_never_makes_the_end_come_sooner(plan, data):
    queue, pieces, after, streams, time = plan
    i = data.draw(st.integers(0, len(time) - 1))
    longer = [*time[:i], time[i] + 7, *time[i + 1 :]]
    assert closed((queue, pieces, after, streams, longer)).latency_ns >= closed(plan).latency_ns - 1e-9


def test_two_streaming_tasks_of_four_pieces_by_hand():
    # a: 4 pieces of 2; b: 4 pieces of 3, each behind the same piece of a: 2 + 4*3 = 14
    line = schedule([2, 0], [4, 4], [(), ()], [(), (0,)], np.array([8.0, 12.0]))
    assert line.start_ns == [0, 2] and line.end_ns == [8, 2 + 4 * 3]
    # a slow producer: b ends one own piece after it: 4*3 + 2
    line = schedule([2, 0], [4, 4], [(), ()], [(), (0,)], np.array([12.0, 8.0]))
    assert line.end_ns == [12, 4 * 3 + 2]


def test_the_drawing_of_docs_time():
    """Pieces of 5, 7 and 3 ns: the second task starts after one piece, the third ends one piece after it."""
    line = schedule(
        (2, 0, 2 + 1), (3, 3, 3), ((), (), ()), ((), (0,), (1,)), np.array([3 * 5.0, 3 * 7.0, 3 * 3.0])
    )
    assert line.start_ns == [0, 5, 5 + 7]
    assert line.end_ns == [3 * 5, 5 + 3 * 7, 5 + 3 * 7 + 3]
