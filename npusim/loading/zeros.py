"""What share of a weight is zero, counted in a sample of the file: pruned networks are stored without their zeros.

Weights stay on disk (`structure`); of a large one a few blocks of bytes are looked at, evenly spread over it."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.graph import LEAST_ZEROS, Contents, DType
from npusim.loading.tensors import RAW, dtype_of, external_place, shape_of
from npusim_xamba.files import Refused, inside

#: Blocks and bytes of each: 16,384 floats say a share of a half within 0.4 % (standard error), more where zeros stand
#: in rows; many small blocks, since zeros of a pruned network do (MediaPipe's hands: within 4 % of 32 blocks).
BLOCKS, BLOCK_BYTES = 128, 512
COUNTED = (DType.FLOAT, DType.FLOAT16, DType.INT8)


def places(size: int) -> list[tuple[int, int]]:
    """Start and end of the bytes of `size` that are looked at: all, or even blocks, whole numbers of any type."""
    if size <= BLOCKS * BLOCK_BYTES:
        return [(0, size)]
    starts = [(size - BLOCK_BYTES) * i // (BLOCKS - 1) // 8 * 8 for i in range(BLOCKS)]
    return [(start, start + BLOCK_BYTES) for start in starts]


def sample(data: Any, start: int, end: int) -> bytes:
    """The blocks of ``data[start:end]`` that are looked at."""
    return b"".join(data[start + first : start + last] for first, last in places(end - start))


def found_zeros(tensor: Any, folder: str) -> Contents | None:
    """The share of zeros of a weight of two axes and more; None of one that has few, or whose numbers are not here.

    A weight of nothing but zeros is a placeholder for numbers that somebody left out: nothing is known of it."""
    if dtype_of(tensor.data_type) not in COUNTED or len(shape_of(tensor)) < 2:
        return None
    data = _external(tensor, folder) if tensor.data_location == 1 else _inline(tensor)
    if not len(data):
        return None
    values = np.frombuffer(data, RAW[tensor.data_type], len(data) // RAW[tensor.data_type].itemsize)
    zeros = round(1.0 - float(np.count_nonzero(values)) / max(values.size, 1), 3)
    return Contents(found=zeros) if LEAST_ZEROS <= zeros < 1.0 else None


def _inline(tensor: Any) -> bytes:
    """The sample of numbers that lie in the model (all that is left of a large one)."""
    raw = tensor.HasField("raw_data")
    data = tensor.raw_data if raw else np.asarray(tensor.float_data, RAW[1]).tobytes()
    return sample(data, 0, len(data))


def _external(tensor: Any, folder: str) -> bytes:
    """The sample of numbers in a file beside the model; nothing where that is not there or too short: who needs the
    numbers themselves tells of it."""
    place = external_place(tensor)
    try:
        first, length = int(place.get("offset", "0")), int(place.get("length", "0"))
        with open(inside(folder, place["location"]), "rb") as file:
            parts = []
            for start, end in places(length):
                file.seek(first + start)
                parts.append(file.read(end - start))
            return b"".join(parts)
    except (Refused, OSError, ValueError, KeyError):
        return b""
