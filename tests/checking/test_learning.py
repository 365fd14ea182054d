"""How rules are learnt, and how the compiler's process is asked, on small inventions."""

from __future__ import annotations

import sys

import pytest

from npusim.checking.rules import Condition, Rule
from tests.vendor.compiling.answers import kind
from tests.vendor.compiling.learn import Row, learn_op, merged
from tests.vendor.compiling.resident import Resident


def row(refused: bool, **facts: object) -> Row:
    return Row("Op", facts, refused, "type" if refused else "")


def test_an_op_that_is_always_refused_needs_no_condition():
    assert learn_op("Op", [row(True, type0="int8"), row(True, type0="float16")]) == [
        Rule("Op", (), "type", 2, 2)
    ]


def test_refused_types_become_one_set():
    rows = [row(t in ("int8", "int64"), type0=t) for t in ("int8", "int64", "float16", "float32")]
    (rule,) = merged(learn_op("Op", rows))
    assert rule.when == (Condition("type0", "=", ("int64", "int8")),) and (rule.refused, rule.asked) == (2, 2)


def test_a_limit_of_ranks_becomes_a_bound():
    rows = [row(rank >= 6, most_rank=rank, type0="float32") for rank in range(8)]
    (rule,) = learn_op("Op", rows)
    assert str(rule.when[0]) == "most_rank>=6"


def test_two_facts_that_are_refused_only_together_stand_together():
    rows = [row(a == "x" and b == "y", mode=a, type0=b) for a in "xz" for b in "yz"]
    (rule,) = learn_op("Op", rows)
    assert {str(c) for c in rule.when} == {"mode=x", "type0=y"}


def test_what_no_fact_tells_apart_is_no_rule():
    assert learn_op("Op", [row(True, type0="int8"), row(False, type0="int8")]) == []


FAKE = """
import sys, time
print("@@ ready", flush=True)
for number, line in enumerate(sys.stdin):
    if number == 0: print("log\\n@@ ok\\n\\n@@ end", flush=True)
    if number == 1: print("log\\n@@ read\\nNo conversion rule found\\n@@ end", flush=True)
    if number == 2: sys.exit("gone")
    if number == 3: time.sleep(60)
"""


@pytest.fixture
def compiler(tmp_path):
    script = tmp_path / "fake.py"
    script.write_text(FAKE)
    with Resident(f"{sys.executable} {script}", patience_s=5) as found:
        yield found


def test_answers_crashes_and_silence_are_told_apart(compiler):
    stages = [compiler.ask(b"", "4000") for _ in range(3)]
    assert [answer.stage for answer in stages] == ["ok", "read", "crash"]
    assert kind(*stages[1][:2]) == "unread"
    assert compiler.ask(b"", "4000").stage == "ok"  # a new process
