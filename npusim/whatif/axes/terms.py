"""Sizes that belong together: a union-find over axes that knows products (reshapes) and concatenations.

A term stands for the length of an axis. It is an atom, a product of terms (768 = 12 heads x 64) or a concatenation of
terms (1792 = 1536 + 128 + 128). To say that two axes are one, their terms are unified: an atom takes on the form of the
other, products are refined to common factors, concatenations to common parts. What cannot be aligned is fixed: none of
its atoms may change, which is always right and sometimes too careful.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

PRODUCT, CONCAT = "product", "concat"


@dataclass(slots=True)
class Terms:
    """Terms by number. `marks[root]`: why an atom may not change, or where it meets the edge of the graph."""

    parent: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    forms: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    marks: dict[int, set[str]] = field(default_factory=dict)

    def atom(self, size: int) -> int:
        """A new term of this length that belongs to nothing else yet."""
        self.parent.append(len(self.parent))
        self.sizes.append(size)
        return len(self.parent) - 1

    def find(self, term: int) -> int:
        while self.parent[term] != term:
            self.parent[term] = self.parent[self.parent[term]]
            term = self.parent[term]
        return term

    def size(self, term: int) -> int:
        return self.sizes[term]

    def product(self, parts: Iterable[int]) -> int:
        """The term of axes written as one, the slowest first; parts of length 1 are left out."""
        return self._made(PRODUCT, [p for p in parts if self.sizes[p] != 1], 1)

    def concat(self, parts: Iterable[int]) -> int:
        """The term of parts one behind the other; empty parts are left out."""
        return self._made(CONCAT, [p for p in parts if self.sizes[p]], 0)

    def _made(self, kind: str, parts: list[int], neutral: int) -> int:
        if len(parts) == 1:
            return parts[0]
        parts = [
            leaf for part in parts for leaf in self.flat(part, kind)
        ]  # a chain of hundreds does not nest
        sizes = [self.sizes[p] for p in parts]
        term = self.atom((prod(sizes) if kind == PRODUCT else sum(sizes)) if parts else neutral)
        if parts:
            self.forms[term] = (kind, tuple(parts))
        return term

    def flat(self, term: int, kind: str) -> list[int]:
        """The factors (or parts) of a term, nested ones taken apart; the term itself if it has none."""
        root = self.find(term)
        form = self.forms.get(root)
        if form is None or form[0] != kind:
            return [root]
        return [leaf for part in form[1] for leaf in self.flat(part, kind)]

    def atoms(self, term: int) -> list[int]:
        """All atoms a term is made of, each as often as it occurs."""
        root = self.find(term)
        form = self.forms.get(root)
        return [root] if form is None else [leaf for part in form[1] for leaf in self.atoms(part)]

    def mark(self, term: int, why: str) -> None:
        """Say of every atom of a term why it may not change, or where it meets the edge of the graph."""
        for atom in self.atoms(term):
            self.marks.setdefault(atom, set()).add(why)

    # One axis and another ------------------------------------------------------------------------------
    def unify(self, a: int, b: int, why: str) -> None:
        """Two axes are one from now on; `why` names the node that says so, for what cannot be aligned."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        if self.sizes[a] != self.sizes[b]:
            self._fix((a, b), why)
        elif a not in self.forms:
            self._bind(a, b)
        elif b not in self.forms:
            self._bind(b, a)
        else:
            (kind, _), (other, _) = self.forms[a], self.forms[b]
            if kind == other:
                aligned = self._align(self.flat(a, kind), self.flat(b, kind), kind, why)
            elif kind == PRODUCT:
                aligned = self._align_concat(a, b, why)
            else:
                aligned = self._align_concat(b, a, why)
            if not aligned:
                self._fix((a, b), why)

    def _bind(self, atom: int, term: int) -> None:
        self.parent[atom] = term
        for mark in self.marks.pop(atom, ()):
            self.mark(term, mark)

    def _fix(self, terms: Iterable[int], why: str) -> None:
        for term in terms:
            self.mark(term, f"fixed:{why}")

    def _align(self, left: list[int], right: list[int], kind: str, why: str) -> bool:
        """Factors against factors, parts against parts, from the front; the longer of two is cut at the shorter."""
        left, right = left[::-1], right[::-1]
        while left and right:
            a, b = left.pop(), right.pop()
            if self.sizes[a] == self.sizes[b]:
                self.unify(a, b, why)
                continue
            shorter, longer, rest = (a, b, right) if self.sizes[a] < self.sizes[b] else (b, a, left)
            cut = self._cut(longer, self.sizes[shorter], kind, why)
            if cut is None:
                return False
            self.unify(shorter, cut[0], why)
            rest.append(cut[1])
        return not left and not right

    def _cut(self, term: int, first: int, kind: str, why: str) -> tuple[int, int] | None:
        """A term as two factors (the first of length `first`), or as two parts; None where it is not to be had."""
        term = self.find(term)
        size = self.sizes[term]
        if kind == PRODUCT and size % first:
            return None
        second = size // first if kind == PRODUCT else size - first
        form = self.forms.get(term)
        one, two = self.atom(first), self.atom(second)
        pair = self.product((one, two)) if kind == PRODUCT else self.concat((one, two))
        if form is None:
            self._bind(term, pair)
            return one, two
        if form[0] == kind:
            return (one, two) if self._align([one, two], self.flat(term, kind), kind, why) else None
        product, concat = (pair, term) if kind == PRODUCT else (term, pair)
        return (one, two) if self._align_concat(product, concat, why) else None

    def _align_concat(self, product: int, concat: int, why: str) -> bool:
        """A product against a concatenation: the first factor is a concatenation where all parts share the others."""
        outer, *inner = self.flat(product, PRODUCT)
        parts = self.flat(concat, CONCAT)
        lanes = prod(self.sizes[i] for i in inner)
        if any(self.sizes[p] % lanes for p in parts):
            return False
        outers = [self.atom(self.sizes[p] // lanes) for p in parts]
        self.unify(outer, self.concat(outers), why)
        for part, mine in zip(parts, outers, strict=True):
            self.unify(part, self.product((mine, *inner)), why)
        return True

    # What is left --------------------------------------------------------------------------------------
    def resized(self, term: int, changed: Mapping[int, int]) -> int:
        """Length of a term when atoms (roots) have other lengths."""
        root = self.find(term)
        form = self.forms.get(root)
        if form is None:
            return changed.get(root, self.sizes[root])
        sizes = [self.resized(part, changed) for part in form[1]]
        return prod(sizes) if form[0] == PRODUCT else sum(sizes)

    def kept(self, term: int, kept: Mapping[int, np.ndarray]) -> np.ndarray:
        """Indices of a term's axis that stay when of atoms (roots) only some indices do."""
        root = self.find(term)
        form = self.forms.get(root)
        if form is None:
            return kept[root] if root in kept else np.arange(self.sizes[root])
        found = np.zeros(1 if form[0] == PRODUCT else 0, dtype=np.int64)
        before = 0
        for part in form[1]:
            mine = self.kept(part, kept)
            if form[0] == PRODUCT:
                found = (found[:, None] * self.sizes[part] + mine).ravel()
            else:
                found = np.concatenate([found, before + mine])
                before += self.sizes[part]
        return found
