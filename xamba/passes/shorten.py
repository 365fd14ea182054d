"""Shortening a padded region: what every op in it has to allow, and what is derived anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.axes import Place
from xamba.facts.elements import NEGINF, ZERO, Elements
from xamba.facts.facts import Dim
from xamba.facts.nodes import attribute, node_label
from xamba.facts.reading import slices
from xamba.facts.region import Region
from xamba.passes.settled import settled
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench

#: A second input of these ops says lengths, and is derived anew when a result is shortened.
TARGETS = ("Reshape", "Expand", "Tile")


class Shortening:
    """One region, from `old` rows to `new`. First everything is checked, then everything is changed."""

    def __init__(self, region: Region, length: int | None, elements: Elements, bench: Workbench) -> None:
        self.region, self.elements, self.bench = region, elements, bench
        paddings = set(region.pads.values())
        self.old = max(p.long for p in paddings)
        self.short = max(p.short for p in paddings)
        self.new = max(self.short, length or self.short)
        self._edits: list[Callable[[], object]] = []
        self._unread: list[ir.Value | None] = []

    def run(self) -> str:
        """Shorten; a word on what was done. Raises `Keep` before anything is changed."""
        self._check_pads()
        for node, found in self.region.nodes.items():
            for place, role in found.mixed:
                if place in self.region.places:
                    self._check(node, place, role)
            self._derive(node)
        for (node, index), axes in self.region.constants.items():
            self._cut_constant(node, index, axes)
        shapes = {value: self.new_shape(value) for value, _ in self.region.places}
        for edit in self._edits:
            edit()
        for value, shape in shapes.items():
            if value.shape is not None:
                value.shape = ir.Shape(shape)
        drop_unread(self._unread)
        return f"rows of the chunk {self.old} -> {self.new}, {len(self.region.nodes)} nodes shortened"

    def new_shape(self, value: ir.Value) -> list[Dim]:
        shape = list(self.elements.shape(value) or ())
        return [self.new if (value, axis) in self.region.places else d for axis, d in enumerate(shape)]

    def _check_pads(self) -> None:
        for node, padding in self.region.pads.items():
            if padding.fill != 0:
                raise Keep(f"'{node_label(node)}' is padded with {padding.fill:g}, not with 0")
            if (padding.short, padding.long) != (self.short, self.old):
                raise Keep(
                    f"paddings that meet differ: {self.short} to {self.old} rows and {padding.short} to "
                    f"{padding.long} ('{node_label(node)}')"
                )
        if self.new >= self.old:
            raise Keep(f"its chunk of {self.old} is not longer than the {self.new} asked for")
        if self.region.problem is not None:
            raise Keep(self.region.problem)

    # -- what an op does with a shortened axis

    def _check(self, node: ir.Node, place: Place, role: str) -> None:
        if node in self.region.pads and role == "padded" and place[0] is node.outputs[0]:
            return self._shorten_pad(node)
        named = f"{node.op_type} '{node_label(node)}'"
        if node.op_type in ("Shape", "Size"):
            return self._freeze(node)
        if role == "summed":
            return self._check_sum(node, place, named)
        if role == "sliced":
            return self._check_slice(node, place, named)
        if role == "gathered":
            return self._check_gather(node, place, named)
        word = "cuts or merges" if role == "cut or merged" else "mixes" if role == "mixed" else "splits"
        if role in ("joined", "padded"):
            word = "adds rows to"
        raise Keep(
            f"{named} {word} its padded axis of {self.old} ({role}): a chunk is shortened only where the "
            f"prompt of {self.short} fits in one chunk and every op treats rows alone"
        )

    def _check_sum(self, node: ir.Node, place: Place, named: str) -> None:
        together = [place]
        for group in self.region.nodes[node].groups:
            if place in group and node.op_type in ("MatMul", "Einsum"):
                together = [p for p in group if p[0] in node.inputs]
        zero = [p for p in together if self.tail(p, ZERO)]
        others = [p for p in together if p not in zero[:1]]
        sure = zero and all(self.elements.certainly_finite(p[0]) or p in zero for p in others)
        if not sure or any(self.broken_tail(p) for p in others):
            raise Keep(
                f"{named} sums its padded axis, and rows {self.new} to {self.old} are not known to be zero"
                + (" and finite" if zero else "")
            )

    def tail(self, place: Place, code: int) -> bool:
        """Whether all rows from the new length on have this code."""
        codes = self._tail_codes(place)
        return codes is not None and bool((codes == code).all())

    def broken_tail(self, place: Place) -> bool:
        codes = self._tail_codes(place)
        return codes is not None and bool((codes >= NEGINF).any())

    def _tail_codes(self, place: Place) -> np.ndarray | None:
        value, axis = place
        codes = self.elements.of(value)
        if codes is None or codes.shape[axis] == 1:
            return codes
        return codes.take(range(self.new, self.old), axis)

    def _check_slice(self, node: ir.Node, place: Place, named: str) -> None:
        shape = self.elements.shape(place[0]) or ()
        found = slices(node, self.elements.facts, shape)
        first, last, step = found[place[1]]
        if step == 1 and first == self.old - 1 and last == self.old and settled(place, self):
            found[place[1]] = self.new - 1, self.new, 1
        elif step < 1 or last > self.new:
            raise Keep(
                f"{named} takes rows {first} to {last} of its padded axis, the prompt has {self.short}"
            )
        if found[place[1]] == (0, self.new, 1) and len(found) == 1 and not node.outputs[0].is_graph_output():
            self._edits.append(lambda: self._bypass(node))
            return
        axes = list(found)
        if any((place[0], axis) in self.region.places for axis in axes if axis != place[1]):
            raise Keep(f"{named} slices two padded axes at once")
        columns = [[found[a][i] for a in axes] for i in range(3)]
        whole = [a for a in axes if found[a][2] < 0]
        if whole:
            raise Keep(f"{named} runs backwards along another axis")
        self._inputs(node, {1: columns[0], 2: columns[1], 3: axes, 4: columns[2]})

    def _check_gather(self, node: ir.Node, place: Place, named: str) -> None:
        index = self.elements.facts.constant(node.inputs[1])
        if index is None or index.size == 0:
            raise Keep(f"{named} takes rows of its padded axis that are not constant")
        rows = np.where(index < 0, index + self.old, index)
        last = rows == self.old - 1
        if (rows[~last] >= self.new).any() or (
            last.any() and self.new < self.old and not settled(place, self)
        ):
            raise Keep(f"{named} takes rows up to {int(rows.max())} of its padded axis")
        fresh = np.where(last, self.new - 1, rows)
        dtype = self.elements.facts.of(node.inputs[1]).dtype or ir.DataType.INT64  # type: ignore[arg-type]
        self._edits.append(lambda: self._set(node, 1, self.bench.constant(fresh, dtype, "xamba_rows")))

    def _freeze(self, node: ir.Node) -> None:
        """Whoever reads the length goes on reading the old one; targets of Reshape are derived anew."""
        facts, out = self.elements.facts, node.outputs[0]
        for value in (out, *(o for use in out.uses() for o in use.node.outputs)):
            known = facts.constant(value)
            if known is not None and value is out:
                return self._hold(out, known)
            if known is not None:
                self._hold(value, known)
            elif value is not out:
                partly = facts.of(value).value
                if partly is None or any(isinstance(d, int | np.integer) for d in np.ravel(partly)):
                    raise Keep(f"'{node_label(node)}' reads its length beside a free one")
        return None

    def _hold(self, value: ir.Value, known: np.ndarray) -> None:
        dtype = self.elements.facts.of(value).dtype or ir.DataType.INT64
        if value.is_graph_output():
            raise Keep(f"its length is the output '{value.name}'")

        def edit() -> None:
            value.replace_all_uses_with(self.bench.constant(known, dtype, "xamba_length"))
            self._unread.append(value)

        self._edits.append(edit)

    # -- what is derived anew

    def _shorten_pad(self, node: ir.Node) -> None:
        if self.new == self.short and not node.outputs[0].is_graph_output():
            self._edits.append(lambda: self._bypass(node))
            return
        rank, axis = len(self.elements.shape(node.outputs[0]) or ()), self.region.pads[node].axis
        pads = [0] * 2 * rank
        pads[rank + axis] = self.new - self.short
        if "pads" in node.attributes:
            self._edits.append(lambda: node.attributes.add(ir.AttrInt64s("pads", pads)))
            return
        self._inputs(node, {1: pads} | ({3: None} if len(node.inputs) > 3 else {}))

    def _derive(self, node: ir.Node) -> None:
        """New lengths for an op that has them as an input and whose result is shortened."""
        out = node.outputs[0]
        mine = [axis for value, axis in self.region.places if value is out]
        if node.op_type not in TARGETS or not mine:
            return
        shape = self.new_shape(out)
        if node.op_type == "Tile":
            before = self.elements.shape(node.inputs[0]) or ()
            repeats = self.elements.facts.constant(node.inputs[1])
            if repeats is None:
                raise Keep(f"Tile '{node_label(node)}' repeats a number of times that is not constant")
            fresh = [
                self.new if axis in mine and before[axis] == 1 else int(n) for axis, n in enumerate(repeats)
            ]
            return self._inputs(node, {1: fresh})
        free = -1 if node.op_type == "Reshape" else 1
        target = [d if isinstance(d, int) else free for d in shape]
        if node.op_type == "Reshape" and not attribute(node, "allowzero", 0):
            source = self.elements.shape(node.inputs[0]) or ()
            for axis, d in enumerate(shape):  # a free length in its place is copied
                if target[axis] == -1 and axis < len(source) and source[axis] == d and d is not None:
                    target[axis] = 0
        if node.op_type == "Reshape" and target.count(-1) > 1:
            raise Keep(f"Reshape '{node_label(node)}' has several free lengths")
        if node.op_type == "Expand":
            before = self.elements.shape(node.inputs[0]) or ()
            grows = len(shape) - len(before)
            for axis, d in enumerate(shape):
                if not isinstance(d, int) and (axis < grows or before[axis - grows] != d):
                    raise Keep(f"Expand '{node_label(node)}' widens a free length")
        self._inputs(node, {1: target})
        if node.op_type == "Reshape" and attribute(node, "allowzero", 0) and -1 in target:
            self._edits.append(lambda: node.attributes.add(ir.AttrInt64("allowzero", 0)))

    def _cut_constant(self, node: ir.Node, index: int, axes: set[int]) -> None:
        value = node.inputs[index]
        data = self.elements.whole.of(value)
        if value is None or data is None:
            name = "" if value is None else value.name
            raise Keep(f"the constant '{name}' has the size of the chunk and its data is not at hand")
        kept = data[tuple(slice(self.new) if a in axes else slice(None) for a in range(data.ndim))]
        dtype = self.elements.facts.of(value).dtype or ir.DataType.from_numpy(data.dtype)
        self._edits.append(
            lambda: self._set(node, index, self.bench.constant(kept, dtype, f"xamba_first_{self.new}"))
        )

    def _inputs(self, node: ir.Node, numbers: Mapping[int, list[int] | None]) -> None:
        def edit() -> None:
            for index, values in numbers.items():
                if index >= len(node.inputs):
                    node.resize_inputs(index + 1)
                made = None if values is None else self.bench.ints(values, "xamba_lengths")
                self._set(node, index, made)

        self._edits.append(edit)

    def _set(self, node: ir.Node, index: int, value: ir.Value | None) -> None:
        self._unread.append(node.inputs[index])
        node.replace_input_with(index, value)

    def _bypass(self, node: ir.Node) -> None:
        source = node.inputs[0]
        assert source is not None and node.graph is not None
        self._unread += [x for x in node.inputs if x is not source]
        node.outputs[0].replace_all_uses_with(source)
        node.graph.remove(node, safe=True)
