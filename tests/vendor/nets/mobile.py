"""Mobile classifiers as in their papers: MobileNet v1 to v3, MNASNet, EfficientNet and its Lite form, MobileOne."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, silu
from tests.vendor.nets.vision import head, relu6


def _eighths(width: float) -> int:
    """Channels in whole eights, not more than a tenth below what was asked for."""
    found = max(8, int(width + 4) // 8 * 8)
    return found + 8 if found < 0.9 * width else found


def mobilenet_v1(g: Builder, size: int, width: float) -> str:
    """A 3x3, then thirteen pairs of depthwise 3x3 and 1x1."""
    relu = lambda x: g.op("Relu", x)
    ci = _eighths(32 * width)
    x = relu(conv(g, g.input(1, 3, size, size), 3, ci, 3, 2))
    for channels, stride in (
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)
    ):  # fmt: skip
        co = _eighths(channels * width)
        x = relu(conv(g, relu(conv(g, x, ci, ci, 3, stride, ci)), ci, co, 1))
        ci = co
    return head(g, x, ci)


def _act(g: Builder, x: str, kind: str) -> str:
    if kind == "relu6":
        return relu6(g, x)
    return silu(g, x) if kind == "swish" else g.op({"relu": "Relu", "hard": "HardSwish"}[kind], x)


def _excited(g: Builder, y: str, channels: int, inner: int, act: str) -> str:
    """Squeeze and excitation: the gate of MobileNet-v3 is hard, that of EfficientNet is not."""
    hard = act != "swish"
    s = conv(g, g.op("GlobalAveragePool", y), channels, inner, 1)
    s = conv(g, g.op("Relu", s) if hard else silu(g, s), inner, channels, 1)
    return g.op("Mul", y, g.op("HardSigmoid", s, alpha=1 / 6, beta=0.5) if hard else g.op("Sigmoid", s))


def _block(
    g: Builder, x: str, ci: int, co: int, inner: int, kernel: int, stride: int, act: str, squeezed: int
) -> str:
    """An inverted bottleneck; `squeezed` channels of its gate, 0 for none."""
    y = x if inner == ci else _act(g, conv(g, x, ci, inner, 1), act)
    y = _act(g, conv(g, y, inner, inner, kernel, stride, inner), act)
    y = _excited(g, y, inner, squeezed, act) if squeezed else y
    y = conv(g, y, inner, co, 1)
    return g.op("Add", x, y) if stride == 1 and ci == co else y


def mobilenet_v2(g: Builder, size: int, width: float) -> str:
    """Seventeen inverted bottlenecks."""
    ci = _eighths(32 * width)
    x = _act(g, conv(g, g.input(1, 3, size, size), 3, ci, 3, 2), "relu6")
    for ratio, channels, blocks, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
    ):  # fmt: skip
        co = _eighths(channels * width)
        for i in range(blocks):
            x, ci = _block(g, x, ci, co, ratio * ci, 3, 1 if i else stride, "relu6", 0), co
    last = _eighths(1280 * max(1.0, width))
    return head(g, _act(g, conv(g, x, ci, last, 1), "relu6"), last)


def mobilenet_v3_large(g: Builder, size: int) -> str:
    """MobileNet-v3-large: ReLU, then HardSwish, gates in eight of its fifteen blocks."""
    x, ci = _act(g, conv(g, g.input(1, 3, size, size), 3, 16, 3, 2), "hard"), 16
    for kernel, inner, co, gate, act, stride in (
        (3, 16, 16, 0, "relu", 1), (3, 64, 24, 0, "relu", 2), (3, 72, 24, 0, "relu", 1),
        (5, 72, 40, 1, "relu", 2), (5, 120, 40, 1, "relu", 1), (5, 120, 40, 1, "relu", 1),
        (3, 240, 80, 0, "hard", 2), (3, 200, 80, 0, "hard", 1), (3, 184, 80, 0, "hard", 1), (3, 184, 80, 0, "hard", 1),
        (3, 480, 112, 1, "hard", 1), (3, 672, 112, 1, "hard", 1),
        (5, 672, 160, 1, "hard", 2), (5, 960, 160, 1, "hard", 1), (5, 960, 160, 1, "hard", 1),
    ):  # fmt: skip
        x, ci = _block(g, x, ci, co, inner, kernel, stride, act, gate * _eighths(inner / 4)), co
    x = g.op("GlobalAveragePool", _act(g, conv(g, x, ci, 960, 1), "hard"))
    x = g.op("HardSwish", g.op("Gemm", g.op("Flatten", x), g.weight(1280, 960), g.weight(1280), transB=1))
    return g.op("Gemm", x, g.weight(1000, 1280), g.weight(1000), transB=1)


def mnasnet(g: Builder, size: int, width: float) -> str:
    """MNASNet: inverted bottlenecks of 3x3 and 5x5, ReLU."""
    ci, co = _eighths(32 * width), _eighths(16 * width)
    x = g.op("Relu", conv(g, g.input(1, 3, size, size), 3, ci, 3, 2))
    x = conv(g, g.op("Relu", conv(g, x, ci, ci, 3, 1, ci)), ci, co, 1)
    ci = co
    for ratio, channels, blocks, stride, kernel in (
        (3, 24, 3, 2, 3), (3, 40, 3, 2, 5), (6, 80, 3, 2, 5), (6, 96, 2, 1, 3), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)
    ):  # fmt: skip
        co = _eighths(channels * width)
        for i in range(blocks):
            x, ci = _block(g, x, ci, co, ratio * ci, kernel, 1 if i else stride, "relu", 0), co
    return head(g, g.op("Relu", conv(g, x, ci, 1280, 1)), 1280)


def efficientnet(g: Builder, size: int, width: float, depth: float, lite: bool = False) -> str:
    """EfficientNet; `lite`: ReLU6, no gates, stem and head as wide as B0's."""
    act = "relu6" if lite else "swish"
    ci = 32 if lite else _eighths(32 * width)
    x = _act(g, conv(g, g.input(1, 3, size, size), 3, ci, 3, 2), act)
    for n, (ratio, channels, blocks, stride, kernel) in enumerate(
        ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
         (6, 192, 4, 2, 5), (6, 320, 1, 1, 3))
    ):  # fmt: skip
        co = _eighths(channels * width)
        count = blocks if lite and n in (0, 6) else -int(-blocks * depth // 1)
        for i in range(count):
            gate = 0 if lite else max(1, ci // 4)
            x, ci = _block(g, x, ci, co, ratio * ci, kernel, 1 if i else stride, act, gate), co
    last = 1280 if lite else _eighths(1280 * width)
    return head(g, _act(g, conv(g, x, ci, last, 1), act), last)


def mobileone(g: Builder, size: int, width: float) -> str:
    """MobileOne once its branches are one: pairs of depthwise 3x3 and 1x1, ReLU behind each."""
    relu = lambda x: g.op("Relu", x)
    ci = min(64, int(64 * width))
    x = relu(conv(g, g.input(1, 3, size, size), 3, ci, 3, 2))
    for channels, blocks in ((64 * width, 2), (128 * width, 8), (256 * width, 10), (512 * width, 1)):
        for i in range(blocks):
            x = relu(conv(g, x, ci, ci, 3, 1 if i else 2, ci))
            x, ci = relu(conv(g, x, ci, int(channels), 1)), int(channels)
    return head(g, x, ci)
