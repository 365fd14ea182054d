"""Edges that others imply may go: the schedule stays the same to the last bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npusim.schedule import last_uses, needed, run_rows
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
    rows = [np.array([t, t / 3, t * 1.7]) for t in time]
    whole = list(run_rows(queue, pieces, after, streams, rows, feeds))
    fewer, still = needed(queue, after, streams, feeds)
    last = last_uses(fewer, still, feeds)
    for (start, end), (other_start, other_end) in zip(
        whole, run_rows(queue, pieces, fewer, still, rows, feeds, last), strict=True
    ):
        assert (start == other_start).all() and (end == other_end).all()
    assert all(set(few) <= set(all_) for few, all_ in zip(fewer, after, strict=True))


def test_an_edge_that_another_implies_is_left_out():
    # 2 waits for 0 and 1, and 1 for 0; 3 stands behind 2 on its queue and waits for 0 once more
    after = [(), (0,), (0, 1), (0,)]
    assert needed([0, 1, 2, 2], after, [()] * 4, {}) == (((), (0,), (1,), ()), ((),) * 4)
