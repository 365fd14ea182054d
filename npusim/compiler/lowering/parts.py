"""Tensors that are contiguous parts of others (`part_of`: part -> the next larger one)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def wholes(name: str, part_of: Mapping[str, str]) -> Iterator[str]:
    """The tensor and those it is a part of, the smaller first."""
    yield name
    while name in part_of:
        name = part_of[name]
        yield name


def edge_of(name: str, part_of: Mapping[str, str]) -> str:
    """The tensor that `name` is, in the end, a part of."""
    while name in part_of:
        name = part_of[name]
    return name
