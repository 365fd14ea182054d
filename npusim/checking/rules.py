"""The rules: which facts of a node Intel's compiler refused whenever it was asked, and how often that was.

`data/<release>.csv` holds them, one a line, made by `tests/vendor/compiling` from the compiler's own answers: op,
condition, why, refused out of asked, and the generations it holds for (none written: all). The op `*` is any op.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from npusim.checking.facts import Fact
from npusim.errors import BadArgument

DATA = Path(__file__).with_name("data")
ANY = "*"
COLUMNS = ("op", "when", "why", "refused", "asked", "generations")


class Condition(NamedTuple):
    """One comparison of a fact, such as `type0=int64|uint64` or `most_rank>=6`; one that is not there is never met."""

    name: str
    sign: str
    values: tuple[Fact, ...]

    def met(self, facts: Mapping[str, Fact]) -> bool:
        """Whether it holds for a node."""
        fact = facts.get(self.name)
        if fact is None:
            return False
        if self.sign == "=":
            return fact in self.values
        value = self.values[0]
        if isinstance(fact, str) or isinstance(value, str):
            return False
        return fact >= value if self.sign == ">=" else fact <= value

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{'|'.join(map(str, self.values))}"


class Rule(NamedTuple):
    """A node of `op` that meets all conditions is refused; none: always. `asked` graphs said so `refused` times.

    Where most of them were compiled, the rule is an exception to one of any op.
    """

    op: str
    when: tuple[Condition, ...]
    why: str
    refused: int
    asked: int
    generations: tuple[str, ...] = ()

    @property
    def refuses(self) -> bool:
        """Whether most graphs it was learnt from were refused."""
        return 2 * self.refused >= self.asked

    def met(self, facts: Mapping[str, Fact], generation: str) -> bool:
        """Whether a node is refused by it on a generation."""
        if self.generations and generation not in self.generations:
            return False
        return all(condition.met(facts) for condition in self.when)


class Rules(NamedTuple):
    """The rules of one release, by op; `known` are the ops it was asked about."""

    release: str
    by_op: Mapping[str, tuple[Rule, ...]]
    known: frozenset[str]

    def refusing(self, op: str, facts: Mapping[str, Fact], generation: str) -> Rule | None:
        """The first rule that refuses a node, None if none does or a rule of its op says that it is compiled."""
        for rule in (*self.by_op.get(op, ()), *self.by_op.get(ANY, ())):
            if rule.met(facts, generation):
                return rule if rule.refuses else None
        return None


def parse(text: str) -> tuple[Condition, ...]:
    """`type0=int64|uint64 & rank0>=2` as conditions."""
    found = []
    for part in filter(None, (piece.strip() for piece in text.split("&"))):
        sign = next(s for s in (">=", "<=", "=") if s in part)
        name, _, values = part.partition(sign)
        found.append(Condition(name, sign, tuple(_fact(v) for v in values.split("|"))))
    return tuple(found)


def _fact(text: str) -> Fact:
    return int(text) if text.removeprefix("-").isdigit() else text


@cache
def load_rules(release: str) -> Rules:
    """The rules of a release. Raises BadArgument where nobody asked that release."""
    path = DATA / f"{release}.csv"
    if not path.is_file():
        raise BadArgument(
            f"what the compiler of {release or 'this profile'} refuses is not known; there are {', '.join(releases())}"
        )
    lines: dict[str, list[list[str]]] = {}
    known: set[str] = set()
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(line for line in file if not line.startswith("#"))
        assert tuple(next(rows)) == COLUMNS
        for row in rows:
            known.add(row[0])
            if row[COLUMNS.index("why")]:
                lines.setdefault(row[0], []).append(row)
    return Rules(release, _ByOp(lines), frozenset(known))


class _ByOp(Mapping[str, tuple[Rule, ...]]):
    """Rules by op, each read when it is asked for: a network has twenty of two hundred ops."""

    def __init__(self, lines: Mapping[str, list[list[str]]]) -> None:
        self._lines = lines
        self._read: dict[str, tuple[Rule, ...]] = {}

    def __getitem__(self, op: str) -> tuple[Rule, ...]:
        if op not in self._read:
            self._read[op] = tuple(map(_rule, self._lines[op]))
        return self._read[op]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def _rule(row: list[str]) -> Rule:
    op, when, why, refused, asked, generations = row
    return Rule(op, parse(when), why, int(refused), int(asked), tuple(generations.split()))


def releases() -> list[str]:
    """The releases with rules."""
    return sorted(path.stem for path in DATA.glob("[0-9]*.csv"))


def rules_of_ir(release: str) -> Rules | None:
    """What a release refuses of an OpenVINO IR's `FakeQuantize` and `weights` of few bits. None where nobody asked."""
    name = f"ir_{release}"
    return load_rules(name) if (DATA / f"{name}.csv").is_file() else None
