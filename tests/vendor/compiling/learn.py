"""From answers of the compiler to rules: for each op, the fewest conditions that tell refused graphs from others.

A greedy search: of all single facts, then pairs, then triples of facts of the refused graphs not yet explained, take
the one that explains most and speaks of no graph that was compiled (one in ten at most, where there are many).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

from npusim.checking.facts import Fact
from npusim.checking.rules import ANY, Condition, Rule

#: Facts a reader understands first; of equal conditions the first of these is taken.
ORDER = (
    "data_dependent",
    "type",
    "most_rank",
    "rank",
    "mode",
    "constant",
    "given",
    "out_type",
    "out_rank",
    "empty",
    "out_empty",
    "steps",
)
COUNTED = ("rank", "most_rank", "out_rank", "_most", "_count", "inputs", "outputs", "axis_from_back", "steps")
MOST_CONDITIONS = 3
#: Facts that are no reason by themselves.
NEVER_ALONE = frozenset({"many_batches", "one_channel", "at_input", "at_output", "broadcast", "all_constant"})


class Row(NamedTuple):
    """One answer about one node."""

    op: str
    facts: Mapping[str, Fact]
    refused: bool
    why: str


def candidates(rows: Iterable[Row]) -> list[Condition]:
    """All single conditions that some of the rows meet."""
    found = set()
    for row in rows:
        for name, value in row.facts.items():
            found.add(Condition(name, "=", (value,)))
            if isinstance(value, int) and any(name.startswith(c) or name.endswith(c) for c in COUNTED):
                found |= {Condition(name, ">=", (value,)), Condition(name, "<=", (value,))}
    return sorted(found, key=lambda c: (_place(c.name), c.sign != ">=", str(c)))


def _place(name: str) -> int:
    return next((i for i, start in enumerate(ORDER) if name.startswith(start)), len(ORDER))


def learn_op(op: str, rows: list[Row], least: int = 1) -> list[Rule]:
    """The rules of one op."""
    bad, good = [r for r in rows if r.refused], [r for r in rows if not r.refused]
    if bad and not good:
        return [Rule(op, (), _why(bad), len(bad), len(bad))]
    rules: list[Rule] = []
    left = list(bad)
    while left:
        found = best(left, good, least)
        if found is None:
            break
        when, hit = found
        wrong = sum(all(c.met(r.facts) for c in when) for r in good)
        all_hit = sum(all(c.met(r.facts) for c in when) for r in bad)
        rules.append(Rule(op, when, _why(hit), all_hit, all_hit + wrong))
        left = [r for r in left if not all(c.met(r.facts) for c in when)]
    return rules


def merged(rules: list[Rule]) -> list[Rule]:
    """Rules that differ in one value of one fact as one rule: a set of types."""
    done = _merged(rules, 0)
    return _merged(done, 1)


def _merged(rules: list[Rule], place: int) -> list[Rule]:
    """The same for the condition at one place, all others being equal."""
    groups: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        if len(rule.when) > place and rule.when[place].sign == "=":
            rest = tuple(str(c) for i, c in enumerate(rule.when) if i != place)
            key = rule.op, rest, rule.when[place].name, rule.generations, rule.refused == rule.asked
            groups[key].append(rule)
        else:
            groups[str(rule.when), len(groups)].append(rule)
    return [_as_one(group, place) for group in groups.values()]


def _as_one(group: list[Rule], place: int) -> Rule:
    first = group[0]
    if len(group) == 1:
        return first
    values = {v for rule in group for v in rule.when[place].values}
    why = Counter(rule.why for rule in group).most_common(1)[0][0]
    one = Condition(first.when[place].name, "=", tuple(sorted(values, key=str)))
    when = (*first.when[:place], one, *first.when[place + 1 :])
    return first._replace(
        when=when, why=why, refused=sum(r.refused for r in group), asked=sum(r.asked for r in group)
    )


def _why(rows: list[Row]) -> str:
    return Counter(r.why for r in rows).most_common(1)[0][0]


def best(left: list[Row], good: list[Row], least: int) -> tuple[tuple[Condition, ...], list[Row]] | None:
    """The conditions that explain most of what is left; None when nothing explains enough."""
    single = candidates(left)
    hits = {c: {i for i, r in enumerate(left) if c.met(r.facts)} for c in single}
    wrong = {c: {i for i, r in enumerate(good) if c.met(r.facts)} for c in single}
    # Conditions that say the same of all rows are one; the first in order speaks for them.
    seen: dict[tuple[frozenset[int], frozenset[int]], Condition] = {}
    for c in single:
        seen.setdefault((frozenset(hits[c]), frozenset(wrong[c])), c)
    kept = list(seen.values())
    for size in range(1, MOST_CONDITIONS + 1):
        pool = kept if size < 3 else sorted(kept, key=lambda c: len(wrong[c]) - len(hits[c]))[:40]
        top = None
        for when in combinations(pool, size):
            if all(c.name in NEVER_ALONE for c in when):
                continue
            hit = set.intersection(*(hits[c] for c in when))
            if len(hit) < least:
                continue
            bad = len(set.intersection(*(wrong[c] for c in when)))
            if bad > len(hit) / 9 or (bad and len(hit) < 9):
                continue
            score = len(hit) - 3 * bad
            if top is None or score > top[0]:
                top = (score, when, hit)
        if top is not None:
            return top[1], [left[i] for i in sorted(top[2])]
    return None


def learn(rows: list[Row]) -> list[Rule]:
    """All rules, by op; those of any op first taken out: they are not learnt again."""
    by_op: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_op[row.op].append(row)
    return [rule for op in sorted(by_op) for rule in learn_op(op, by_op[op])]


__all__ = ["ANY", "Row", "learn", "learn_op"]
