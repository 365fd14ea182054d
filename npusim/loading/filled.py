"""Constants of one number, however large: masks that hide nothing, and what is made of them.

Exporters write the mask of an encoder whose words are all there as that many times True, a Where that makes zeros of
it, and an Add (transformers 5, torch.export). Values are kept of small constants only (`tensors`); of a larger one it
is enough to know that it is one number everywhere, which shows in the sample of it that is read (`zeros`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.graph import DType, Value
from npusim.loading.rules import Op, small
from npusim.loading.shapes_elementwise import BINARY_VALUES, UNARY_VALUES
from npusim.loading.tensors import RAW, numpy_type
from npusim.loading.zeros import numbers_of

#: Ops that move elements of their first input, or repeat them.
MOVES = frozenset({
    "Expand", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Tile", "Slice", "Identity",
})  # fmt: skip
#: Operation -> the number that changes nothing, and which operands may be it.
NEUTRAL = {"Mul": (1, (0, 1)), "Add": (0, (0, 1)), "Sub": (0, (1,)), "Div": (1, (1,))}


def in_file(tensor: Any, folder: str, dtype: DType, shape: tuple[int, ...]) -> np.ndarray | None:
    """The one number of a large constant that is no weight; None of others. Floats of one number are placeholders of
    what somebody left out (`zeros.found_zeros`), so nothing is known of them."""
    if small(shape) or tensor.data_type not in RAW or numpy_type(dtype).kind not in "biu":
        return None
    return _one(numbers_of(tensor, folder))


def number(op: Op, known: dict[str, np.ndarray]) -> np.ndarray | None:
    """The one number of a constant that this op makes; None if it has several or may have. Its inputs are constants.

    Args:
        op: the op.
        known: numbers of large constants, by name.
    """
    if op.kind == "ConstantOfShape":
        return _one(np.asarray(op.attributes.get("value", np.zeros(1, np.float32))))
    values = [v for v in op.inputs if v is not None]
    if op.domain or not values:
        return None
    if op.kind in MOVES:
        return _of(values[0], known)
    if op.kind not in ("Where", "Cast") and op.kind not in UNARY_VALUES and op.kind not in BINARY_VALUES:
        return None
    if op.kind == "Where":
        chosen = _of(values[0], known)
        return None if chosen is None else _of(values[1 if chosen else 2], known)
    numbers = [found for v in values if (found := _of(v, known)) is not None]
    if len(numbers) < len(values):
        return None
    if op.kind in UNARY_VALUES:
        return np.asarray(UNARY_VALUES[op.kind](numbers[0]))
    if op.kind in BINARY_VALUES and len(numbers) == 2:
        return np.asarray(BINARY_VALUES[op.kind](*numbers))
    return numbers[0] if op.kind == "Cast" else None


def neutral(op: Op, shape: tuple[int, ...], known: dict[str, np.ndarray]) -> int | None:
    """Which operand is a large constant that changes nothing and widens nothing; None if none is."""
    if op.kind not in NEUTRAL or op.domain or len(op.inputs) != 2:
        return None
    nothing, places = NEUTRAL[op.kind]
    for place in places:
        own, other = op.x(place), op.x(1 - place)
        found = known.get(own.name)
        if found is not None and bool(found == nothing) and other.shape == shape:
            return place
    return None


def _of(value: Value, known: dict[str, np.ndarray]) -> np.ndarray | None:
    return known.get(value.name) if value.data is None else _one(value.data)


def _one(values: np.ndarray) -> np.ndarray | None:
    if not values.size:
        return None
    first = values.reshape(-1)[0]
    return np.asarray(first) if bool((values == first).all()) else None
