"""Equal tasks are priced once and equal nodes explained once: no byte of a report knows of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim import columns
from npusim.arch.presets import load_hardware
from npusim.report.json_report import to_json
from npusim.simulation import simulate
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node, weights

NPUS = [load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")]


def apart(plan):
    """Every task as a kind of its own."""
    chosen = sorted(range(len(plan.ask)), key=lambda i: columns.kind_of(plan.ask[i]))
    place = {i: k for k, i in enumerate(chosen)}
    row = [place[i] for i in range(len(chosen))]
    asked = ([column[i] for i in chosen] for column in (plan.ask, plan.minimum_steps, plan.repeats))
    return columns.Distinct(row, np.array(row, dtype=np.intp), chosen, columns.gather(*asked))


def one_by_one(graph, hw, **options):
    """The report without any sharing, of a plan made anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_distinct", apart)
        return to_json(simulate(replace(graph), hw, **options))


def layers(count, width, rows, odd, how):
    """`count` equal layers, but for one: another width inside, another op, or no residual."""
    nodes, constants = [], {}
    for k in range(count):
        inner = 48 if k == odd and how == "width" else 96
        constants |= {f"a{k}": weights(width, inner, seed=1), f"b{k}": weights(inner, width, seed=2)}
        act = "Exp" if k == odd and how == "op" else "Sigmoid"
        nodes += [node("MatMul", f"x{k} a{k}", f"u{k}"), node(act, f"u{k}", f"s{k}")]
        nodes += [node("Mul", f"u{k} s{k}", f"g{k}"), node("MatMul", f"g{k} b{k}", f"d{k}")]
        other = f"d{k}" if k == odd and how == "residual" else f"x{k}"
        nodes.append(node("Add", f"d{k} {other}", f"x{k + 1}"))
    return loaded(model(nodes, {"x0": [rows, width]}, [f"x{count}"], constants))


@settings(max_examples=20, deadline=None)
@given(graphs(most=6), st.sampled_from(NPUS), st.sampled_from(["throughput", "latency"]))
def test_a_report_without_sharing_has_the_same_bytes(graph, hw, mode):
    assert to_json(simulate(graph, hw, mode=mode)) == one_by_one(graph, hw, mode=mode)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(2, 6),
    st.sampled_from([64, 200, 1024]),
    st.sampled_from([1, 33, 256]),
    st.integers(0, 6),
    st.sampled_from(["width", "op", "residual"]),
    st.sampled_from(NPUS),
)
def test_so_has_one_of_equal_layers_with_one_that_differs(count, width, rows, odd, how, hw):
    graph = layers(count, width, rows, odd, how)
    assert to_json(simulate(graph, hw)) == one_by_one(graph, hw)


def test_equal_layers_have_no_more_kinds_of_tasks_than_a_few():
    from npusim.columns import distinct
    from npusim.compiler.compile import compile_graph
    from npusim.compiler.rules.profile import load_profile

    def kinds(count):
        plan = compile_graph(layers(count, 256, 64, -1, "op"), NPUS[1], load_profile("2026"))
        return len(distinct(plan).first), len(plan.queue)

    few, many = kinds(4), kinds(16)
    assert many[0] <= few[0] + 2 and many[1] > 3 * few[1]
