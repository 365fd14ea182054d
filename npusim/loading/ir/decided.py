"""What the sizes at a layer's ports say of constants whose .bin is not there: axes, orders, targets, lengths.

Only of a file without free sizes. Where several answers fit the sizes, one that exporters write is taken, and named if
another would move other bytes. `DECIDED` holds one rule a type of layer: the values of its inputs, by their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, permutations
from math import prod
from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.record import Layer, Net
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


@decides("Gather")
def gather(c: Case) -> Values:
    data, indices, out, shared = c.dims(), c.dims(1), c.out_port().dims, c.whole("batch_dims", 0)
    shared += len(indices) if shared < 0 else 0
    fits = [a for a in range(shared, len(data)) if data[:a] + indices[shared:] + data[a + 1 :] == out]
    axis = one_of(c, "axis", fits, lambda a: around(data, a))
    cuts = cuts_of(c)
    if from_file(c, 1) and c.layer in cuts and prod(indices) == 1:  # one row of several
        return {1: cuts.index(c.layer) % max(data[axis], 1), 2: [axis]}
    return {2: [axis]}


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


@decides("Pad")
def pad(c: Case) -> Values:
    more = [b - a for a, b in zip(c.dims(), c.out_port().dims, strict=True)]
    return {1: [n - n // 2 for n in more], 2: [n // 2 for n in more]}


def cuts_of(c: Case) -> list[Layer]:
    """The cuts of this layer's kind of the same tensor, in the order of their names (exporters count), but one that is
    negated is the second half of what rotary embeddings turn."""
    source = c.t.maker(c.layer, c.port())
    cuts = {goal[0]: c.t.layers[goal[0]] for goal in c.t.readers.get(source, [])}

    def place(cut: Layer) -> tuple[Any, ...]:
        reader = c.t.only_reader(cut)
        negated = reader is not None and reader.type in ("Negative", "Multiply") and sign(Case(reader, c.t))
        stem = cut.name.rstrip("0123456789")
        number = cut.name[len(stem) :][:9]
        return negated, stem.rstrip("_"), int(number) if number else -1

    return sorted((cut for cut in cuts.values() if cut.type == c.layer.type), key=place)


def start(c: Case, axis: int, part: int) -> int:
    """Where a cut of `part` begins: a single one of one is the last; several stand side by side."""
    size = c.dims()[axis]
    cuts = cuts_of(c)
    if part == 1 and len(cuts) == 1:
        return size - 1
    parts = [along(cut, axis, len(c.dims())) for cut in cuts]
    if sum(parts) == size:
        return sum(parts[: cuts.index(c.layer)])
    equal = [cut for cut, n in zip(cuts, parts, strict=True) if n == part]
    first = equal.index(c.layer) * part if c.layer in equal else 0
    return first if first + part <= size else max(size - part, 0)


def along(cut: Layer, axis: int, rank: int) -> int:
    """How much of an axis a cut takes; an axis that it drops is one."""
    dims = cut.outputs[0].dims
    return dims[axis] if len(dims) == rank else 1


@decides("Slice")
def slice_(c: Case) -> Values:
    dims, out, length = c.dims(), c.out_port().dims, count(c, 1)
    differ = [k for k, (a, b) in enumerate(zip(dims, out, strict=True)) if a != b]
    rest = [k for k in range(len(dims)) if k not in differ]
    axes = sorted([*differ, *rest][:length]) if c.has(4) else list(range(length))
    starts = [start(c, k, out[k]) if k in differ else 0 for k in axes]
    ends = [s + out[k] for s, k in zip(starts, axes, strict=True)]
    return {1: starts, 2: ends, 3: [1] * len(axes), 4: axes}


@decides("StridedSlice")
def strided_slice(c: Case) -> Values:
    from npusim.loading.ir.ops_index import mask

    length = count(c, 1)
    names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask", "ellipsis_mask")
    open_begin, open_end, new, shrink, rest = (mask(c, n, length) for n in names)
    dims, out = c.dims(), c.out_port().dims
    begins, ends, strides = [0] * length, [1] * length, [1] * length
    axis = place = 0
    for k in range(length):
        if rest[k]:
            skip = len(dims) - sum(1 for j in range(length) if not new[j] and not rest[j])
            axis, place = axis + skip, place + skip
        elif new[k]:
            place += 1
        elif shrink[k]:
            begins[k] = start(c, axis, 1)
            ends[k] = begins[k] + 1
            axis += 1
        else:
            size, part = dims[axis], out[place]
            begins[k] = 0 if open_begin[k] else size - part if open_end[k] else start(c, axis, part)
            ends[k] = begins[k] + part
            if open_begin[k] and open_end[k] and part:
                ends[k], strides[k] = size, -(-size // part)
            axis, place = axis + 1, place + 1
    return {1: begins, 2: ends, 3: strides}


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


@decides("HardSigmoid", "Selu", "Swish", "ScaledDotProductAttention")
def numbers(c: Case) -> Values:
    """Factors that cost the same whatever they are."""
    given = {"HardSigmoid": {1: 0.2, 2: 0.5}, "Selu": {1: 1.67, 2: 1.05}, "Swish": {1: 1.0}}
    return given.get(c.layer.type, {4: max(c.dims()[-1], 1) ** -0.5 if c.dims() else 1.0})


@decides("RandomUniform")
def random_uniform(c: Case) -> Values:
    return {0: list(c.out_port().dims)}


@decides("Multinomial")
def multinomial(c: Case) -> Values:
    return {1: c.out_port().dims[-1]}


@decides("Eye")
def eye(c: Case) -> Values:
    *batch, rows, columns = c.out_port().dims
    return {0: rows, 1: columns, 2: 0, 3: batch}


@decides("DFT", "IDFT", "RDFT")
def fourier(c: Case) -> Values:
    out, many = c.out_port().dims, count(c, 1)
    end = c.rank() - (c.layer.type != "RDFT")
    axes = list(range(end - many, end))
    sizes = [out[a] for a in axes]
    if c.layer.type == "RDFT":
        sizes[-1] = c.dims()[axes[-1]] if c.dims()[axes[-1]] // 2 + 1 == sizes[-1] else 2 * (sizes[-1] - 1)
    if c.rank() > many + (c.layer.type != "RDFT"):
        c.t.shared.doubts.append(f"axes {axes} of '{c.layer.name}' ({c.layer.type})")
    return {1: axes, 2: sizes}


@decides("STFT")
def stft(c: Case) -> Values:
    a, b = c.out_port().dims[-3:-1]
    bins, frames = (a, b) if c.flag("transpose_frames") else (b, a)
    size = max(2 * (bins - 1), count(c, 1))
    return {2: size, 3: (c.dims()[-1] - size) // (frames - 1) if frames > 1 else 1}


@decides("Loop")
def trips(c: Case) -> Values:
    """As often as a result has parts, or an input that is cut."""
    ports = c.layer.port_maps.get("")
    for given, sides in ((ports.outputs, c.layer.outputs), (ports.inputs, c.layer.inputs)) if ports else ():
        for side in given:
            for port in sides:
                if "axis" in side and side.get("external_port_id") == str(port.id):
                    return {0: port.dims[int(side["axis"])], 1: True}
    return NONE


def sign(c: Case) -> bool:
    """Whether a Multiply by one number is the change of sign in a rotary embedding: of a cut, in front of a Concat."""
    if c.layer.type == "Negative":
        return True
    reader, sources = c.t.only_reader(c.layer), [c.t.producer(c.layer, k) for k in (0, 1)]
    cuts = [k for k, s in enumerate(sources) if s is not None and s.type in CUTS]
    return reader is not None and reader.type == "Concat" and len(cuts) == 1 and count(c, 1 - cuts[0]) == 1


CUTS = ("Slice", "StridedSlice", "Split", "VariadicSplit", "Gather")


def from_file(c: Case, index: int) -> bool:
    """Whether an input is a constant of one number."""
    maker = c.t.producer(c.layer, index)
    while maker is not None and maker.type == "Convert":
        maker = c.t.producer(maker, 0)
    return maker is not None and maker.type == "Const" and count(c, index) == 1


@decides("Multiply")
def factor(c: Case) -> Values:
    k = next((k for k in (0, 1) if from_file(c, k)), None)
    return {k: [-1.0] * 1} if k is not None and sign(c) else NONE


@decides("Divide")
def reciprocal(c: Case) -> Values:
    return {0: 1.0} if from_file(c, 0) else NONE


@decides("Power")
def exponent(c: Case) -> Values:
    """A square where a sum follows or nothing is known, else the root that ends a norm."""
    if not from_file(c, 1):
        return NONE
    readers = c.t.readers.get((c.layer.id, c.out_port().id), [])
    if any(c.t.layers[goal[0]].type.startswith("Reduce") for goal in readers):
        return {1: 2.0}
    before = c.t.producer(c.layer, 0)
    root = (
        before is not None and before.type == "Add" and any(from_file(Case(before, c.t), k) for k in (0, 1))
    )
    c.t.shared.doubts.append(f"exponent {-0.5 if root else 2} of '{c.layer.name}' (Power)")
    return {1: -0.5 if root else 2.0}


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


@decides("SliceScatter")
def written_over(c: Case) -> Values:
    dims, part = c.dims(), c.dims(1)
    axis = next((k for k, (a, b) in enumerate(zip(dims, part, strict=True)) if a != b), 0)
    axes = [axis] if c.has(5) and count(c, 5) == 1 else list(range(len(dims)))
    return {2: [0] * len(axes), 3: [part[k] for k in axes], 4: [1] * len(axes), 5: axes}


@decides("IRDFT")
def fourier_back(c: Case) -> Values:
    end, out = c.rank() - 1, c.out_port().dims
    axes = list(range(end - count(c, 1), end))
    if end > len(axes):
        differ = [k for k in range(end) if c.dims()[k] != out[k]]
        axes = differ if len(differ) == len(axes) else axes
    return {1: axes, 2: [out[a] for a in axes]}


@decides("ISTFT")
def istft(c: Case) -> Values:
    bins, frames = c.dims()[-3:-1]
    size, length = 2 * (bins - 1), c.out_port().dims[-1]
    rest = length if c.flag("center") else length - size
    return {2: size, 3: rest // (frames - 1) if frames > 1 else 1, 4: length}
