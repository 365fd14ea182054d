"""How weights and caches are stored: names of widths, bytes of a matrix, and the integers of one.

int8 is symmetric with a scale an output channel, int4 symmetric with a scale an output channel and `group` input
channels (`group` -1: a scale an output channel), scales in fp16: what `DequantizeLinear` of ONNX says, and the form of
the exports that the tests compare with. A matrix whose inputs are no whole number of groups has a scale an output
channel: OpenVINO takes no group that is cut short.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, prod

import numpy as np

from npusim.errors import BadArgument

GROUPS = (32, 64, 128, -1)
SCALE_BYTES = 2


class Width(StrEnum):
    """How a weight is stored. float32 is for proofs: the NPU takes float32 weights as fp16."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"
    INT4 = "int4"


BITS = {Width.FP32: 32, Width.FP16: 16, Width.INT8: 8, Width.INT4: 4}


@dataclass(frozen=True, slots=True)
class Storage:
    """Widths of all matrices, of the embedding as a table and of the head; `group` as above."""

    weights: Width
    group: int
    embedding: Width
    head: Width
    cache: Width

    @property
    def shared(self) -> bool:
        """Whether a tied embedding and head are one tensor."""
        return self.embedding is self.head


def storage(weights: str, group: int, embedding: str | None, head: str | None, cache: str) -> Storage:
    """The storage of these names. An embedding in int4 is not on offer: it is a table, read a row at a time; it stays
    fp16 beside int4 matrices unless `embedding` says int8. Raises BadArgument."""
    width = _width("weights", weights, tuple(Width))
    plain = Width.FP32 if width is Width.FP32 else Width.FP16
    table = plain if width is Width.INT4 else width
    if group not in GROUPS:
        raise BadArgument(f"group {group} is not on offer; choose among {', '.join(map(str, GROUPS))}")
    return Storage(
        weights=width,
        group=group,
        embedding=table if embedding is None else _width("embedding", embedding, (plain, Width.INT8)),
        head=width if head is None else _width("head", head, (plain, Width.INT8, Width.INT4)),
        cache=plain
        if (cache == Width.FP16 and plain is Width.FP32)
        else _width("cache", cache, (plain, Width.INT8)),
    )


def _width(what: str, given: str, offered: tuple[Width, ...]) -> Width:
    for width in offered:
        if given == width:
            return width
    raise BadArgument(f"{what} '{given}' is not on offer; choose among {', '.join(offered)}")


def block_of(inputs: int, width: Width, group: int) -> int:
    """How many inputs share a scale."""
    return inputs if width is Width.INT8 or group == -1 or inputs % group else group


def scales(shape: tuple[int, ...], width: Width, group: int) -> tuple[int, ...]:
    """The shape of the scales of a matrix [..., inputs, outputs]; empty for a float one. Experts keep the axis of
    inputs, of size 1 where one scale serves them all: ONNX knows a scale a channel of one axis only."""
    if width in (Width.FP16, Width.FP32):
        return ()
    *experts, inputs, outputs = shape
    count = inputs // block_of(inputs, width, group)
    return (outputs,) if count == 1 and not experts else (*experts, count, outputs)


def matrix_bytes(shape: tuple[int, ...], width: Width, group: int) -> int:
    """Bytes of a matrix with its scales; an odd number of 4-bit weights takes half a byte more."""
    found = scales(shape, width, group)
    return ceil(prod(shape) * BITS[width] / 8) + (prod(found) * SCALE_BYTES if found else 0)


def quantised(values: np.ndarray, width: Width, group: int) -> tuple[np.ndarray, np.ndarray]:
    """A float matrix as integers (int8, those of int4 between -8 and 7) and scales, float32, of the shapes above."""
    most = 127 if width is Width.INT8 else 7
    *experts, inputs, outputs = values.shape
    block = block_of(inputs, width, group)
    blocks = values.astype(np.float32).reshape(*experts, inputs // block, block, outputs)
    scale = np.abs(blocks).max(axis=-2, keepdims=True) / most
    scale[scale == 0] = 1.0
    whole = np.clip(np.rint(blocks / scale), -most, most).astype(np.int8)
    return whole.reshape(values.shape), scale.reshape(scales(values.shape, width, group))
