"""What a runtime hands back, as arrays by name: sequences element by element, maps by key, text by checksum."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np


def arrays(name: str, value: Any) -> Iterator[tuple[str, np.ndarray]]:
    """One array for a tensor, `name[0]`, `name[1]`... for a sequence; an absent optional value is empty."""
    if value is None:
        yield name, np.zeros(0, bool)
    elif isinstance(value, Mapping):
        yield name, _map(value)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if value and all(isinstance(item, Mapping) and len(item) == len(value[0]) for item in value):
            yield name, np.stack([_map(item) for item in value])  # one map for each row of a batch
            return
        for index, item in enumerate(value):
            yield from arrays(f"{name}[{index}]", item)
    else:
        yield name, _comparable(np.asarray(value))


def _map(value: Mapping[Any, Any]) -> np.ndarray:
    return _comparable(np.asarray([value[key] for key in sorted(value)]))


def _comparable(array: np.ndarray) -> np.ndarray:
    """Text as checksums: equal or not is all there is to say of it."""
    if array.dtype.kind not in "OSU":
        return array
    sums = [zlib.crc32(str(text).encode("utf-8", "surrogatepass")) for text in array.ravel()]
    return np.array(sums, np.int64).reshape(array.shape)
