"""One product of two labelled operands, as a MatMul with its axes in the order that costs least."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from itertools import product as pairs

import onnx_ir as ir

from xamba.errors import Keep, NotMine
from xamba.facts.axes import ELEMENTWISE
from xamba.facts.elements import Elements
from xamba.facts.facts import Dim
from xamba.passes.layout import Layouts
from xamba.passes.steps import Label
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench


class Product:
    """Fill in two operands, then `run`."""

    def __init__(self, elements: Elements, bench: Workbench) -> None:
        self.elements, self.bench = elements, bench
        self.layouts = Layouts(elements, bench)
        self.operands: list[tuple[ir.Value, tuple[Label, ...]]] = []
        self.supports: list[set[str]] = []

    def operand(self, value: ir.Value, names: Sequence[str]) -> None:
        """The next operand, its axes named."""
        labels = self.layouts.label(value, names)
        self.operands.append((value, labels))
        self.supports.append(self.layouts.support(value, labels))

    def copies(self, result: set[str]) -> bool:
        """Whether both operands are copies along an axis of the result that one of them has."""
        has = {x for _, labels in self.operands for x in labels if x is not None}
        return bool((has & result) - self.supports[0] - self.supports[1])

    def run(self, node: ir.Node, result: Sequence[Label], summed: set[str], mul: ir.Node | None) -> str:
        """Replace `node`, whose result has these labels (None: length 1), by the product."""
        left, right = self.supports
        result = [x if x is None or x in self.layouts.sizes else None for x in result]
        kept = [x for x in result if x is not None]
        summed = {x for x in summed if x in self.layouts.sizes}
        k = sorted(summed & left & right)
        if summed - set(k):
            raise Keep("a summed axis is in one operand only, or in neither")
        if not k:
            raise NotMine
        batch = [x for x in kept if x in left and x in right]
        m = [x for x in kept if x in left - right]
        n = [x for x in kept if x in right - left]
        if not m and not n:
            raise Keep("it is a dot product of rows: no operand has an axis of its own")
        order, swap, ks = self._cheapest(kept, batch, m, n, k)
        out, labels = self._matmul(order, *((n, m) if swap else (m, n)), ks, swap)
        full = self._restore(out, labels, result, node)
        old = [x for x in node.inputs if x is not None]
        copies = [x for x in kept if x not in left | right]
        narrow = full[0]
        self.bench.replace(node, full[-1])
        drop_unread(old)
        if copies:
            self._spare_copies(narrow, full[-1])
        return self._words(batch, m, n, k, copies)

    def _cheapest(
        self, kept: list[str], batch: list[str], m: list[str], n: list[str], k: list[str]
    ) -> tuple[list[str], bool, list[str]]:
        """Order of the batch axes, whether to swap the operands, order of the summed axes."""
        batches, inner = _orders(batch), _orders(k)
        best: tuple[int, int, list[str], bool, list[str]] | None = None
        for at, (order, swap, ks) in enumerate(pairs(batches, (False, True), inner)):
            first, second = ((1, n), (0, m)) if swap else ((0, m), (1, n))
            cost = self.layouts.cost(*self.operands[first[0]], [*order, *first[1], *ks])
            cost += self.layouts.cost(*self.operands[second[0]], [*order, *ks, *second[1]])
            made = [*order, *first[1], *second[1]]
            if made != [x for x in kept if x in made]:
                cost += self.layouts._count(made)
            if best is None or cost < best[0]:
                best = cost, at, order, swap, ks
        assert best is not None
        return best[2], best[3], best[4]

    def _matmul(
        self, batch: list[str], m: list[str], n: list[str], k: list[str], swap: bool
    ) -> tuple[ir.Value, list[str]]:
        """MatMul of the operands merged to [*batch, m, k] and [*batch, k, n]; its labels."""
        layouts, bench = self.layouts, self.bench
        left, right = reversed(self.operands) if swap else self.operands
        a, has_a = layouts.emit(*left, [*batch, *m, *k])
        b, has_b = layouts.emit(*right, [*batch, *k, *n])
        rows, inner, columns = (self._merged(x) for x in (m, k, n))
        dtype = layouts._dtype(self.operands[0][0])
        lead = layouts.lengths(batch)
        a = layouts.reshape(a, layouts.lengths(has_a), [*lead, rows, inner], dtype)
        b = layouts.reshape(b, layouts.lengths(has_b), [*lead, inner, columns], dtype)
        out = bench.node("MatMul", [a, b], [*lead, rows, columns], dtype)
        labels = [*batch, *m, *n]
        return layouts.reshape(out, [*lead, rows, columns], layouts.lengths(labels), dtype), labels

    def _merged(self, labels: list[str]) -> Dim:
        if len(labels) == 1:
            return self.layouts.sizes[labels[0]]
        if not all(isinstance(self.layouts.sizes[x], int) for x in labels):
            raise Keep("axes with free lengths would have to be merged")
        return self.layouts._count(labels)

    def _restore(
        self, out: ir.Value, labels: list[str], result: Sequence[Label], node: ir.Node
    ) -> list[ir.Value]:
        """The product in the shape of the result: without its copies, and with them."""
        layouts, bench = self.layouts, self.bench
        dtype = layouts._dtype(self.operands[0][0])
        wanted = [x for x in result if x is not None and x in labels]
        if labels != wanted:
            perm = [labels.index(x) for x in wanted]
            out = bench.node("Transpose", [out], layouts.lengths(wanted), dtype, {"perm": perm})
        narrow = [layouts.sizes[x] if x is not None and x in wanted else 1 for x in result]
        out = layouts.reshape(out, layouts.lengths(wanted), narrow, dtype)
        shape = [layouts.sizes[x] if x is not None else 1 for x in result]
        if shape == narrow:
            return [out]
        target = [d if isinstance(d, int) and d != e else 1 for d, e in zip(shape, narrow, strict=True)]
        if any(not isinstance(d, int) and d != e for d, e in zip(shape, narrow, strict=True)):
            raise Keep("its operands are copies along an axis of free length")
        wide = bench.node("Expand", [out, bench.ints(target, "xamba_copies")], shape, dtype)
        return [out, wide]

    def _spare_copies(self, narrow: ir.Value, wide: ir.Value) -> None:
        """Readers that broadcast by themselves read the product without its copies."""
        shape = self.elements.shape(wide)
        for node, index in list(wide.uses()):
            others = [x for i, x in enumerate(node.inputs) if i != index and x is not None]
            if node.op_type not in ELEMENTWISE or len(node.outputs) != 1:
                continue
            if any(self.elements.shape(x) == shape for x in others):
                node.replace_input_with(index, narrow)
        drop_unread([wide])

    def _words(self, batch: list[str], m: list[str], n: list[str], k: list[str], copies: list[str]) -> str:
        size = lambda labels: " x ".join(str(self.layouts.sizes[x]) for x in labels) or "1"
        words = f"MatMul [{size(m)}, {size(k)}] @ [{size(k)}, {size(n)}], batch {size(batch)}"
        return words + (f", once for {size(copies)}" if copies else "")


def _orders(labels: list[str]) -> list[list[str]]:
    """Orders worth trying: all of up to three labels, the given one of more."""
    return [list(order) for order in permutations(labels)] if len(labels) <= 3 else [labels]
