"""Fourier transforms, and matrices turned round."""

from __future__ import annotations

from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_layout import whole
from npusim.loading.ir.table import translates


def along(c: Case, tensor: str, axis: int, length: int | None, **given: Any) -> str:
    sizes = c.constant(length) if length is not None and length >= 0 else ""
    return c.step("DFT", [tensor, sizes, c.constant(axis)], **given)


def lengths(c: Case, count: int) -> list[int | None]:
    return list(c.ints(2, "sizes of the signal")) if c.has(2) else [None] * count


@translates("DFT", "IDFT")
def dft(c: Case) -> None:
    """Real and imaginary parts stand in the last axis; ONNX transforms one axis a node."""
    rank = c.rank()
    axes = [a % (rank - 1) for a in c.ints(1, "axes")]
    tensor = c.x()
    for axis, length in zip(axes, lengths(c, len(axes)), strict=True):
        tensor = along(c, tensor, axis, length, inverse=c.layer.type == "IDFT")
    c.renamed(tensor)


@translates("RDFT")
def rdft(c: Case) -> None:
    """Of real numbers: the last of the axes gives half of its bins, the others follow in full."""
    axes = [a % c.rank() for a in c.ints(1, "axes")]
    sizes = lengths(c, len(axes))
    tensor = c.step("Unsqueeze", [c.x(), c.constant([-1])])
    tensor = along(c, tensor, axes[-1], sizes[-1], onesided=1)
    for axis, length in zip(axes[:-1], sizes[:-1], strict=True):
        tensor = along(c, tensor, axis, length)
    c.renamed(tensor)


@translates("STFT")
def stft(c: Case) -> None:
    """Signal, window, length and step of frames; the bins may stand in front of the frames."""
    signal = c.x() if c.rank() > 1 else c.step("Unsqueeze", [c.x(), c.constant([0])])
    signal = c.step("Unsqueeze", [signal, c.constant([-1])])
    found = c.step("STFT", [signal, whole(c, 3), c.x(1), whole(c, 2)], onesided=1)
    if c.flag("transpose_frames"):
        found = c.step("Transpose", [found], perm=[0, 2, 1, 3])
    c.renamed(found if c.rank() > 1 else c.step("Squeeze", [found, c.constant([0])]))


@translates("Inverse")
def inverse(c: Case) -> None:
    c.node("Inverse", [c.x()], domain="com.microsoft")


def to_real(c: Case, tensor: str, axis: int, size: int) -> str:
    """Half of the bins of a real signal [.., 2] -> the signal of `size`: the other half is the first one's mirror."""
    turned = [c.constant([v]) for v in ((size - 1) // 2, 0, axis, -1)]
    mirror = c.step("Mul", [c.step("Slice", [tensor, *turned]), c.constant([1.0, -1.0], c.type())])
    first = c.step("Slice", [tensor, c.constant([0]), c.constant([size // 2 + 1]), c.constant([axis])])
    whole_signal = along(c, c.step("Concat", [first, mirror], axis=axis), axis, None, inverse=1)
    real = c.step("Slice", [whole_signal, c.constant([0]), c.constant([1]), c.constant([-1])])
    return c.step("Squeeze", [real, c.constant([-1])])


@translates("IRDFT")
def irdft(c: Case) -> None:
    axes = [a % (c.rank() - 1) for a in c.ints(1, "axes")]
    sizes = lengths(c, len(axes))
    tensor = c.x()
    for axis, length in zip(axes[:-1], sizes[:-1], strict=True):
        tensor = along(c, tensor, axis, length, inverse=1)
    c.renamed(to_real(c, tensor, axes[-1], c.out_port().dims[axes[-1]]))


@translates("ISTFT")
def istft(c: Case) -> None:
    """Frames back to real numbers, by the window, added where they overlap, over what the windows add up to."""
    frames = c.static()[-2]
    size, hop = c.ints(2, "frame size")[0], c.ints(3, "frame step")[0]
    total = size + hop * (frames - 1)
    signal = c.x() if c.rank() == 4 else c.step("Unsqueeze", [c.x(), c.constant([0])])
    parts = to_real(c, signal, 1, size)  # [batch, size, frames]
    if c.flag("normalized"):
        parts = c.step("Mul", [parts, c.constant(float(size) ** 0.5, c.type())])
    window = c.step("Reshape", [c.x(1), c.constant([1, size, 1])])
    places = [c.constant([1, total]), c.constant([1, size])]

    def added(tensor: str) -> str:
        return c.step("Col2Im", [tensor, *places], strides=[1, hop])

    every = c.step("Expand", [c.step("Mul", [window, window]), c.constant([1, size, frames])])
    found = c.step("Div", [added(c.step("Mul", [parts, window])), added(every)])
    start = size // 2 if c.flag("center") else 0
    end = start + c.out_port().dims[-1]
    found = c.step("Slice", [found, c.constant([start]), c.constant([end]), c.constant([3])])
    c.node("Reshape", [found, c.constant(list(c.out_port().dims))])
