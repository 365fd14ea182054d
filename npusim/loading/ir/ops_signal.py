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
