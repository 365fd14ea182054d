"""A mix of requests: nobody is served before coming, nothing is lost, one more size never costs time."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.choices import Order
from npusim.errors import BadArgument
from npusim.serving.covering import covers
from npusim.serving.queue import Job, run, waiting
from npusim.serving.requests import Request, read_requests

SIZES = st.lists(st.sampled_from([16, 32, 48, 64, 128, 256]), min_size=1, max_size=5, unique=True)
LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=8)
jobs = st.lists(
    st.builds(
        lambda arrival, prompt, steps: Job(arrival, prompt, np.array(steps)),
        st.floats(0, 100),
        st.floats(0.1, 50),
        st.lists(st.floats(0.1, 5), max_size=5),
    ),
    min_size=1,
    max_size=8,
).map(lambda found: sorted(found, key=lambda job: job.arrival_us))


def price(size, past):
    """A launch, work in proportion, attention to what is before; wide graphs waste less."""
    return 20.0 + 0.5 * size**0.9 + 0.001 * size * past


@given(LENGTHS, SIZES, st.sampled_from([8, 16, 80, 512]))
def test_one_more_size_never_costs_time(lengths, sizes, more):
    fewer, many = covers(lengths, sizes, price), covers(lengths, [*sizes, more], price)
    for length in lengths:
        assert many[length].time_us <= fewer[length].time_us * (1 + 1e-12)


@given(LENGTHS, SIZES)
def test_a_cover_holds_the_prompt_is_of_the_sizes_and_takes_what_its_parts_take(lengths, sizes):
    for length, cover in covers(lengths, sizes, price).items():
        assert cover.padded >= length and cover.padded - cover.parts[-1] < length
        assert set(cover.parts) <= set(sizes)
        past, whole = 0, 0.0
        for part in cover.parts:
            whole += price(part, past)
            past += part
        assert cover.time_us == pytest.approx(whole)


@given(LENGTHS)
def test_the_one_size_of_the_longest_is_padding(lengths):
    longest = max(lengths)
    found = covers(lengths, [longest], price)
    assert all(cover.parts == (longest,) and cover.time_us == price(longest, 0) for cover in found.values())


@pytest.mark.parametrize("length", [1, 64, 100, 130, 300])
def test_no_other_way_takes_less(length):
    sizes = (32, 64, 128)
    ways = [
        way for n in range(1, 11) for way in combinations_with_replacement(sizes, n) if sum(way) >= length
    ]
    flat = {size: price(size, 0) for size in sizes}
    best = min(sum(flat[size] for size in way) for way in ways)
    assert covers([length], sizes, lambda size, past: np.full(len(past), flat[size]))[
        length
    ].time_us == pytest.approx(best)


@given(jobs, st.sampled_from(Order))
def test_nobody_begins_before_coming_and_the_npu_does_all_work_once(mix, order):
    times = run(mix, order)
    arrivals = np.array([job.arrival_us for job in mix])
    work = np.array([job.prompt_us + job.steps_us.sum() for job in mix])
    assert (times.begin_us >= arrivals).all()
    assert np.allclose(times.first_us - times.begin_us, [job.prompt_us for job in mix])
    assert (times.end_us - times.first_us >= [job.steps_us.sum() - 1e-9 for job in mix]).all()
    assert (np.diff(times.begin_us) >= 0).all()
    idle = times.end_us.max() - arrivals.min() - work.sum()
    assert idle >= -1e-6
    if (arrivals == arrivals[0]).all():
        assert idle == pytest.approx(0, abs=1e-6)


@given(jobs)
def test_both_orders_end_at_the_same_time_and_prompts_first_gives_first_tokens_no_later(mix):
    one, first = run(mix, Order.ONE_BY_ONE), run(mix, Order.PROMPTS_FIRST)
    assert one.end_us.max() == pytest.approx(first.end_us.max())
    assert (first.first_us <= one.first_us + 1e-6).all()


@given(jobs, st.sampled_from(Order))
def test_who_waits_times_the_span_is_the_sum_of_all_waits(mix, order):
    """Little's law, exact for a span in which everybody comes and begins."""
    arrivals, begin = np.array([job.arrival_us for job in mix]), run(mix, order).begin_us
    mean, most = waiting(arrivals, begin)
    assert mean * (begin.max() - arrivals.min()) == pytest.approx((begin - arrivals).sum(), abs=1e-6)
    assert 0 <= most <= len(mix) and mean <= most + 1e-9


def test_by_hand():
    mix = [Job(0.0, 10.0, np.array([2.0, 2.0])), Job(1.0, 5.0, np.array([3.0]))]
    one, first = run(mix, Order.ONE_BY_ONE), run(mix, Order.PROMPTS_FIRST)
    assert (one.begin_us.tolist(), one.first_us.tolist(), one.end_us.tolist()) == (
        [0, 14],
        [10, 19],
        [14, 22],
    )
    assert (first.begin_us.tolist(), first.first_us.tolist(), first.end_us.tolist()) == (
        [0, 10],
        [10, 15],
        [22, 20],
    )


def test_a_file_may_name_its_columns_or_not(tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text("# of a day\n128\n\n64,10\n32,5,1.5\n")
    assert read_requests(str(path), 7) == (Request(128, 7), Request(64, 10), Request(32, 5, 1500.0))
    path.write_text("arrival_ms,prompt\n2,64\n1,32\n")
    assert read_requests(str(path), 7) == (Request(32, 7, 1000.0), Request(64, 7, 2000.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no request"),
        ("prompt\n", "0 requests"),
        ("0\n", "line 1: prompt is '0'"),
        ("12\n1.5\n", "line 2: prompt is '1.5'"),
        ("12,-3\n", "tokens is '-3'"),
        ("12,3,soon\n", "arrival_ms is 'soon'"),
        ("12,3,-1\n", "from 0 on"),
        ("tokens\n3\n", "prompt is needed"),
        ("prompt,colour\n3,red\n", "known are prompt, tokens, arrival_ms"),
        ("\x00\x01\n", "columns are"),
    ],
)
def test_what_is_no_list_of_requests_is_said_with_its_line(tmp_path, text, said):
    path = tmp_path / "requests.csv"
    path.write_text(text)
    with pytest.raises(BadArgument, match=said):
        read_requests(str(path), 7)
    with pytest.raises(BadArgument, match="no file"):
        read_requests(str(tmp_path / "none.csv"), 7)
