"""Plans are kept while their graph lives, and change no byte of what is said."""

import gc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler import kept
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.errors import UnknownOp
from npusim.graph import DType, Graph, Node, Value
from npusim.ops.counting import dsp
from npusim.ops.registry import _RULES, op
from npusim.report.json_report import to_json
from npusim.simulation import simulate
from npusim.work import Lowering, VectorWork
from tests.compiler.strategies import graphs

NPUS = [load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")]
PROFILE = load_profile("2026")


@settings(max_examples=min(30, settings().max_examples))
@given(
    graphs(most=6),
    st.lists(st.tuples(st.sampled_from(NPUS), st.sampled_from(["2024.12", "2026"])), max_size=8),
)
def test_a_plan_asked_for_again_says_what_a_new_one_says(graph, asked):
    for hw, compiler in asked:
        again = simulate(graph, hw.replace({"dma.bytes_per_cycle": 48}), compiler)
        new = simulate(replace(graph), hw.replace({"dma.bytes_per_cycle": 48}), compiler)
        assert to_json(again) == to_json(new)
        assert to_json(simulate(graph, hw, compiler)) == to_json(simulate(replace(graph), hw, compiler))


@given(graphs(most=3))
def test_what_only_prices_a_plan_asks_for_no_new_one(graph):
    hw = NPUS[1]
    plan = compile_graph(graph, hw, PROFILE)
    assert compile_graph(graph, hw.replace({"dsp.clock_mhz": 700}), PROFILE) is plan
    assert compile_graph(graph, hw.replace({"tiles": 1}), PROFILE) is not plan
    assert compile_graph(graph, hw, PROFILE, "int8") is not plan
    assert compile_graph(replace(graph), hw, PROFILE) is not plan


def test_a_plan_goes_with_its_graph_and_stays_small_in_number():
    graph = long_chain(3)
    before = len(kept._KEPT)
    for tiles in (1, 2, 3, 4, 5, 6):
        for precision in ("fp16", "int8"):
            compile_graph(graph, NPUS[1].replace({"tiles": tiles}), PROFILE, precision)
    assert len(kept._KEPT) == before + 1 and len(kept._KEPT[id(graph)]) == kept.MOST_A_GRAPH
    del graph
    gc.collect()
    assert len(kept._KEPT) == before


def test_a_rule_registered_later_counts(monkeypatch):
    monkeypatch.setattr("npusim.ops.registry._RULES", dict(_RULES))
    graph = long_chain(1, "Frobnicate")
    with pytest.raises(UnknownOp):
        compile_graph(graph, NPUS[1], PROFILE)
    op("Frobnicate", kernels=("exp",))(lambda case: dsp(case, "exp"))
    cheap = simulate(graph, NPUS[1]).latency_us
    op("Frobnicate", kernels=("exp",), replace=True)(
        lambda case: Lowering("dsp", (VectorWork("exp", 10**9, independent=1),))
    )
    assert simulate(graph, NPUS[1]).latency_us > 10 * cheap


def long_chain(count, kind="Relu"):
    values = {f"t{i}": Value(f"t{i}", (4, 4), DType.FLOAT16) for i in range(count + 1)}
    nodes = tuple(Node(f"n{i}", kind, (f"t{i}",), (f"t{i + 1}",)) for i in range(count))
    return Graph("chain", nodes, values, ("t0",), (f"t{count}",), opset=20)
