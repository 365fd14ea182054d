"""Laws of plans: what shapes them, what they conserve, and what more hardware does to their time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import list_hardware, load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, DspTask, MacTask
from npusim.compiler.rules.profile import list_profiles, load_profile
from npusim.errors import DoesNotFit
from npusim.ops.registry import macs
from npusim.pricing import timeline
from tests.compiler.strategies import graphs

HARDWARE = {name: load_hardware(name) for name in list_hardware()}
hardware = st.sampled_from(sorted(HARDWARE))
compilers = st.sampled_from(list_profiles())
precisions = st.sampled_from(["fp16", "int8"])

PRICING_ONLY = [
    ("mac_array.clock_mhz", 2.0), ("mac_array.macs_per_cycle", 2.0), ("dsp.clock_mhz", 2.0), ("dsp.vector_bits", 2.0),
    ("dma.bytes_per_cycle", 2.0), ("dma.latency_ns", 0.5), ("ddr.bandwidth_gb_per_s", 2.0), ("step.minimum_ns", 0.5),
]  # fmt: skip


def planned(graph, hw, compiler="2026", precision="fp16"):
    return compile_graph(graph, hw, load_profile(compiler), precision)


@given(graphs(), hardware, compilers, precisions)
def test_pricing_numbers_never_shape_the_plan(graph, name, compiler, precision):
    hw = HARDWARE[name]
    other = hw.replace({n: hw.get(n) * factor for n, factor in PRICING_ONLY})
    a, b = planned(graph, hw, compiler, precision), planned(graph, other, compiler, precision)
    assert (a.queue, a.ask, a.pieces, a.after, a.streams, a.feeds) == (
        b.queue,
        b.ask,
        b.pieces,
        b.after,
        b.streams,
        b.feeds,
    )


@pytest.mark.parametrize("number,factor", PRICING_ONLY)
@settings(max_examples=min(15, settings().max_examples))
@given(graphs(), hardware, compilers)
def test_faster_hardware_is_never_slower(number, factor, graph, name, compiler):
    hw = HARDWARE[name]
    plan = planned(graph, hw, compiler)
    better = hw.replace({number: hw.get(number) * factor})
    assert timeline(plan, better).latency_ns <= timeline(plan, hw).latency_ns * (1 + 1e-12)


@given(graphs(), hardware, compilers, precisions)
def test_latency_is_between_the_slowest_engine_and_the_sum_of_all_tasks(graph, name, compiler, precision):
    hw = HARDWARE[name]
    plan = planned(graph, hw, compiler, precision)
    line = timeline(plan, hw)
    busy = {
        q: sum(t for t, own in zip(line.time_ns, plan.queue, strict=True) if own == q)
        for q in set(plan.queue)
    }
    assert max(busy.values()) * (1 - 1e-12) <= line.latency_ns <= sum(line.time_ns) * (1 + 1e-12)


@given(graphs(), hardware, compilers, precisions)
def test_every_edge_points_back_and_every_engine_does_one_thing_at_a_time(graph, name, compiler, precision):
    plan = planned(graph, HARDWARE[name], compiler, precision)
    line = timeline(plan, HARDWARE[name])
    last = {}
    for i, queue in enumerate(plan.queue):
        edges = (*plan.after[i], *plan.streams[i], *(p for p, _ in plan.feeds.get(i, ())))
        assert all(p < i for p in edges)
        assert line.start_ns[i] >= last.get(queue, 0.0) - 1e-9
        last[queue] = line.end_ns[i]


@given(graphs(), hardware, compilers)
def test_priced_together_equals_priced_alone(graph, name, compiler):
    hw = HARDWARE[name]
    plan = planned(graph, hw, compiler)
    factors = np.array([0.5, 1.0, 3.0])
    names = ["mac_array.clock_mhz", "dsp.clock_mhz", "dma.latency_ns", "ddr.bandwidth_gb_per_s"]
    together = timeline(plan, hw.replace({n: hw.get(n) * factors for n in names})).latency_ns
    for factor, found in zip(factors, together, strict=True):
        alone = timeline(plan, hw.replace({n: hw.get(n) * factor for n in names})).latency_ns
        assert found == pytest.approx(alone, rel=1e-13)


@given(graphs(), hardware, compilers)
def test_the_plan_counts_the_macs_of_the_graph(graph, name, compiler):
    plan = planned(graph, HARDWARE[name], compiler)
    assert sum(s.macs for s in plan.steps) == sum(macs(n, graph) for n in graph.nodes)


@given(graphs(), hardware, compilers, st.sampled_from([1, 2, 4]))
def test_the_tiles_and_pieces_of_a_task_cover_its_work(graph, name, compiler, tiles):
    hw = HARDWARE[name].replace({"tiles": min(tiles, HARDWARE[name].tiles_max)})
    plan = planned(graph, hw, compiler)
    for step in plan.steps:
        done = 0.0
        for i in step.tasks:
            ask = plan.ask[i]
            if isinstance(ask, MacTask):
                for work, count in ask.alternatives:
                    assert (
                        work.macs * count * plan.tiles >= step.macs * (1 - 1e-9)
                        or step.lowering != "mac_array"
                    )
            elif isinstance(ask, DspTask):
                done += ask.elements * ask.parts * ask.launches
        assert done >= 0


@given(graphs(), hardware, compilers)
def test_a_tensor_is_loaded_only_after_it_was_stored(graph, name, compiler):
    plan = planned(graph, HARDWARE[name], compiler)
    stored = {}
    for i, label in enumerate(plan.label):
        tensor, _, kind = label.rpartition("/")
        if kind in ("write", "spill", "padded"):  # padded: copied in DDR
            stored.setdefault(tensor, []).append(i)
        elif kind == "load" and tensor in stored:
            assert set(stored[tensor]) & set(plan.after[i]), (
                f"{tensor} is loaded without waiting for its store"
            )


@given(graphs(), hardware, compilers)
def test_weights_that_fit_are_fetched_once(graph, name, compiler):
    hw = HARDWARE[name]
    plan = planned(graph, hw, compiler)
    for step in plan.steps:
        weights = sum(
            a.nbytes for i in (*step.tasks, *step.prefetch)
            if isinstance(a := plan.ask[i], DmaTask) and plan.label[i] == f"{step.node.name}/weights"
        )  # fmt: skip
        constants = [
            graph.values[n] for n in step.node.inputs if n in graph.values and graph.values[n].constant
        ]
        padded = sum(
            -(-v.shape[0] // 16) * 16 * -(-v.shape[-1] // 16) * 16 * 2 + 16 * (v.shape[-1] + 15)
            for v in constants
            if v.shape
        )
        assert weights <= padded + 32 * 16 + 4096


@given(graphs(), hardware)
def test_a_larger_scratchpad_never_moves_more_bytes(graph, name):
    hw = HARDWARE[name]

    def traffic(capacity):
        plan = planned(graph, hw.replace({"scratchpad.capacity_bytes": capacity}))
        return sum(
            a.nbytes for a in plan.ask if isinstance(a, DmaTask) and "ddr" in (a.source, a.destination)
        )

    sizes = [64 * 1024, 512 * 1024, 4 * 1024 * 1024]
    found = [traffic(s) for s in sizes]
    assert found == sorted(found, reverse=True)


def test_a_scratchpad_too_small_for_one_piece_is_refused_with_both_numbers():
    from tests.graphs import loaded, model, node

    graph = loaded(
        model([node("MatMul", "x w", "y")], {"x": [4, 4096]}, ["y"], {"w": np.zeros((4096, 16), np.float16)})
    )
    hw = HARDWARE["lunar_lake"].replace({"scratchpad.capacity_bytes": 64})
    with pytest.raises(DoesNotFit, match=r"'y' needs .*iB for one piece, the scratchpads hold .*iB; raise"):
        planned(graph, hw)
