"""From the committed answers to `npusim/checking/data/2026.csv`."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import onnx
from onnx import helper

from npusim.checking.dependent import data_dependent
from npusim.checking.facts import Fact, facts, run_time_facts
from npusim.checking.nodes import CONTROL, MOST_IO_AXES
from npusim.checking.rules import ANY, COLUMNS, DATA, Rule, parse
from npusim.errors import UnknownShape
from tests.vendor.compiling import tables
from tests.vendor.compiling.answers import key, loaded
from tests.vendor.compiling.catalogue import model_of, planned
from tests.vendor.compiling.judges import judges
from tests.vendor.compiling.learn import Row, learn_op, merged

RELEASE = "2026"
#: The NPU all graphs were asked for; of the others a sample tells what differs.
MAIN = "4000"
OTHERS = ("3720", "5010")
HEAD = """# What Intel's NPU compiler 8.4 (OpenVINO 2026.4.1) refuses: conditions on a node, learnt from its answers
# about graphs of one node (docs/check.md). Written by tests/vendor/compiling/make.py; do not edit.
"""


def one_node_rows(npu: str) -> Iterator[tuple[tuple[Any, ...], Row]]:
    """Rows of the one-node graphs, with what names them."""
    answers = {
        (a.domain, a.op, a.form, a.rank, a.dtype): a.why for a in tables.read_one_node() if a.npu == npu
    }
    for form, rank, dtype in planned():
        name = (form.domain, form.op, form.name, rank, dtype)
        if name in answers:
            op = f"{form.domain}.{form.op}" if form.domain else form.op
            for row in rows_of_graph(model_of(form, rank, dtype).SerializeToString(), op, answers[name]):
                yield name, row


def fit_rows(npu: str) -> Iterator[tuple[str, Row]]:
    """Rows of the fit half's graphs of one node."""
    answers = {j.graph: j.why for j in tables.read_judged() if j.npu == npu and j.half == "fit"}
    for name, content in judges():
        if name in answers:
            for row in rows_of_graph(content, None, answers[name]):
                yield name, row


def rows_of_graph(content: bytes, op: str | None, why: str) -> list[Row]:
    """The rows of a graph in which one node stands, Reshapes around it apart; none of any other graph."""
    return [Row(*known, bool(why), why) for known in facts_of(content, op)]


@cache
def facts_of(content: bytes, op: str | None) -> tuple[tuple[str, dict[str, Fact]], ...]:
    """The op and the facts of that node; the same whatever NPU was asked.

    Two of a node whose shape the data decide: as it is, and as if the file declared a shape.
    """
    try:
        graph = loaded(content)
    except UnknownShape as error:
        model = onnx.load_from_string(content)
        _, named, known = run_time_facts(error, model)
        if named != (op or named) or named in CONTROL:
            return ()
        return ((named, known), *declared_facts(model, named))
    if graph is None:
        return ()
    if any(len(graph.values[name].shape) > MOST_IO_AXES for name in (*graph.inputs, *graph.outputs)):
        return ()  # refused for that, whatever stands inside
    nodes = [n for n in graph.nodes if key(n) == op] if op else []
    nodes = nodes or [n for n in graph.nodes if n.op_type != "Reshape"] or list(graph.nodes)
    if len(nodes) != 1 or (op and key(nodes[0]) != op):
        return ()
    return ((key(nodes[0]), facts(nodes[0], graph, data_dependent(graph))),)


#: Facts that a shape made up for an output says nothing about.
OF_OUTPUTS = ("out_rank", "most_rank", "out_empty", "out_type", "broadcast")


def declared_facts(model: onnx.ModelProto, op: str) -> Iterator[tuple[str, dict[str, Fact]]]:
    """The facts of a lone node if the file declared its outputs, those apart that would depend on how."""
    if len(model.graph.node) != 1:
        return
    first = model.graph.input[0].type.tensor_type
    for output in model.graph.output:
        made = helper.make_tensor_value_info(output.name, first.elem_type, [2] * max(1, len(first.shape.dim)))
        output.type.CopyFrom(made.type)
    try:
        graph = loaded(model.SerializeToString())
    except UnknownShape:
        return
    if graph is not None and len(graph.nodes) == 1 and key(graph.nodes[0]) == op:
        known = facts(graph.nodes[0], graph)
        yield op, {name: value for name, value in known.items() if name not in OF_OUTPUTS}


def write_rules(unread: Iterable[str]) -> None:
    """Learn from the table and the fit half, and write the rules."""
    unread = set(unread)
    rows = {npu: [row for _, row in rows_of(npu) if row.op not in unread] for npu in (MAIN, *OTHERS)}
    main = by_op(rows[MAIN])
    rules = []
    others = {npu: differing(main, by_op(rows[npu])) for npu in OTHERS}
    for op, known in sorted(main.items()):
        own = tuple(sorted(npu for npu in OTHERS if op in others[npu]))
        shared = tuple(sorted({MAIN, *OTHERS} - set(own))) if own else ()
        rules += [rule._replace(generations=shared) for rule in learn_op(op, static(known))]
        for npu in own:
            rules += [rule._replace(generations=(npu,)) for rule in learn_op(op, static(others[npu][op]))]
    rules = merged(rules) + of_run_time(rows[MAIN]) + [Rule(op, (), "unread", 1, 1) for op in unread]
    with (DATA / f"{RELEASE}.csv").open("w", newline="", encoding="utf-8") as file:
        file.write(HEAD)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rule in sorted(
            rules, key=lambda r: (r.op, not r.refuses, -r.refused, str(r.when), r.generations)
        ):
            when = " & ".join(map(str, rule.when))
            writer.writerow([rule.op, when, rule.why, rule.refused, rule.asked, " ".join(rule.generations)])
        ruled = {rule.op for rule in rules}
        for op in sorted(main.keys() - ruled):
            writer.writerow([op, "", "", 0, len(main[op]), ""])


def of_run_time(rows: list[Row]) -> list[Rule]:
    """A rule of any op for shapes that the data decide, and the ops that are exceptions."""
    rows = [row for row in rows if row.facts.get("run_time_shape") == "yes"]
    when, free = parse("run_time_shape=yes"), []
    special: list[Rule] = []
    for op, own in by_op(rows).items():
        if 2 * sum(row.refused for row in own) < len(own):
            special += learn_op(op, own)
            free.append(Rule(op, when, "data", sum(row.refused for row in own), len(own)))
    exempt = {rule.op for rule in free}
    others = [row for row in rows if row.op not in exempt]
    return [Rule(ANY, when, "data", sum(row.refused for row in others), len(others)), *special, *free]


def rows_of(npu: str) -> Iterator[tuple[Any, Row]]:
    """All rows of an NPU to learn from."""
    yield from one_node_rows(npu)
    yield from fit_rows(npu)


def static(rows: list[Row]) -> list[Row]:
    """Rows of nodes whose shapes are known."""
    return [row for row in rows if "run_time_shape" not in row.facts]


def by_op(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows, op by op."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.op].append(row)
    return found


def differing(main: dict[str, list[Row]], own: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Rows of the ops that an NPU treats otherwise than the main one: its own answers, and the main one's elsewhere."""
    found = {}
    for op, rows in own.items():
        answers = {frozenset(row.facts.items()): row for row in rows}
        mixed = [answers.get(frozenset(row.facts.items()), row) for row in main.get(op, [])]
        if any(a.refused != b.refused for a, b in zip(mixed, main.get(op, []), strict=True)):
            found[op] = mixed
    return found


__all__ = ["ANY", "write_rules"]
