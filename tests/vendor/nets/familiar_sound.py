"""Sound and series: x-vectors, M5, DS-CNN, ECGs, InceptionTime, EEGNet, PANNs."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu


def xvector(g: Builder, t: int) -> str:
    """x-vectors: dilated lines, statistics over time, products."""
    x = g.input(1, 24, t)
    for a, b, k, d in (
        (24, 512, 5, 1),
        (512, 512, 3, 2),
        (512, 512, 3, 3),
        (512, 512, 1, 1),
        (512, 1500, 1, 1),
    ):
        x = relu(g, g.op("Conv", x, g.weight(b, a, k), g.weight(b), dilations=[d]))
        x = g.op("Add", g.op("Mul", x, g.weight(b, 1)), g.weight(b, 1))
    m = g.op("ReduceMean", x, axes=[2], keepdims=1)
    d = g.op("Sub", x, m)
    s = g.op("Sqrt", g.op("Add", g.op("ReduceMean", g.op("Mul", d, d), axes=[2], keepdims=0), g.const(0.001)))
    y = concat(g, g.op("Squeeze", m, g.const([2])), s)
    return dense(g, relu(g, dense(g, y, 3000, 512)), 512, 512)


def m5(g: Builder, n: int, samples: int = 16000) -> str:
    """M5: raw sound, lines pooled by four."""
    x = relu(g, g.op("Conv", g.input(n, 1, samples), g.weight(32, 1, 80), g.weight(32), strides=[16]))
    pool = lambda x: g.op("MaxPool", x, kernel_shape=[4], strides=[4])
    x = pool(x)
    for a, b in ((32, 32), (32, 64), (64, 64)):
        x = pool(relu(g, g.op("Conv", x, g.weight(b, a, 3), g.weight(b))))
    y = g.op("ReduceMean", x, axes=[2], keepdims=0)
    return g.op("LogSoftmax", dense(g, y, 64, 35), axis=1)


def dscnn(g: Builder, n: int, t: int = 49, f: int = 10) -> str:
    """DS-CNN, MLPerf Tiny's keyword spotter."""
    x = relu(
        g,
        g.op(
            "Conv",
            g.input(n, 1, t, f),
            g.weight(64, 1, 10, 4),
            g.weight(64),
            strides=[2, 2],
            pads=[4, 1, 5, 2],
        ),
    )
    for _ in range(4):
        x = conv_relu(g, conv_relu(g, x, 64, 64, 3, 1, 64), 64, 64, 1)
    return g.op("Softmax", dense(g, g.op("Flatten", mean(g, x), axis=1), 64, 12), axis=1)


def ecg_resnet(g: Builder, n: int, t: int = 1000) -> str:
    """A residual network along time: twelve leads of ten seconds at 100 Hz."""
    x = relu(g, line(g, g.input(n, 12, t), 12, 64, 15, 2))
    x, ci = g.op("MaxPool", x, kernel_shape=[3], strides=[2], pads=[1, 1]), 64
    for co in (64, 128, 256, 512):
        for i in range(2):
            s = 2 if i == 0 and co > 64 else 1
            y = line(g, line(g, x, ci, co, 7, s, act=relu), co, co, 7)
            x, ci = relu(g, g.op("Add", y, x if ci == co and s == 1 else line(g, x, ci, co, 1, s))), co
    y = concat(g, g.op("ReduceMax", x, axes=[2], keepdims=0), g.op("ReduceMean", x, axes=[2], keepdims=0))
    return g.op("Sigmoid", dense(g, relu(g, dense(g, y, 1024, 128)), 128, 5))


def inceptiontime(g: Builder, n: int, t: int, f: int = 32) -> str:
    """InceptionTime: kernels of 10, 20, 40 side by side on series."""

    def mod(x, a):
        b = g.op("Conv", x, g.weight(f, a, 1)) if a > 1 else x
        ca = f if a > 1 else 1
        ys = [g.op("Conv", b, g.weight(f, ca, k), pads=[(k - 1) // 2, k // 2]) for k in (40, 20, 10)]
        p = g.op("Conv", g.op("MaxPool", x, kernel_shape=[3], strides=[1], pads=[1, 1]), g.weight(f, a, 1))
        y = concat(g, *ys, p)
        return relu(g, g.op("Add", g.op("Mul", y, g.weight(4 * f, 1)), g.weight(4 * f, 1)))

    x, ci = g.input(n, 3, t), 3
    r, cr_ = x, 3
    for d in range(6):
        x, ci = mod(x, ci), 4 * f
        if d % 3 == 2:
            x = relu(g, g.op("Add", x, g.op("Conv", r, g.weight(4 * f, cr_, 1), g.weight(4 * f))))
            r, cr_ = x, 4 * f
    return dense(g, g.op("ReduceMean", x, axes=[2], keepdims=0), 128, 6)


def eegnet(g: Builder, n: int, leads: int = 64, t: int = 128) -> str:
    """EEGNet: brain waves, kernels along time, then along leads."""
    x = g.op("Conv", g.input(n, 1, leads, t), g.weight(8, 1, 1, 64), g.weight(8), pads=[0, 31, 0, 32])
    x = g.op("Elu", g.op("Conv", x, g.weight(16, 1, leads, 1), g.weight(16), group=8))
    x = g.op("AveragePool", x, kernel_shape=[1, 4], strides=[1, 4])
    x = g.op("Conv", x, g.weight(16, 1, 1, 16), group=16, pads=[0, 7, 0, 8])
    x = g.op("Elu", conv(g, x, 16, 16, 1))
    x = g.op("Flatten", g.op("AveragePool", x, kernel_shape=[1, 8], strides=[1, 8]), axis=1)
    return g.op("Softmax", dense(g, x, 16 * (t // 32), 4), axis=1)


def panns_mnv1(g: Builder, t: int, mel: int = 64) -> str:
    """PANNs' MobileNetV1 on log-mel pictures."""
    x = g.input(1, 1, t, mel)
    x, ci = mean_pooled(g, conv_relu(g, x, 1, 32, 3), 2, 2), 32
    for co, s in (
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *((512, 1),) * 5,
        (1024, 2),
        (1024, 1),
    ):
        y = conv(g, x, ci, ci, 3, 1, ci, bias=False)
        if s == 2:
            y = mean_pooled(g, y, 2, 2)
        x, ci = conv_relu(g, relu(g, g.op("Add", y, g.weight(ci, 1, 1))), ci, co, 1), co
    x = g.op("ReduceMean", x, axes=[3], keepdims=0)
    y = g.op("Add", g.op("ReduceMax", x, axes=[2], keepdims=0), g.op("ReduceMean", x, axes=[2], keepdims=0))
    return g.op("Sigmoid", dense(g, relu(g, dense(g, y, 1024, 1024)), 1024, 527))


FAMILIAR_SOUND = {
    "m5_16000_b4": ("CNN", lambda g: m5(g, 4)),
    "panns_mnv1_400x64": ("CNN", lambda g: panns_mnv1(g, 400)),
    "dscnn_49x10_b8": ("CNN", lambda g: dscnn(g, 8)),
    "xvector_400": ("CNN", lambda g: xvector(g, 400)),
    "ecg_resnet_b4_1000": ("CNN", lambda g: ecg_resnet(g, 4)),
    "inceptiontime_b8_256": ("CNN", lambda g: inceptiontime(g, 8, 256)),
    "eegnet_b16": ("CNN", lambda g: eegnet(g, 16)),
}  # fmt: skip
