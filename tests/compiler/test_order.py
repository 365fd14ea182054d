"""The plan is of the graph: neither the order of nodes in the file nor their names matter."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.order import in_canonical_order
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Graph, Node, Value
from npusim.pricing import timeline
from tests.compiler.strategies import graphs

HW = load_hardware("lunar_lake")
PROFILE = load_profile("2026")


def shuffled(graph, seed):
    """The same nodes in another topological order."""
    dice = random.Random(seed)
    made = {*graph.inputs, *(n for n, v in graph.values.items() if v.constant)}
    waiting, order = list(graph.nodes), []
    while waiting:
        ready = [n for n in waiting if all(not i or i in made for i in n.inputs)]
        node = dice.choice(ready)
        waiting.remove(node)
        order.append(node)
        made.update(node.outputs)
    return graph.with_nodes(tuple(order))


def renamed(graph):
    nodes = tuple(replace(n, name=f"zz{k}") for k, n in enumerate(graph.nodes))
    return graph.with_nodes(nodes)


@given(graphs(), st.integers(0, 1000))
def test_another_order_in_the_file_gives_the_same_plan(graph, seed):
    a, b = (compile_graph(g, HW, PROFILE) for g in (graph, shuffled(graph, seed)))
    assert (a.queue, a.ask, a.after, a.streams, a.feeds, a.label) == (
        b.queue,
        b.ask,
        b.after,
        b.streams,
        b.feeds,
        b.label,
    )


@given(graphs())
def test_other_names_of_nodes_give_the_same_times(graph):
    a, b = (compile_graph(g, HW, PROFILE) for g in (graph, renamed(graph)))
    assert timeline(a, HW).latency_ns == timeline(b, HW).latency_ns


@given(graphs(), st.integers(0, 1000))
def test_the_order_is_topological_and_keeps_every_node(graph, seed):
    ordered = in_canonical_order(shuffled(graph, seed))
    made = {*graph.inputs, *(n for n, v in graph.values.items() if v.constant)}
    for node in ordered.nodes:
        assert all(not i or i in made for i in node.inputs)
        made.update(node.outputs)
    assert sorted(n.name for n in ordered.nodes) == sorted(n.name for n in graph.nodes)


def test_a_long_chain_does_not_exhaust_the_stack():
    count = 20_000
    values = {f"t{k}": Value(f"t{k}", (4, 4), DType.FLOAT16) for k in range(count + 1)}
    nodes = tuple(Node(f"n{k}", "Relu", (f"t{k}",), (f"t{k + 1}",)) for k in range(count))
    graph = Graph("chain", nodes, values, ("t0",), (f"t{count}",))
    assert in_canonical_order(graph).nodes == nodes
