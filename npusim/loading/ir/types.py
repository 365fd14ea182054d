"""Element types of OpenVINO and what ONNX calls them."""

from __future__ import annotations

from typing import NamedTuple

from npusim.errors import BadModel


class ElementType(NamedTuple):
    """`number` is ONNX's, `bits` the size of one element in the .bin."""

    number: int
    bits: int


# By the spelling of `element_type` and `destination_type`.
ELEMENTS = {
    "f32": ElementType(1, 32), "u8": ElementType(2, 8), "i8": ElementType(3, 8), "u16": ElementType(4, 16),
    "i16": ElementType(5, 16), "i32": ElementType(6, 32), "i64": ElementType(7, 64), "string": ElementType(8, 8),
    "boolean": ElementType(9, 8), "f16": ElementType(10, 16), "f64": ElementType(11, 64),
    "u32": ElementType(12, 32), "u64": ElementType(13, 64), "bf16": ElementType(16, 16),
    "f8e4m3": ElementType(17, 8), "f8e5m2": ElementType(19, 8), "u4": ElementType(21, 4), "i4": ElementType(22, 4),
    "f4e2m1": ElementType(23, 4), "f8e8m0": ElementType(24, 8), "u2": ElementType(25, 2),
    "nf4": ElementType(21, 4),  # codes of 4 bits into a fixed table: ONNX has no type for it, the width is right
}  # fmt: skip
# By the spelling of `precision` of a port.
PORTS = {
    "FP32": "f32", "FP16": "f16", "FP64": "f64", "BOOL": "boolean", "BF16": "bf16",
    **{name.upper(): name for name in ELEMENTS},
}  # fmt: skip
FLOATS = frozenset({"f32", "f16", "f64", "bf16"})
LOW = frozenset({"u8", "i8", "u4", "i4", "u2", "nf4", "f8e4m3", "f8e5m2", "f4e2m1"})  # of compressed weights


def element(name: str, where: str) -> ElementType:
    """The type of this spelling. Raises `BadModel` for one that is not read."""
    found = ELEMENTS.get(name)
    if found is None:
        raise BadModel(
            f"{where} has element type '{name[:40]}', which is not read; types: {', '.join(ELEMENTS)}"
        )
    return found
