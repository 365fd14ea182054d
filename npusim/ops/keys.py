"""What tells equal nodes: keys of attributes and of small constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.graph import Value


def attributes_key(attributes: dict[str, Any]) -> Any:
    if not attributes:
        return ()
    key = tuple(attributes.items())
    try:
        hash(key)
    except TypeError:  # an array or a list among them
        return tuple((name, _hashable(value)) for name, value in key)
    return key


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, dict):
        return tuple((name, _hashable(one)) for name, one in value.items())
    if hasattr(value, "SerializeToString"):  # a subgraph or another part of the file
        return type(value).__name__, value.SerializeToString(deterministic=True)
    return value


def data_key(inputs: tuple[Value | None, ...], reads: tuple[int, ...]) -> Any:
    if not reads:
        return ()
    found = []
    for index in reads:
        value = inputs[index] if index < len(inputs) else None
        found.append(None if value is None or value.data is None else value.data.tobytes())
    return tuple(found)
