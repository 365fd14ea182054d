"""Large constants that are one number throughout: masks that hide nothing, and what follows from them.

Exporters leave a mask of all True in the file of every encoder without padding (transformers' ViT, DINOv2, DeiT), and a
Where that makes zeros of it; OpenVINO computes both as it reads the model and drops the sum. No large constant is kept
here, only that number.
"""

from __future__ import annotations

from math import prod
from mmap import ACCESS_READ, mmap
from typing import Any

import numpy as np

from npusim.errors import NpusimError
from npusim.graph import DType, Value
from npusim.loading.outputs import infer_outputs
from npusim.loading.rules import Op
from npusim.loading.shapes_elementwise import BINARY_VALUES, UNARY_VALUES
from npusim.loading.structure import of_ones
from npusim.loading.tensors import dtype_of, external_place, numpy_type, shape_of
from npusim_xamba.files import Refused, inside

#: Ops that make each element out of those at its place.
PLACE_BY_PLACE = frozenset([*UNARY_VALUES, *BINARY_VALUES, "Where", "Cast"])
#: Ops that put elements elsewhere or repeat them.
MOVING = frozenset("Expand Reshape Unsqueeze Squeeze Flatten Transpose Tile Slice Identity".split())


def all_true(tensor: Any, folder: str) -> bool:
    """Whether a large mask of the file is True throughout. Weights of one number are placeholders for those that
    somebody left out: nothing is known of them."""
    if dtype_of(tensor.data_type) is not DType.BOOL:
        return False
    if tensor.data_location != 1:
        held = tensor.raw_data if tensor.HasField("raw_data") else bytes(map(bool, tensor.int32_data))
        return len(held) > 0 and held.count(1) == len(held)
    place = external_place(tensor)
    try:
        first, size = int(place.get("offset", "0")), prod(shape_of(tensor))
        path = inside(folder, place["location"])
        with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
            return first + size <= len(mapped) and of_ones(mapped, first, first + size)
    except (Refused, OSError, ValueError, KeyError):
        return False


def number_behind(op: Op) -> Any:
    """What all elements of a large constant are, where the node's inputs are one number each; None otherwise."""
    if op.kind == "ConstantOfShape" and not op.domain:
        return np.asarray(op.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)[0]
    if op.domain or op.kind not in PLACE_BY_PLACE | MOVING:
        return None
    numbers = [_number(op, value) for value in (op.inputs[:1] if op.kind in MOVING else op.inputs)]
    if not numbers or any(n is None for n in numbers):
        return None
    if op.kind in MOVING:
        return numbers[0]
    ones = [
        Value(v.name, (1,), v.dtype, True, np.full((1,), n, numpy_type(v.dtype)))
        for v, n in zip(op.inputs, numbers, strict=True)
        if v is not None
    ]
    alone = Op(
        op.kind, op.domain, op.name, op.attributes, [*ones], op.count, op.opset, lambda v: v.data, None
    )
    try:
        (out,) = infer_outputs(alone, None)
    except NpusimError:
        return None
    return None if out.data is None else np.asarray(out.data).reshape(-1)[0]


def _number(op: Op, value: Value | None) -> Any:
    """The one number of an input; None if it has several, or nobody knows them."""
    if value is None:
        return None
    if value.number is not None:
        return value.number
    data = value.data if value.data is not None else op.fetch(value)
    if data is None or not np.asarray(data).size or value.dtype is DType.STRING:
        return None
    flat = np.asarray(data).reshape(-1)
    return flat[0] if bool((flat == flat[0]).all()) else None
