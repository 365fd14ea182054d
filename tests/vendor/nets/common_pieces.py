"""Pieces of the networks of common_*.py, in the ops their exporters write."""

from collections.abc import Callable, Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish


def dense(g: Builder, x: str, a: int, b: int) -> str:
    """Gemm by a constant and its bias."""
    return g.op("Gemm", x, g.weight(b, a), g.weight(b), transB=1)


def instance_normed(g: Builder, x: str, c: int) -> str:
    """InstanceNormalization of C channels."""
    return g.op("InstanceNormalization", x, g.weight(c), g.weight(c), epsilon=1e-5)


def shuffled_up(g: Builder, x: str, r: int) -> str:
    """r times the size out of r^2 times the channels, as PyTorch shuffles them."""
    return g.op("DepthToSpace", x, blocksize=r, mode="CRD")


def shared_kernel(g: Builder, a: int, b: int, k: int) -> Callable[[str], str]:
    """A convolution whose weights several levels share."""
    w, bias = g.weight(b, a, k, k), g.weight(b)
    return lambda x: g.op("Conv", x, w, bias, pads=[k // 2] * 4, kernel_shape=[k, k])


def anchor_heads(g: Builder, outs: Sequence[tuple[str, int]], classes: int = 80) -> str:
    """Three anchors a place: sigmoids of five numbers and the classes, all levels in one list."""
    ys = []
    for t, e in outs:
        t = g.op("Transpose", g.op("Reshape", t, g.const([1, 3, 5 + classes, e, e])), perm=[0, 1, 3, 4, 2])
        ys.append(g.op("Reshape", g.op("Sigmoid", t), g.const([1, 3 * e * e, 5 + classes])))
    return concat(g, *ys)


V3L = (
    (3, 16, 16, 0, 0, 1),
    (3, 64, 24, 0, 0, 2),
    (3, 72, 24, 0, 0, 1),
    (5, 72, 40, 1, 0, 2),
    (5, 120, 40, 1, 0, 1),
    (5, 120, 40, 1, 0, 1),
    (3, 240, 80, 0, 1, 2),
    (3, 200, 80, 0, 1, 1),
    (3, 184, 80, 0, 1, 1),
    (3, 184, 80, 0, 1, 1),
    (3, 480, 112, 1, 1, 1),
    (3, 672, 112, 1, 1, 1),
    (5, 672, 160, 1, 1, 2),
    (5, 960, 160, 1, 1, 1),
    (5, 960, 160, 1, 1, 1),
)


V3S = (
    (3, 16, 16, 1, 0, 2),
    (3, 72, 24, 0, 0, 2),
    (3, 88, 24, 0, 0, 1),
    (5, 96, 40, 1, 1, 2),
    (5, 240, 40, 1, 1, 1),
    (5, 240, 40, 1, 1, 1),
    (5, 120, 48, 1, 1, 1),
    (5, 144, 48, 1, 1, 1),
    (5, 288, 96, 1, 1, 2),
    (5, 576, 96, 1, 1, 1),
    (5, 576, 96, 1, 1, 1),
)


def mobilenet_v3_maps(
    g: Builder, x: str, table: Sequence[tuple[int, ...]], k: float = 1.0
) -> list[tuple[str, int]]:
    """The maps of MobileNetV3 behind each block of a table, and their channels."""
    r = lambda c: max(8, int(c * k + 4) // 8 * 8)
    x, ci, f = activated(g, x, 3, r(16), 3, 2, act=hswish), r(16), []
    for ks, t, co, gate, h, s in table:
        act = hswish if h else relu
        t, co = r(t), r(co)
        y = activated(g, x, ci, t, act=act) if t != ci else x
        y = activated(g, y, t, t, ks, s, t, act=act)
        if gate:
            y = hard_squeezed(g, y, t, max(8, t // 4 // 8 * 8))
        y = conv(g, y, t, co, 1)
        x, ci = g.op("Add", y, x) if s == 1 and ci == co else y, co
        f.append((x, ci))
    return f
