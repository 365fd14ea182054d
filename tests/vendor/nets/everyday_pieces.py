"""Pieces of the networks that most people run (everyday_*.py), in the ops their exporters write."""

from collections.abc import Callable

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, cut, gelu, halved, silu

#: What stands behind a convolution.
Act = Callable[[Builder, str], str]


def relu(g: Builder, x: str) -> str:
    """max(x, 0)."""
    return g.op("Relu", x)


def activated(
    g: Builder, x: str, a: int, b: int, k: int = 1, s: int = 1, gr: int = 1, act: Act = silu
) -> str:
    """A convolution and its activation."""
    return act(g, conv(g, x, a, b, k, s, gr))


def concat(g: Builder, *xs: str, axis: int = 1) -> str:
    """Concat."""
    return g.op("Concat", *xs, axis=axis)


def halves(g: Builder, x: str, c: int) -> list[str]:
    """Two halves of C channels each."""
    return g.op("Split", x, g.const([c, c]), count=2, axis=1)


def classified(g: Builder, x: str, c: int, n: int = 1000) -> str:
    """Mean over the image and a product by classes."""
    f = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    return g.op("Gemm", f, g.weight(n, c), g.weight(n), transB=1)


def squeezed(g: Builder, x: str, c: int, r: int, act: Act = silu, gate: str = "Sigmoid") -> str:
    """Squeeze and excitation, its gate of 1 x 1 convolutions on the mean."""
    m = g.op("ReduceMean", x, axes=[2, 3], keepdims=1)
    return g.op("Mul", x, g.op(gate, conv(g, act(g, conv(g, m, c, r, 1)), r, c, 1)))


def resnet(
    g: Builder, size: int, ns: tuple[int, ...], bottleneck: bool = True, feats: bool = False, batch: int = 1
) -> str | list[tuple[str, int]]:
    """ResNet: of bottlenecks or of pairs; with `feats` the map of each stage and its channels."""
    x = halved(g, relu(g, conv(g, g.input(batch, 3, size, size), 3, 64, 7, 2)))
    ci, out = 64, []
    for j, n in enumerate(ns):
        w = 64 << j
        co = 4 * w if bottleneck else w
        for i in range(n):
            s = 2 if i == 0 and j else 1
            if bottleneck:
                y = conv(g, activated(g, activated(g, x, ci, w, act=relu), w, w, 3, s, act=relu), w, co, 1)
            else:
                y = conv(g, activated(g, x, ci, w, 3, s, act=relu), w, w, 3)
            sk = x if ci == co and s == 1 else conv(g, x, ci, co, 1, s)
            x, ci = relu(g, g.op("Add", y, sk)), co
        out.append((x, ci))
    return out if feats else classified(g, x, ci)


def product(g: Builder, x: str, a: int, b: int, bias: bool = True) -> str:
    """MatMul by a constant, and a bias as the second operand."""
    y = g.op("MatMul", x, g.weight(a, b))
    return g.op("Add", y, g.weight(b)) if bias else y


def mlp(g: Builder, x: str, d: int, i: int, act: Act = gelu) -> str:
    """Two products and an activation between."""
    return product(g, act(g, product(g, x, d, i)), i, d)


def rot(g: Builder, x: str, cos: str, sin: str, w: int) -> str:
    """x cos + (halves of x swapped, one negated) sin."""
    a, b = cut(g, x, 3, 0, w // 2), cut(g, x, 3, w // 2, w)
    return g.op("Add", g.op("Mul", x, cos), g.op("Mul", concat(g, g.op("Neg", b), a, axis=-1), sin))
