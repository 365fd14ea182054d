"""An Einsum of three operands and more -> Einsums of two, in the order in which OpenVINO makes them.

Its front end takes the first operand and the last one, puts what they make behind the others, and begins again
(`EinsumDecomposition`), whatever that costs: in Intel's schedules `ab,bc,cd,de->ae` of 30 to 300 begins with the outer
product of `ab` and `de`, 144 MB. A pair that adds nothing up is a Mul of operands in one order, with ones in between
(`Multiply`, on the DSPs there)."""

from __future__ import annotations

from npusim.compiler.fuse.writer import Writer
from npusim.errors import BadModel
from npusim.graph import Node
from npusim.ops.einsum import letters


def stands_for_several(node: Node) -> bool:
    """Whether it has more than two operands, or two of which it adds nothing up."""
    inputs, _, result = str(node.attribute("equation", "")).replace(" ", "").partition("->")
    return len(node.inputs) > 2 or (len(node.inputs) == 2 and set(inputs) - {","} == set(result))


def in_pairs(w: Writer, node: Node) -> bool:
    """The node as products of two operands each; what follows may ask for every letter kept here."""
    names = [name for name in node.inputs if name]
    equation = str(node.attribute("equation", ""))
    try:
        terms, result = letters(equation, tuple([w.shape(name) for name in names]), "")
    except BadModel:
        return False
    if len(names) < 2 or any(len(set(term)) < len(term) for term in terms):
        return False
    sizes: dict[str, int] = {}
    for term, name in zip(terms, names, strict=True):
        for letter, size in zip(term, w.shape(name), strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    while len(names) > 2:
        (left, first), (right, last) = (terms.pop(0), names.pop(0)), (terms.pop(), names.pop())
        made = _kept(left, right, set(result).union(*terms))
        terms.append(made)
        names.append(_product(w, f"pair {len(names)}", (left, right, made), (first, last), sizes))
    (left, right), both = terms, (names[0], names[1])
    made = _kept(left, right, set(result))
    if set(made) != set(left + right):
        w.last("Einsum", both, node.outputs[0], equation=f"{left},{right}->{result}")
    elif made == result:
        w.last("Mul", _side_by_side(w, "last", (left, right, made), both), node.outputs[0])
    else:
        last = _product(w, "last", (left, right, made), both, sizes)
        w.last("Transpose", (last,), node.outputs[0], perm=tuple([made.index(x) for x in result]))
    return True


def _kept(left: str, right: str, later: set[str]) -> str:
    """Letters of a product that are asked for later: those of both, of the left side, of the right one."""
    both = [x for x in left if x in right]
    own = [x for x in left if x not in right] + [x for x in right if x not in left]
    return "".join([x for x in both + own if x in later])


def _product(
    w: Writer, what: str, terms: tuple[str, str, str], names: tuple[str, str], sizes: dict[str, int]
) -> str:
    """An Einsum of two operands, or their Mul where every letter stays."""
    left, right, made = terms
    shape, dtype = tuple([sizes[x] for x in made]), w.values[names[0]].dtype
    if set(made) != set(left + right):
        return w.op(what, "Einsum", names, shape, dtype, equation=f"{left},{right}->{made}")
    return w.op(what, "Mul", _side_by_side(w, what, terms, names), shape, dtype)


def _side_by_side(
    w: Writer, what: str, terms: tuple[str, str, str], names: tuple[str, str]
) -> tuple[str, str]:
    """Two operands with the axes of their product, one where an operand has none."""
    *own, made = terms
    sides = []
    for side, term, name in zip(("left", "right"), own, names, strict=True):
        order = [term.index(x) for x in made if x in term]
        if order != sorted(order):
            name = w.turned(f"{what}/{side} turned", name, tuple(order))
        wide = dict(zip(sorted(term, key=made.index), w.shape(name), strict=True))
        sides.append(w.view(f"{what}/{side}", name, tuple([wide.get(x, 1) for x in made])))
    return sides[0], sides[1]
