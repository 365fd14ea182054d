"""Signal processing, random numbers and other rare ops."""

from __future__ import annotations

from math import prod

from npusim.ops.counting import dsp, product, vector
from npusim.ops.registry import OpCase, op
from npusim.work import Lowering


@op("DFT", lowerings=("mac_array",))
def dft(c: OpCase) -> Lowering:
    """A product with the matrix of sines and cosines, as Intel's compiler rewrites it: real and imaginary
    parts are channels."""
    source, out = c.input(0), c.output
    axis = c.axis(1 if c.has(1) or 0 < c.opset < 20 else -2, len(source.shape))
    k, n = source.shape[axis] * source.shape[-1], out.shape[axis] * 2
    rows = source.elements // max(k, 1)
    return Lowering("mac_array", (product(rows, k, n, 1, source, source, out),))


@op("STFT", lowerings=("mac_array",), reads=(3,))
def stft(c: OpCase) -> Lowering:
    """Frames [batch, frames, bins, 2], each a product of its samples with the windowed DFT matrix."""
    source, out = c.input(0), c.output
    length = c.data(3)
    samples = (
        int(length.ravel()[0]) if length is not None else (c.input(2).shape[0] if c.has(2) else out.shape[2])
    )
    frames = prod(out.shape[:2])
    return Lowering("mac_array", (product(frames, samples, out.shape[2] * 2, 1, source, source, out),))


@op("AffineGrid", lowerings=("mac_array",))
def affine_grid(c: OpCase) -> Lowering:
    """Every grid point times theta [N, d, d+1]."""
    theta, out = c.input(0), c.output
    batch, dims = theta.shape[0], theta.shape[1]
    return Lowering("mac_array", (product(prod(out.shape[1:-1]), dims + 1, dims, batch, theta, theta, out),))


@op("Col2Im", kernels=("scatter",))
def col2im(c: OpCase) -> Lowering:
    """Overlapping blocks added up: one write per element of the input."""
    return dsp(c, "scatter", c.input(0).elements, 1, prod(c.output.shape[:2]))


@op("Det", kernels=("default",))
def determinant(c: OpCase) -> Lowering:
    """(n^3 - n) / 3 multiply-adds of an LU decomposition per matrix [.., n, n], and n for the diagonal."""
    source = c.input(0)
    size = source.shape[-1]
    matrices = prod(source.shape[:-2])
    return dsp(c, "default", matrices * ((size**3 - size) // 3 + size), matrices, matrices)


@op(
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "HannWindow",
    "HammingWindow", "BlackmanWindow", "MelWeightMatrix",
    kernels=("default",),
)  # fmt: skip
def generated(c: OpCase) -> Lowering:
    return dsp(c, "default")


@op("Multinomial", kernels=("default",))
def multinomial(c: OpCase) -> Lowering:
    """One pass over the class scores per sample drawn."""
    batch, samples = c.output.shape
    classes = c.input(0).shape[-1]
    return Lowering("dsp", (vector(c, "default", batch * samples * classes, batch, batch),))
