"""Weights that are stored in few bits and unpacked where they are used.

NNCF writes a compressed weight as Const (8, 4 or 2 bits) -> Convert -> [Subtract of a zero point] -> Multiply by a
scale [-> Reshape, where groups have scales of their own] [-> Convert]. ONNX has one node for that, DequantizeLinear,
behind which the compiler finds the width that is stored. Changes of shape and order are put in front of it, onto the
stored tensor, so that a reader finds the node itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from npusim.loading.ir.case import Case
from npusim.loading.ir.record import Layer
from npusim.loading.ir.table import plans
from npusim.loading.ir.types import LOW, PORTS, element


@dataclass(frozen=True, slots=True)
class Weight:
    """A compressed weight of shape `dims`, unpacked to elements of `dtype`. `scaled`: the shape of its scale with as
    many axes as `dims` (1 where one scale serves all, a divisor of the size where it serves a block)."""

    stored: Layer
    scale: Layer
    zero: Layer | None
    dims: tuple[int, ...]
    scaled: tuple[int, ...]
    dtype: str

    def blocks(self) -> list[int]:
        """Axes along which a scale serves several elements, but not all."""
        return [k for k, (d, s) in enumerate(zip(self.dims, self.scaled, strict=True)) if 1 < s < d]

    def long(self) -> list[int]:
        return [k for k, s in enumerate(self.scaled) if s > 1]


@plans("Multiply")
def compressed(c: Case) -> None:
    """Finds a compressed weight by the Multiply at its end, and what is left of it behind."""
    weight = chain(c, 0) or chain(c, 1)
    if weight is None:
        return
    ends = [c.layer]
    behind = c.t.only_reader(c.layer)
    if behind is not None and behind.type == "Reshape" and (merged := merge(weight, behind)) is not None:
        weight = merged
        ends.append(behind)
        behind = c.t.only_reader(behind)
    if behind is not None and behind.type == "Convert":
        wanted = behind.attributes.get("destination_type", "")
        if wanted in ("f32", "f16", "bf16"):  # unpacked to that type at once
            weight = replace(weight, dtype=wanted)
            ends.append(behind)
    if sizes(weight) is None:
        return
    c.t.absorbed |= {layer.id for layer in ends[:-1]}
    c.t.retyped |= {layer.id for layer in ends}
    last = ends[-1]
    c.t.weights[last.id] = weight
    c.t.instead[last.id] = lambda: unpack(Case(last, c.t), weight, Case(last, c.t).out())


def constant_behind(c: Case, layer: Layer | None) -> Layer | None:
    """The Const behind Converts, None if there is none."""
    while layer is not None and layer.type == "Convert":
        layer = c.t.producer(layer, 0)
    return layer if layer is not None and layer.type == "Const" and layer.outputs else None


def chain(c: Case, index: int) -> Weight | None:
    """The compressed weight whose numbers come in at input `index`, and its scale at the other."""
    numbers, zero = c.t.producer(c.layer, index), None
    scale = constant_behind(c, c.t.producer(c.layer, 1 - index))
    if numbers is not None and numbers.type == "Subtract":
        zero = constant_behind(c, c.t.producer(numbers, 1))
        if zero is None:
            return None
        numbers = c.t.producer(numbers, 0)
    if numbers is None or numbers.type != "Convert" or scale is None:
        return None
    stored = constant_behind(c, numbers)
    kind = None if stored is None else PORTS.get(stored.outputs[0].precision)
    if stored is None or not (
        kind in LOW or (kind == "i32" and zero is None)
    ):  # biases of quantised products
        return None
    dims, given = stored.outputs[0].dims, scale.outputs[0].dims
    if (len(given) > len(dims) and prod(given) > 1) or -1 in (*dims, *given):
        return None
    scaled = (1,) * len(dims) if prod(given) == 1 else (1,) * (len(dims) - len(given)) + given
    if any(s < 1 or d % s for d, s in zip(dims, scaled, strict=True)):
        return None
    return Weight(stored, scale, zero, dims, scaled, c.out_type())


def merge(weight: Weight, behind: Layer) -> Weight | None:
    """The weight behind a Reshape that puts groups and their elements into one axis: [N, G, 32] -> [N, G 32]."""
    dims, wanted = weight.dims, behind.outputs[0].dims if behind.outputs else ()
    for k in range(len(dims) - 1):
        if wanted == (*dims[:k], dims[k] * dims[k + 1], *dims[k + 2 :]):
            a, b = weight.scaled[k], weight.scaled[k + 1]
            if b == 1 or (a, b) == (dims[k], dims[k + 1]):
                return replace(
                    weight, dims=wanted, scaled=(*weight.scaled[:k], a * b, *weight.scaled[k + 2 :])
                )
    return None


def sizes(weight: Weight) -> tuple[list[int], dict[str, int]] | None:
    """The shape ONNX wants of a scale, and the attributes; None if it has no word for how they lie."""
    blocks, long = weight.blocks(), weight.long()
    if not long:
        return [], {}
    if len(long) == 1 and not blocks:
        return [-1], {"axis": long[0]}
    full = [k for k, (d, s) in enumerate(zip(weight.dims, weight.scaled, strict=True)) if d != s]
    if len(full) != 1:
        return None
    axis = full[0]
    return list(weight.scaled), {"axis": axis, "block_size": weight.dims[axis] // weight.scaled[axis]}


def unpack(c: Case, weight: Weight, output: str, turned: bool = False) -> None:
    """The DequantizeLinear of a weight; `turned`: of its transpose."""
    perm = [*range(len(weight.dims) - 2), len(weight.dims) - 1, len(weight.dims) - 2] if turned else None

    def laid_out(layer: Layer, dims: tuple[int, ...], tensor: str) -> str:
        if layer.outputs[0].dims != dims:
            tensor = c.step("Reshape", [tensor, c.constant(list(dims))])
        return tensor if perm is None else c.step("Transpose", [tensor], perm=perm)

    stored = name_of(c, weight.stored)
    if weight.stored.outputs[0].dims != weight.dims:
        stored = c.t.fresh(f"{c.layer.name}/stored")
        c.t.graph.initializer.append(c.t.shared.bin.tensor(weight.stored, stored, weight.dims))
    if perm is not None:
        stored = c.step("Transpose", [stored], perm=perm)
    scale, kind = name_of(c, weight.scale), PORTS.get(weight.stored.outputs[0].precision, "u8")
    narrow = PORTS.get(weight.scale.outputs[0].precision)
    output_dtype = None if narrow == weight.dtype else element(weight.dtype, c.layer.name).number
    inputs = [stored, laid_out(weight.scale, weight.scaled, scale)]
    if weight.zero is not None:
        zero = name_of(c, weight.zero)
        if PORTS.get(weight.zero.outputs[0].precision) != kind:
            zero = c.cast(zero, kind)
        given = weight.zero.outputs[0].dims
        if prod(given) != prod(weight.scaled):
            zero = c.step("Reshape", [zero, c.constant([1] * len(weight.dims))])
            zero = c.step("Expand", [zero, c.constant(list(weight.scaled))])
            inputs.append(zero if perm is None else c.step("Transpose", [zero], perm=perm))
        else:
            inputs.append(laid_out(weight.zero, weight.scaled, zero))
    if perm is not None:
        weight = replace(
            weight,
            dims=tuple(weight.dims[k] for k in perm),
            scaled=tuple(weight.scaled[k] for k in perm),
        )
    shape, given_all = sizes(weight) or ([], {})
    inputs[1:] = [
        t if tuple(shape) == weight.scaled else c.step("Reshape", [t, c.constant(shape)]) for t in inputs[1:]
    ]
    name = c.layer.name + ("/unpack" if turned else "")
    c.t.add("DequantizeLinear", inputs, [output], name, "", {**given_all, "output_dtype": output_dtype})


def name_of(c: Case, layer: Layer) -> str:
    return c.t.names[layer.id, layer.outputs[0].id]


def weight_at(c: Case, index: int) -> Weight | None:
    """The compressed weight that comes in at an input, None for anything else."""
    layer = c.t.producer(c.layer, index)
    return None if layer is None else c.t.weights.get(layer.id)


def turned(c: Case, index: int) -> str | None:
    """A compressed weight with its last two axes changed over, unpacked; None for anything else."""
    weight = weight_at(c, index)
    if weight is None or len(weight.dims) < 2:
        return None
    output = c.t.fresh(f"{c.layer.name}/weight")
    unpack(c, weight, output, turned=True)
    return output


def with_groups_joined(c: Case, index: int) -> str | None:
    """Filters [G, O, ...] of a compressed weight as [G O, ...], unpacked; None for anything else."""
    weight = weight_at(c, index)
    if weight is None or len(weight.dims) < 4 or any(s > 1 for s in weight.scaled[2:]):
        return None
    if weight.scaled[0] != weight.dims[0] or weight.scaled[1] not in (1, weight.dims[1]):
        return None
    if (
        weight.scaled[1] != weight.dims[1]
    ):  # one scale a group: as good as one a filter only where a group is one
        return None
    joined = replace(
        weight,
        dims=(weight.dims[0] * weight.dims[1], *weight.dims[2:]),
        scaled=(weight.scaled[0] * weight.scaled[1], *weight.scaled[2:]),
    )
    output = c.t.fresh(f"{c.layer.name}/weight")
    unpack(c, joined, output)
    return output
