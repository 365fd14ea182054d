"""The .bin beside an OpenVINO IR: where constants lie in it, and the values of small ones. Weights are never read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import prod
from typing import Any, BinaryIO

import numpy as np

from npusim.errors import BadModel
from npusim.loading.ir.record import Layer
from npusim.loading.ir.types import ElementType, element
from npusim.loading.tensors import KEEP_ELEMENTS, RAW
from npusim.messages import messages

INLINE_ELEMENTS = 256  # shapes, axes, exponents, scales of few: taken along, so that rules may look at them


@dataclass(slots=True)
class Bin:
    """The file of constants. `size` is None where it is not there, which many models can do without."""

    folder: str
    name: str
    size: int | None
    values: dict[int, np.ndarray | None] = field(
        default_factory=dict
    )  # by id() of the layer, kept by the net
    file: BinaryIO | None = None

    @property
    def path(self) -> str:
        return os.path.join(self.folder, self.name)

    def tensor(self, layer: Layer, name: str, dims: tuple[int, ...] | None = None) -> Any:
        """The ONNX initializer of a Const: its type, place and shape (`dims`: another of as many elements).

        Raises `BadModel` where they contradict each other or the .bin.
        """
        kind, shape, offset, size = place(layer)
        shape = shape if dims is None else dims
        needed = (prod(shape) * kind.bits + 7) // 8
        if kind.number != 8 and size != needed and needed:  # of nothing, a byte is written
            raise BadModel(
                f"constant '{layer.name}' of shape {shape} takes {needed:,} bytes, the file says {size:,}"
            )
        if self.size is not None and needed and offset + size > self.size:
            raise BadModel(
                f"constant '{layer.name}' ends at byte {offset + size:,}, and '{self.name}' has {self.size:,}; "
                "give the .bin that was saved with the .xml"
            )
        proto = messages().TensorProto(name=name, data_type=kind.number, dims=shape)
        if prod(shape) <= INLINE_ELEMENTS and (value := self.value(layer)) is not None:
            proto.raw_data = value.tobytes()
            return proto
        proto.data_location = 1
        for key, text in (("location", self.name), ("offset", str(offset)), ("length", str(size))):
            proto.external_data.add(key=key, value=text)
        return proto

    def value(self, layer: Layer) -> np.ndarray | None:
        """The value of a small Const; None for a large one, one of a type NumPy lacks, and without the .bin."""
        if id(layer) not in self.values:
            self.values[id(layer)] = self.read(layer)
        return self.values[id(layer)]

    def read(self, layer: Layer) -> np.ndarray | None:
        kind, shape, offset, size = place(layer)
        if self.size is None or kind.number not in RAW or prod(shape) > KEEP_ELEMENTS:
            return None
        dtype = np.dtype(RAW[kind.number])
        if not prod(shape):
            return np.zeros(shape, dtype)
        if size != prod(shape) * dtype.itemsize or offset + size > self.size:
            raise BadModel(f"constant '{layer.name}' of shape {shape} does not hold its {size:,} bytes")
        try:
            if self.file is None:
                self.file = open(self.path, "rb")  # noqa: SIM115  (closed by `close`, when all layers are read)
            self.file.seek(offset)
            return np.frombuffer(self.file.read(size), dtype).reshape(shape)
        except (OSError, ValueError) as error:
            raise BadModel(f"'{self.name}' cannot be read at byte {offset:,}: {error}") from None

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


def beside(path: str) -> Bin:
    """The .bin of an .xml: of the same name, in the same folder."""
    folder, name = os.path.split(os.path.splitext(path)[0] + ".bin")
    try:
        size: int | None = os.path.getsize(os.path.join(folder, name))
    except OSError:
        size = None
    return Bin(folder, name, size)


def place(layer: Layer) -> tuple[ElementType, tuple[int, ...], int, int]:
    """Type, shape, offset and bytes of a Const."""
    given = layer.attributes
    kind = element(given.get("element_type", ""), f"constant '{layer.name}'")
    try:
        shape = tuple(int(d) for d in given.get("shape", "").split(",") if d.strip())
        offset, size = int(given["offset"]), int(given["size"])
    except (KeyError, ValueError):
        raise BadModel(
            f"constant '{layer.name}' does not say where its data lie, or what shape they have"
        ) from None
    if min((offset, size, *shape)) < 0:
        raise BadModel(f"constant '{layer.name}' has a negative size or offset: {shape}, {offset}, {size}")
    return kind, shape, offset, size
