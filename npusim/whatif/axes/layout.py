"""What ops that only move data say of axes: factors through reshapes, parts through concatenations, slices, splits."""

from __future__ import annotations

from npusim.graph import Node
from npusim.loading.shapes_index import REDUCE
from npusim.loading.shapes_layout import cut
from npusim.whatif.axes.coupling import Coupling, relation


@relation("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(c: Coupling, node: Node) -> None:
    """Runs of axes with the same number of elements on both sides are one product."""
    before, after = c.of(node.inputs[0]), c.of(node.outputs[0])
    if any(c.terms.size(a) == 0 for a in (*before, *after)):
        c.fix(*before, *after)
        return
    if before and after and c.terms.size(before[0]) == c.terms.size(after[0]) == 1:
        c.tie(before[0], after[0])
    left = [a for a in reversed(before) if c.terms.size(a) != 1]
    right = [a for a in reversed(after) if c.terms.size(a) != 1]
    while left and right:
        one, two = [left.pop()], [right.pop()]
        m, n = c.terms.size(one[0]), c.terms.size(two[0])
        while m != n:
            if m < n:
                one.append(left.pop())
                m *= c.terms.size(one[-1])
            else:
                two.append(right.pop())
                n *= c.terms.size(two[-1])
        c.tie(c.terms.product(one), c.terms.product(two))


@relation("Transpose")
def transpose(c: Coupling, node: Node) -> None:
    before, after = c.of(node.inputs[0]), c.of(node.outputs[0])
    order = node.attribute("perm") or tuple(reversed(range(len(before))))
    c.tie_all([before[k] for k in order], after)


@relation("Concat")
def concat(c: Coupling, node: Node) -> None:
    out = c.of(node.outputs[0])
    axis = node.attribute("axis", 1) % len(out)
    parts = [c.of(name) for name in node.inputs]
    for part in parts:
        c.tie_all(part[:axis] + part[axis + 1 :], out[:axis] + out[axis + 1 :])
    c.tie(out[axis], c.terms.concat([part[axis] for part in parts]))


@relation("Split")
def split(c: Coupling, node: Node) -> None:
    x = c.of(node.inputs[0])
    axis = node.attribute("axis", 0) % len(x)
    if not all(node.outputs):
        c.fix_all(node)
        return
    parts = [c.of(name) for name in node.outputs]
    for part in parts:
        c.tie_all(part[:axis] + part[axis + 1 :], x[:axis] + x[axis + 1 :])
    c.tie(x[axis], c.terms.concat([part[axis] for part in parts]))


@relation("Slice")
def slice_(c: Coupling, node: Node) -> None:
    """What is taken in order is a part of the axis; what is taken in steps or backwards fixes it."""
    x, out = c.of(node.inputs[0]), c.of(node.outputs[0])
    starts, ends = c.ints(node, "starts", 1), c.ints(node, "ends", 2)
    if starts is None or ends is None:
        c.fix_all(node)
        return
    axes = c.ints(node, "axes", 3) or tuple(range(len(starts)))
    steps = c.ints(node, "steps", 4) or (1,) * len(starts)
    seen = c.cuts.setdefault(node.name, {})
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(x)
        size = c.terms.size(x[axis])
        places = cut(size, start, end, step)
        if step != 1:
            c.fix(x[axis], out[axis])
            continue
        before, behind = c.terms.atom(places.start), c.terms.atom(size - places.start - len(places))
        c.tie(x[axis], c.terms.concat((before, out[axis], behind)))
        seen[axis] = (before, out[axis])
    for axis, (a, b) in enumerate(zip(x, out, strict=True)):
        if axis not in {k % len(x) for k in axes}:
            c.tie(a, b)


@relation("Expand")
def expand(c: Coupling, node: Node) -> None:
    """Axes that are made longer are new ones."""
    c.spread(node.inputs[0], c.of(node.outputs[0]))


@relation("Tile")
def tile(c: Coupling, node: Node) -> None:
    x, out = c.of(node.inputs[0]), c.of(node.outputs[0])
    for a, b in zip(x, out, strict=True):
        if c.terms.size(a) == c.terms.size(b):
            c.tie(a, b)
        elif c.terms.size(a):
            times = c.terms.atom(c.terms.size(b) // c.terms.size(a))
            c.tie(b, c.terms.product((times, a)))


@relation("Pad")
def pad(c: Coupling, node: Node) -> None:
    """An axis with a constant rim is a concatenation with parts that stay as they are."""
    x, out = c.of(node.inputs[0]), c.of(node.outputs[0])
    pads = c.ints(node, "pads", 1)
    if pads is None or min(pads, default=0) < 0 or node.attribute("mode", "constant") != "constant":
        c.fix_all(node)
        return
    axes = [a % len(x) for a in c.ints(node, "axes", 3) or range(len(x))]
    rims = {axis: (pads[k], pads[k + len(axes)]) for k, axis in enumerate(axes)}
    for axis, (a, b) in enumerate(zip(x, out, strict=True)):
        before, behind = (c.terms.atom(n) for n in rims.get(axis, (0, 0)))
        c.fix(before, behind)
        c.tie(b, c.terms.concat((before, a, behind)))


@relation("Gather")
def gather(c: Coupling, node: Node) -> None:
    """The axis that is looked up in is fixed."""
    x, places, out = c.of(node.inputs[0]), c.of(node.inputs[1]), c.of(node.outputs[0])
    axis = node.attribute("axis", 0) % len(x)
    c.fix(x[axis])
    c.tie_all((*x[:axis], *places, *x[axis + 1 :]), out)


@relation("GatherND")
def gather_nd(c: Coupling, node: Node) -> None:
    """Places first, then the axes that are not looked up in; those that are, are fixed."""
    x, places, out = c.of(node.inputs[0]), c.of(node.inputs[1]), c.of(node.outputs[0])
    if node.attribute("batch_dims", 0) or not places:
        c.fix_all(node)
        return
    depth = c.terms.size(places[-1])
    c.fix(*x[:depth], places[-1])
    c.tie_all((*places[:-1], *x[depth:]), out)


@relation(*(f"Reduce{kind}" for kind in REDUCE), "ArgMax", "ArgMin")
def reduce(c: Coupling, node: Node) -> None:
    """Axes that are left go through."""
    x, out = c.of(node.inputs[0]), c.of(node.outputs[0])
    if node.op_type.startswith("Arg"):
        axes: tuple[int, ...] | None = (node.attribute("axis", 0),)
        c.fix(x[node.attribute("axis", 0)])
    else:
        axes = c.ints(node, "axes", 1)
        if axes is None and len(node.inputs) > 1 and node.inputs[1]:
            c.fix_all(node)
            return
    if not axes:
        axes = () if node.attribute("noop_with_empty_axes", 0) else tuple(range(len(x)))
    gone = {a % len(x) for a in axes} if x else set()
    left = [a for k, a in enumerate(x) if k not in gone]
    if len(out) == len(x):
        out = tuple(a for k, a in enumerate(out) if k not in gone)
    c.tie_all(left, out)
