"""Attention cut together: what it moves, how long it takes, and where it is not done."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.chains.chains import Attention, attention_of
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DMA0, DSP, MAC_ARRAY
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Node, Value
from npusim.pricing import timeline
from npusim.work import MacOp, MacWork
from tests import oracle
from tests.compiler import at_size

HARDWARE = {n: load_hardware(n) for n in ("meteor_lake", "lunar_lake", "panther_lake")}
hardware = st.sampled_from(sorted(HARDWARE))
lengths = st.sampled_from([577, 1024, 1500, 4096])


def planned(graph, hw):
    return compile_graph(graph, hw, load_profile("2026"))


def chained(plan):
    """Steps of the chain, but for the passes that turn its keys and values."""
    return [s for s in plan.steps if "cut together" in s.reason and s.node.op_type != "MemPermute"]


@given(lengths, hardware)
def test_product_softmax_and_product_have_equal_pieces(length, name):
    plan = planned(at_size.attention_in_ops(16, length, length, 64), HARDWARE[name])
    steps = chained(plan)
    assert [s.node.name for s in steps] == ["first", "softmax", "second"]
    assert len({s.pieces for s in steps}) == 1
    assert not any(label.startswith(("s/", "p/")) for label in plan.label)  # scores are in no transfer


@given(lengths, hardware)
def test_time_is_that_of_the_busier_engine_and_a_strip(length, name):
    """The plan's tasks run one product behind the other; by hand, strip by strip, the products take turns."""
    hw = HARDWARE[name]
    plan = planned(at_size.attention_in_ops(16, length, length, 64), hw)
    line = timeline(plan, hw)
    chain = chained(plan)
    together = {k for k, step in enumerate(plan.steps) if step in chain}
    compute = [i for i, q in enumerate(plan.queue) if q in (MAC_ARRAY, DSP) and plan.step[i] in together]
    pieces = plan.pieces[compute[0]]
    first, softmax, second = (Fraction(line.time_ns[i]) / pieces for i in compute)
    took = max(line.end_ns[i] for i in compute) - min(line.start_ns[i] for i in compute)
    queue, after, time, begun = [], [], [], {}
    for strip in range(pieces + 1):
        for kind, owner, s, needs, length_ns in (
            ("first", MAC_ARRAY, strip, None, first),
            ("second", MAC_ARRAY, strip - 1, "softmax", second),
            ("softmax", DSP, strip, "first", softmax),
        ):
            if 0 <= s < pieces:
                after.append((begun[needs, s],) if needs else ())
                begun[kind, s] = len(queue)
                queue.append(owner)
                time.append(length_ns)
    _, end = oracle.run(queue, [1] * len(queue), after, [()] * len(queue), time)
    by_hand, strip = float(max(end)), float(first + softmax + second)
    transfers = sum(t for t, q in zip(line.time_ns, plan.queue, strict=True) if q >= DMA0)
    assert by_hand - strip <= took <= by_hand + strip + transfers


def test_scores_with_a_second_reader_are_not_cut_together():
    graph = at_size.attention_in_ops(16, 2048, 2048, 64)
    values = {**graph.values, "also": Value("also", graph.values["p"].shape, DType.FLOAT16)}
    nodes = (*graph.nodes, Node("also", "Relu", ("p",), ("also",)))
    other = type(graph)("two readers", nodes, values, graph.inputs, ("y", "also"), opset=20)
    assert not chained(planned(other, HARDWARE["meteor_lake"]))


def test_scores_that_fit_are_not_cut():
    assert not chained(planned(at_size.attention_in_ops(12, 128, 128, 64), HARDWARE["meteor_lake"]))


@pytest.mark.parametrize("keys", [1024, 30_000, 300_000])
def test_keys_that_do_not_fit_are_spread_or_read_again(keys):
    first = MacWork(MacOp.CONVOLUTION, 64, 4, keys, 64, 64, 4, groups=8)
    second = MacWork(MacOp.CONVOLUTION, 64, 4, 64, keys, 64, 4, groups=8)
    strips = Attention(first, second).strips(3, 1_200_000)
    if strips is None:
        assert 4 * keys * 2 * 3 / 3 > 600_000  # not even four pixels of scores fit
    else:
        assert (strips.key_reads > 1) == (keys * 64 * 2 * 2 / 3 > 600_000)


def test_attention_is_known_by_its_works():
    assert attention_of([]) is None
