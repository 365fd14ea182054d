"""Einsum: sorting the letters of an equation into batch, rows, columns and contracted.

Two operands at a time; of more the compiler makes pairs first (npusim.compiler.fuse.einsums). A letter in both
operands and in what follows is a batch letter (one problem each); in both and in nothing that
follows, contracted; in one operand only, rows or columns (or, if nothing needs it, summed first).
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from math import prod
from typing import NamedTuple

from npusim.errors import BadModel


class Moves(Enum):
    """Whether an operand is written in another order, and whether that moves its innermost axis."""

    NO = 0
    OUTER = 1
    INNERMOST = 2


class Turn(NamedTuple):
    """How an operand is written in another order: `lead` parts, in each of which `rows` runs of `channels` elements
    become `channels` runs of `rows`."""

    moves: Moves = Moves.NO
    lead: int = 1
    rows: int = 1
    channels: int = 1


class Step(NamedTuple):
    """One product of two operands: `groups` problems [m,k] x [k,n]. `summed`: elements of operands
    that are added up first because a letter leads nowhere. `contracted` is False for a plain
    (outer or elementwise) product, which has k == 1 because no letter disappears. `turned`: of the left operand, the
    right one and the result (of the last step), how each is turned: its batch letters must lead for the problems to
    lie one behind the other, and then its rows or columns and its terms follow (Intel's schedules)."""

    groups: int
    m: int
    k: int
    n: int
    summed: int
    contracted: bool
    turned: tuple[Turn, Turn, Turn]


class Contraction(NamedTuple):
    """`steps` products; for one operand none, and then the flags tell a sum, a diagonal, a transpose."""

    steps: tuple[Step, ...]
    reduces: bool
    diagonal: bool
    moves: bool


@lru_cache(maxsize=4096)
def contraction(equation: str, shapes: tuple[tuple[int, ...], ...], where: str = "") -> Contraction:
    """Read `equation` for operands of `shapes`. Raises BadModel when they do not match."""
    terms, result = letters(equation, shapes, where)
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if len(term) != len(shape):
            raise BadModel(
                f"Einsum '{equation}'{where}: '{term}' has {len(term)} letters, its operand rank {len(shape)}"
            )
        for letter, size in zip(term, shape, strict=True):
            known = sizes.get(letter, 1)
            if known != 1 and size != 1 and known != size:
                raise BadModel(f"Einsum '{equation}'{where}: '{letter}' is {known} and {size}")
            sizes[letter] = max(known, size) if letter in sizes else size
    left = dict.fromkeys(terms[0])
    diagonal = any(len(set(term)) < len(term) for term in terms)
    steps = []
    for index, term in enumerate(terms[1:], start=1):
        right = dict.fromkeys(term)
        later = set(result).union(*terms[index + 1 :])
        step, left = _pair(left, right, later, sizes, result if index == len(terms) - 1 else "")
        steps.append(step)
    return Contraction(tuple(steps), set(left) != set(result), diagonal, tuple(left) != tuple(result))


def _pair(
    left: dict[str, None], right: dict[str, None], later: set[str], sizes: dict[str, int], result: str
) -> tuple[Step, dict[str, None]]:
    def size(letters: list[str]) -> int:
        return prod(sizes[letter] for letter in letters)

    both = [x for x in left if x in right]
    batch = [x for x in both if x in later]
    contracted = [x for x in both if x not in later]
    rows = [x for x in left if x not in right and x in later]
    columns = [x for x in right if x not in left and x in later]
    lonely_left = any(x not in right and x not in later for x in left)
    lonely_right = any(x not in left and x not in later for x in right)
    summed = size(list(left)) * lonely_left + size(list(right)) * lonely_right
    turned = (
        _operand(list(left), batch, rows, contracted, sizes),
        _operand(list(right), batch, columns, contracted, sizes),
        _turn(_long(batch + rows + columns, sizes), _long(list(result), sizes), sizes) if result else Turn(),
    )
    step = Step(size(batch), size(rows), size(contracted), size(columns), summed, bool(contracted), turned)
    return step, dict.fromkeys(batch + rows + columns)


def _long(letters: list[str], sizes: dict[str, int]) -> list[str]:
    return [x for x in letters if sizes.get(x, 1) > 1]


def _operand(
    term: list[str], batch: list[str], kept: list[str], contracted: list[str], sizes: dict[str, int]
) -> Turn:
    """How an operand is turned so that the letters of `batch` lead. Where they do, the other side of the product takes
    the rest in any order; where not, what is kept follows, then the terms."""
    have, leading = _long(term, sizes), _long(batch, sizes)
    if set(have[: len(leading)]) == set(leading):
        return Turn()
    return _turn(have, _long(batch + kept + contracted, sizes), sizes)


def _turn(have: list[str], wanted: list[str], sizes: dict[str, int]) -> Turn:
    """How letters in the order `have` come into the order `wanted`."""
    if have == wanted or set(have) != set(wanted):
        return Turn()
    same = next(i for i, (a, b) in enumerate(zip(have, wanted, strict=True)) if a != b)
    rest = have[same:]
    outer = have[-1] == wanted[-1]
    cut = 1 + rest.index(wanted[-2] if outer else wanted[-1])

    def size(letters: list[str]) -> int:
        return prod(sizes[x] for x in letters)

    kind = Moves.OUTER if outer else Moves.INNERMOST
    return Turn(kind, size(have[:same]), size(rest[:cut]), size(rest[cut:]))


def letters(equation: str, shapes: tuple[tuple[int, ...], ...], where: str) -> tuple[list[str], str]:
    """Operand terms and result, with '...' replaced by capital Greek letters and '->' made explicit."""
    text = equation.replace(" ", "")
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise BadModel(f"Einsum '{equation}'{where} names {len(terms)} operands and has {len(shapes)}")
    if not arrow:
        plain = inputs.replace(",", "").replace(".", "")
        result = "..." * ("..." in inputs) + "".join(sorted(x for x in set(plain) if plain.count(x) == 1))
    longest = 0
    expanded = []
    for term, shape in zip(terms, shapes, strict=True):
        hidden = max(len(shape) - len(term.replace("...", "")), 0) if "..." in term else 0
        longest = max(longest, hidden)
        expanded.append(term.replace("...", _greek(hidden)))
    return expanded, result.replace("...", _greek(longest))


def _greek(count: int) -> str:
    """Letters for the `count` axes under an ellipsis, aligned at the end as broadcasting is."""
    return "".join(chr(0x3B1 + index) for index in reversed(range(count)))


def terms_lead(equation: str, shape: tuple[int, ...]) -> bool:
    """Whether the letters of the first of two operands, of `shape`, that are summed over stand in front of others."""
    operands, _, result = equation.replace(" ", "").partition("->")
    first, _, second = operands.partition(",")
    if not result or len(first) != len(shape):
        return False
    summed = [a in second and a not in result for a, n in zip(first, shape, strict=True) if n > 1]
    return any(summed) and not all(summed) and sorted(summed, reverse=True) == summed
