"""How weights and caches are stored: names of widths, bytes of a matrix, and the integers of one.

int8 is symmetric with a scale an output channel, int4 symmetric with a scale an output channel and `group` input
channels (`group` -1: a scale an output channel), scales in fp16: what `DequantizeLinear` of ONNX says, and the form of
the exports that the tests compare with. nf4 (NormalFloat, Dettmers and others: QLoRA, 2023) has in place of the numbers
places in a table of 16, and as scale the largest of a group, which nf4-double stores in 8 bits with an fp16 scale for
256 of them: what `MatMulBnb4` of onnxruntime says. A matrix whose inputs are no whole number of groups has a scale an
output channel: OpenVINO takes no group that is cut short.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, prod

import numpy as np

from npusim.errors import BadArgument

GROUPS = (32, 64, 128, -1)
SCALE_BYTES = 2
SCALES_A_SCALE = 256  # of nf4-double (QLoRA)


class Width(StrEnum):
    """How a weight is stored. float32 is for proofs: the NPU takes float32 weights as fp16."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"
    INT4 = "int4"
    NF4 = "nf4"
    NF4_DOUBLE = "nf4-double"

    @property
    def normal(self) -> bool:
        """Whether it is a place in the table of NF4."""
        return self in (Width.NF4, Width.NF4_DOUBLE)


BITS = {Width.FP32: 32, Width.FP16: 16, Width.INT8: 8, Width.INT4: 4, Width.NF4: 4, Width.NF4_DOUBLE: 4}
#: The 16 values of NF4: quantiles of a normal distribution, 0 and both ends among them (onnxruntime:
#: `contrib_ops/cpu/quantization/dequantize_blockwise_bnb4.h`).
NORMAL = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip


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
    """The storage of these names. An embedding in 4 bits is not on offer: it is a table, read a row at a time; it stays
    fp16 beside such matrices unless `embedding` says int8. Raises BadArgument."""
    width = _width("weights", weights, tuple(Width))
    plain = Width.FP32 if width is Width.FP32 else Width.FP16
    table = Width.INT8 if width is Width.INT8 else plain
    if group not in GROUPS:
        raise BadArgument(f"group {group} is not on offer; choose among {', '.join(map(str, GROUPS))}")
    return Storage(
        weights=width,
        group=group,
        embedding=table if embedding is None else _width("embedding", embedding, (plain, Width.INT8)),
        head=width if head is None else _width("head", head, (plain, Width.INT8, Width.INT4, Width.NF4)),
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
    whole = ceil(prod(shape) * BITS[width] / 8)
    if width is Width.NF4_DOUBLE:
        return whole + prod(found) + ceil(prod(found) / SCALES_A_SCALE) * SCALE_BYTES
    return whole + (prod(found) * SCALE_BYTES if found else 0)


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


def normal_floats(values: np.ndarray, width: Width, group: int) -> tuple[np.ndarray, ...]:
    """A float matrix [inputs, outputs] as `MatMulBnb4` takes it: places in the table of NF4, two a byte, output by
    output, and the largest value of each block; of nf4-double its 8 bits and the scale of 256 of them."""
    turned = np.ascontiguousarray(values.T, np.float32)
    blocks = turned.reshape(-1, block_of(values.shape[0], width, group))
    largest = np.abs(blocks).max(axis=1)
    unit = blocks / np.where(largest == 0, 1.0, largest)[:, None]
    middle = (np.array(NORMAL[1:]) + np.array(NORMAL[:-1])) / 2
    places = np.searchsorted(middle, unit.ravel()).astype(np.uint8)
    high, low = np.resize(places, places.size + places.size % 2).reshape(-1, 2).T
    packed = (high << 4 | low).reshape(-1, 1)
    if width is Width.NF4:
        return packed, largest
    count = -(-largest.size // SCALES_A_SCALE)
    padded = np.zeros(count * SCALES_A_SCALE, np.float32)
    padded[: largest.size] = largest
    scale = padded.reshape(count, -1).max(axis=1) / 255
    each = np.repeat(np.where(scale == 0, 1.0, scale), SCALES_A_SCALE)[: largest.size]
    return packed, np.clip(np.rint(largest / each), 0, 255).astype(np.uint8), scale
