"""Laws of the check, over random graphs and the rules themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim import load
from npusim.checking.facts import facts
from npusim.checking.nodes import node_findings
from npusim.checking.record import EXIT_CODES, Answer
from npusim.checking.rules import Condition, load_rules, parse, releases
from npusim.errors import BadArgument
from tests.vendor.compiling.random_graphs import random_graph

RULES = load_rules("2026")
NUMBERS = st.integers(10_000, 99_999)  # none of the graphs the rules were judged by


@settings(max_examples=25, deadline=None)
@given(NUMBERS)
def test_a_graph_is_refused_for_its_nodes_alone(number):
    """Each node judged by itself, in its place, says what the whole says: one that is clean node by node is clean."""
    graph = load(random_graph(number))
    alone = [
        f
        for node in graph.nodes
        for f in node_findings(replace(graph, nodes=(node,)), RULES, "4000")
        if f.node
    ]
    assert [f for f in node_findings(graph, RULES, "4000") if f.node] == alone


@settings(max_examples=25, deadline=None)
@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_order_of_nodes_in_the_file_changes_nothing(number, random):
    model = random_graph(number)
    straight = node_findings(load(model), RULES, "4000")
    shuffled = list(model.graph.node)
    random.shuffle(shuffled)
    del model.graph.node[:]
    model.graph.node.extend(shuffled)
    assert sorted(node_findings(load(model), RULES, "4000"), key=str) == sorted(straight, key=str)


@settings(max_examples=25, deadline=None)
@given(NUMBERS)
def test_every_refusal_says_why_and_what_to_do(number):
    for finding in node_findings(load(random_graph(number)), RULES, "4000"):
        assert finding.why and finding.remedy and finding.kind
        assert "\n" not in finding.why + finding.remedy


def test_every_rule_can_be_met_and_names_its_evidence():
    for rules in RULES.by_op.values():
        for rule in rules:
            assert 0 <= rule.refused <= rule.asked and rule.asked
            assert rule.refused >= 0.9 * rule.asked or not rule.refuses
            assert set(rule.generations) <= {"3720", "4000", "5010"}


def test_conditions_are_read_as_they_are_written():
    text = "type0=int64|uint64 & most_rank>=6 & axis_from_back<=-2"
    assert " & ".join(map(str, parse(text))) == text


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_conditions_compare(fact, bound):
    known = {"n": fact}
    assert Condition("n", ">=", (bound,)).met(known) == (fact >= bound)
    assert Condition("n", "<=", (bound,)).met(known) == (fact <= bound)
    assert Condition("n", "=", (bound, 99)).met(known) == (fact in (bound, 99))
    assert not Condition("m", "<=", (bound,)).met(known)


def test_facts_hold_no_names_of_the_model():
    graph = load(random_graph(12345))
    for node in graph.nodes:
        assert not {str(v) for v in facts(node, graph).values()} & {node.name, *node.inputs, *node.outputs}


def test_a_release_without_rules_is_an_error_that_names_those_with():
    assert "2026" in releases()
    with pytest.raises(BadArgument, match="2026"):
        load_rules("1999")


def test_exit_codes():
    assert EXIT_CODES == {Answer.COMPILES: 0, Answer.REFUSED: 1, Answer.UNKNOWN: 3}
