"""Several lines at once: series and sounds in batches, drawn for the rules of NPU 4000 and 5010 that read them."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import relu
from tests.vendor.nets.later_recurrent import hearts
from tests.vendor.nets.newest_recurrent import lstm_fcn


def series(g: Builder, b: int, m: int, t: int, names_batch: bool = False, bias: bool = True) -> str:
    """Three convolutions over time of `b` series of `m` numbers, a mean, six classes. `names_batch`: the classifier
    reads rows of a shape that says how many; without `bias` no convolution adds one."""
    x = g.input(b, m, t)
    for taps, before, after in ((7, m, 64), (5, 64, 128), (3, 128, 64)):
        own = (g.weight(after),) if bias else ()
        x = relu(g, g.op("Conv", x, g.weight(after, before, taps), *own, pads=[taps // 2] * 2))
    if not bias:
        return x
    x = g.op("ReduceMean", x, axes=[2], keepdims=0)
    if names_batch:
        x = g.op("Reshape", x, g.const([b, 64]))
    return dense(g, x, 64, 6)


def pooled(g: Builder, b: int, t: int, channels: int = 32) -> str:
    """Convolutions over time with poolings by two between them, classes from a shape that names the batch."""
    x = g.input(b, 3, t)
    for before, after in ((3, channels), (channels, 2 * channels), (2 * channels, 2 * channels)):
        x = g.op("MaxPool", line(g, x, before, after, 5, act=relu), kernel_shape=[2], strides=[2])
        t //= 2
    return dense(g, g.op("Reshape", x, g.const([b, 2 * channels * t])), 2 * channels * t, 8)


FRESH_SOUND = {
    "lstm_fcn_b4_6x200": ("recurrent", lambda g: lstm_fcn(g, 4, 6, 200)),
    "lstm_fcn_b16_12x96": ("recurrent", lambda g: lstm_fcn(g, 16, 12, 96)),
    "hearts_b6_t240": ("recurrent", lambda g: hearts(g, 6, 240, 96)),
    "series_b6_9x256": ("CNN", lambda g: series(g, 6, 9, 256)),
    "series_b12_12x160": ("CNN", lambda g: series(g, 12, 12, 160)),
    "series_named_b8_16x192": ("CNN", lambda g: series(g, 8, 16, 192, names_batch=True)),
    "series_plain_b4_64x512": ("CNN", lambda g: series(g, 4, 64, 512, bias=False)),
    "pooled_named_b8_256": ("CNN", lambda g: pooled(g, 8, 256)),
}  # fmt: skip
