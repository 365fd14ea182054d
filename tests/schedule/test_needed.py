"""Edges that others imply may go: the schedule stays the same to the last bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npusim.edges import needed, program
from npusim.schedule import run_points, run_rows, schedule
from tests.schedule.test_schedule import plans


@given(plans(equal=False, most=12), st.data())
def test_a_schedule_without_implied_edges_is_the_same(plan, data):
    queue, pieces, after, streams, time = plan
    feeds = {}
    for i in range(len(queue)):
        shares = {
            p: data.draw(st.sampled_from([0.25, 0.5, 1.0]))
            for p in range(i)
            if data.draw(st.integers(0, 5)) == 0
        }
        if shares:
            feeds[i] = tuple(shares.items())
    rows = np.array([[t, t / 3, t * 1.7] for t in time])
    whole = [schedule(queue, pieces, after, streams, column, feeds) for column in rows.T]
    ready = program(queue, pieces, after, streams, feeds)
    few_starts, few_ends = run_points(ready, rows, np.arange(len(rows)))
    many = list(run_rows(ready, list(rows), range(len(rows))))
    for i in range(len(rows)):
        start, end = ([getattr(one, what)[i] for one in whole] for what in ("start_ns", "end_ns"))
        assert few_starts[i].tolist() == many[i][0].tolist() == start
        assert few_ends[i].tolist() == many[i][1].tolist() == end
    for edges, fewer in ((after, ready.after), (streams, ready.streams)):
        assert all(set(few) <= set(all_) for few, all_ in zip(fewer, edges, strict=True))


def test_an_edge_that_another_implies_is_left_out():
    # 2 waits for 0 and 1, and 1 for 0; 3 stands behind 2 on its queue and waits for 0 once more
    after = [(), (0,), (0, 1), (0,)]
    assert needed([0, 1, 2, 2], after, [()] * 4, {}) == (((), (0,), (1,), ()), ((),) * 4)
