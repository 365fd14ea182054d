"""What the sizes at a layer's ports say of constants whose .bin is not there: axes, orders, targets.

Only of a file without free sizes. Where several answers fit the sizes, one that exporters write is taken, and named if
another would move other bytes. `DECIDED` holds one rule a type of layer: the values of its inputs, by their place.
Cuts and single numbers have files of their own, `decided_cuts.py` and `decided_numbers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, permutations
from math import prod
from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.record import Net
from npusim.loading.ir.table import NothingFits, Values, decides

NONE: Values = {}
Dims = tuple[int, ...]

USUAL = [(0, 2, 1, 3), (0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1)]


def is_static(net: Net) -> bool:
    """Whether no port of a net, or of the bodies in it, has a free size."""
    return all(
        all(-1 not in port.dims for port in (*layer.inputs, *layer.outputs))
        and all(map(is_static, layer.bodies.values()))
        for layer in net.layers
    )


def one_of(c: Case, what: str, fits: Iterable[Any], same: Callable[[Any], Any]) -> Any:
    """The first of the answers that fit; named where one differs from it in what `same` says. Raises `NothingFits`."""
    found = list(fits)
    if not found:
        raise NothingFits
    if any(same(other) != same(found[0]) for other in found[1:]):
        c.t.shared.doubts.append(f"{what} {found[0]} of '{c.layer.name}' ({c.layer.type})")
    return found[0]


def count(c: Case, index: int) -> int:
    """How many numbers an input holds."""
    return prod(c.dims(index))


def around(dims: Dims, axis: int) -> tuple[int, int, int]:
    """Elements in front of an axis, along it and behind it: what tells how data lie."""
    return prod(dims[:axis]), dims[axis], prod(dims[axis + 1 :])


def marked(dims: Dims, axes: Iterable[int]) -> list[tuple[int, bool]]:
    """Sizes above one, and whether they are among `axes`."""
    chosen = set(axes)
    return [(size, k in chosen) for k, size in enumerate(dims) if size != 1]


def without(dims: Dims, axes: Iterable[int]) -> Dims:
    gone = set(axes)
    return tuple(size for k, size in enumerate(dims) if k not in gone)


def from_file(c: Case, index: int) -> bool:
    """Whether an input is a constant of one number."""
    maker = c.t.producer(c.layer, index)
    while maker is not None and maker.type == "Convert":
        maker = c.t.producer(maker, 0)
    return maker is not None and maker.type == "Const" and count(c, index) == 1


@decides("ScatterUpdate")
def scatter_update(c: Case) -> Values:
    data, indices, updates = c.dims(), c.dims(1), c.dims(2)
    fits = [a for a in range(len(data)) if data[:a] + indices + data[a + 1 :] == updates]
    return {3: [one_of(c, "axis", fits or [0], lambda a: around(data, a))]}


@decides("ScatterElementsUpdate")
def scatter_elements(c: Case) -> Values:
    data, indices = c.dims(), c.dims(1)
    differ = [a for a, (m, n) in enumerate(zip(data, indices, strict=True)) if m != n]
    return {3: [one_of(c, "axis", differ[:1] or range(len(data) - 1, -1, -1), lambda a: around(data, a))]}


@decides(*(f"Reduce{n}" for n in "Sum Mean Max Min Prod L1 L2 LogicalAnd LogicalOr".split()))
def reduction(c: Case) -> Values:
    dims, out = c.dims(), c.out_port().dims
    many = min(count(c, 1), len(dims))
    if c.flag("keep_dims"):
        changed = [k for k, (a, b) in enumerate(zip(dims, out, strict=True)) if a != b]
        ones = [k for k in reversed(range(len(dims))) if dims[k] == 1]
        return {1: sorted([*changed, *ones[: max(many - len(changed), 0)]])}
    fits = [a for a in list(combinations(range(len(dims)), many))[::-1] if without(dims, a) == out]
    fits.sort(key=lambda a: -len(contracted(c) & set(a)))
    return {1: list(one_of(c, "axes", fits, lambda a: marked(dims, a)))}


def contracted(c: Case) -> set[int]:
    """Axes along which both factors of a product that is summed vary: over others nobody sums a product."""
    product = c.t.producer(c.layer, 0)
    if product is None or product.type != "Multiply" or len(product.inputs) != 2:
        return set()
    rank = c.rank()
    factors = [(1,) * (rank - len(p.dims)) + p.dims for p in product.inputs]
    return {k for k, sizes in enumerate(zip(*factors, strict=True)) if min(sizes) > 1}


@decides("Reshape")
def reshape(c: Case) -> Values:
    return {1: list(c.out_port().dims)}


@decides("Transpose")
def transpose(c: Case) -> Values:
    dims, out = c.dims(), c.out_port().dims
    rank = len(dims)

    def order(perm: Dims) -> Dims:
        return tuple(p for p in perm if dims[p] != 1)

    if rank > 7:
        return NONE
    every = [p for p in USUAL if len(p) == rank]
    every += sorted(permutations(range(rank)), key=lambda p: sum(a > b for a, b in combinations(p, 2)))
    fits = [p for p in every if tuple(dims[k] for k in p) == out]
    moved = [p for p in fits if order(p) != tuple(sorted(order(p)))]
    same_order = len(order(tuple(range(rank)))) == len(
        set(out) - {1}
    )  # all sizes differ: the order is theirs
    return {1: list(one_of(c, "order of axes", fits if same_order else moved or fits, order))}


@decides("Squeeze", "Unsqueeze")
def squeeze(c: Case) -> Values:
    full, rest = c.dims(), c.out_port().dims
    if c.layer.type == "Unsqueeze":
        full, rest = rest, full
    fits = (a for a in combinations(range(len(full)), len(full) - len(rest)) if without(full, a) == rest)
    return {1: list(one_of(c, "axes", fits, lambda a: None))}


@decides("Split", "VariadicSplit")
def split(c: Case) -> Values:
    dims, out = c.dims(), c.out_port().dims
    axis = next((k for k, (a, b) in enumerate(zip(dims, out, strict=True)) if a != b), 0)
    return {1: [axis], 2: [p.dims[axis] for p in c.layer.outputs]}


@decides("Broadcast")
def broadcast(c: Case) -> Values:
    dims, out = c.dims(), c.out_port().dims
    fits = (
        m
        for m in combinations(range(len(out)), len(dims))
        if all(a in (1, out[k]) for k, a in zip(m, dims, strict=True))
    )
    return {1: list(out), 2: list(one_of(c, "axes", fits, lambda m: marked(out, m)))}


@decides("Tile")
def tile(c: Case) -> Values:
    out, length = c.out_port().dims, count(c, 1)
    dims = (1,) * (len(out) - c.rank()) + c.dims()
    times = [b // a if a else 1 for a, b in zip(dims, out, strict=True)]
    return {1: times[len(times) - length :]}


@decides("Range")
def range_(c: Case) -> Values:
    return {0: 0, 1: c.out_port().dims[0], 2: 1}


@decides("TopK", "OneHot")
def along_axis(c: Case) -> Values:
    return {1: c.out_port().dims[c.whole("axis", -1)]}


@decides("CumSum")
def cumulative(c: Case) -> Values:
    """Sizes never say along which axis: of a square, as state-space models sum segments, the last but one."""
    dims = c.dims()
    square = len(dims) > 2 and dims[-1] == dims[-2] > 1
    axes = [len(dims) - 2, *range(len(dims))] if square else [len(dims) - 1, *range(len(dims))]
    return {1: one_of(c, "axis", axes, lambda a: around(dims, a) if dims[a] != 1 else around(dims, axes[0]))}


@decides("MVN")
def last_axes(c: Case) -> Values:
    return {1: list(range(c.rank() - count(c, 1), c.rank()))} if c.has(1) else NONE


@decides("NormalizeL2")
def normalized(c: Case) -> Values:
    many = count(c, 1)
    first = [1] if many == 1 and c.rank() == 4 else list(range(c.rank() - many, c.rank()))
    c.t.shared.doubts.append(f"axes {first} of '{c.layer.name}' (NormalizeL2)")
    return {1: first}


@decides("Interpolate")
def interpolate(c: Case) -> Values:
    dims, out = c.dims(), c.out_port().dims
    old = "axes" in c.layer.attributes
    length = count(c, 1) if c.opset >= 11 or old else count(c, 2)
    if old:
        axes = c.sizes("axes")
    else:
        axes = list(range(len(dims) - length, len(dims)))
    sizes, factors = [out[k] for k in axes], [out[k] / dims[k] if dims[k] else 1.0 for k in axes]
    if c.opset >= 11 and not old:
        return {1: factors if c.text("shape_calculation_mode") == "scales" else sizes, 2: axes}
    return {1: sizes, 2: factors, 3: axes}


@decides("ConvolutionBackpropData", "GroupConvolutionBackpropData")
def image_behind(c: Case) -> Values:
    return {2: list(c.out_port().dims[2:])}


@decides("AdaptiveAvgPool", "AdaptiveMaxPool")
def pooled(c: Case) -> Values:
    return {1: list(c.out_port().dims[2:])}


@decides("Roll")
def roll(c: Case) -> Values:
    many = count(c, 2)
    axes = list(
        range(c.rank() - many - (c.rank() == 4), c.rank() - (c.rank() == 4))
    )  # of images, channels last
    c.t.shared.doubts.append(f"axes {axes} of '{c.layer.name}' (Roll)")
    return {1: [c.dims()[a] // 2 for a in axes][: count(c, 1)], 2: axes}


@decides("SpaceToBatch", "BatchToSpace")
def blocks(c: Case) -> Values:
    """The least blocks that fit; what is over is put behind."""
    small, large = c.out_port().dims, c.dims()
    if c.layer.type == "BatchToSpace":
        small, large = large, small
    block = [1, *(-(-b // a) for a, b in zip(small[1:], large[1:], strict=True))]
    over = [0, *(a * n - b for a, b, n in zip(small[1:], large[1:], block[1:], strict=True))]
    return {1: block, 2: [0] * len(block), 3: over}
