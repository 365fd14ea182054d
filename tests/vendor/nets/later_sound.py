"""Sound: sources apart, codecs, speech to letters and back."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import leaky_of, line
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv


def spleeter(g: Builder, frames: int, bins: int) -> str:
    """Spleeter's U-Net of one source: 5x5 down and up by two, a mask on the spectrum."""
    i = g.input(1, 2, frames, bins)
    down = lambda x, a, b: g.op("Conv", x, g.weight(b, a, 5, 5), g.weight(b), strides=[2, 2], pads=[2] * 4)

    def up(x, a, b):
        y = g.op(
            "ConvTranspose", x, g.weight(a, b, 5, 5), g.weight(b), strides=[2, 2], pads=[2] * 4,
            output_padding=[1, 1],
        )  # fmt: skip
        return relu(g, y)

    x, ci, skips = i, 2, []
    for c in (16, 32, 64, 128, 256):
        y = down(x if not skips else leaky_of(0.2)(g, x), ci, c)
        skips.append((y, c))
        x, ci = y, c
    x, ci = skips.pop()
    for s, c in skips[::-1]:
        x, ci = concat(g, up(x, ci, c), s), 2 * c
    x = up(x, ci, 1)
    m = g.op("Sigmoid", g.op("Conv", x, g.weight(2, 1, 4, 4), g.weight(2), dilations=[2, 2], pads=[3] * 4))
    return g.op("Mul", m, i)


def soundstream(g: Builder, n: int, c: int = 32) -> str:
    """SoundStream's encoder: residual units of dilated lines, strides 2, 4, 5 and 8."""
    elu = lambda x: g.op("Elu", x, alpha=1.0)
    x = line(g, g.input(1, 1, n), 1, c, 7)
    for s in (2, 4, 5, 8):
        for d in (1, 3, 9):
            x = g.op("Add", x, line(g, elu(line(g, elu(x), c, c, 7, 1, 1, d)), c, c, 1))
        x = g.op(
            "Conv", elu(x), g.weight(2 * c, c, 2 * s), g.weight(2 * c), strides=[s], pads=[s // 2, s - s // 2]
        )
        c *= 2
    return line(g, elu(x), c, 64, 3)


def quartznet(g: Builder, n: int) -> str:
    """QuartzNet 5x5, one block a stage: separable lines of 33 to 75 taps."""
    sep = lambda x, a, b, k, s=1: line(g, line(g, x, a, a, k, s, a), a, b)
    x, ci = relu(g, sep(g.input(1, 64, n), 64, 256, 33, 2)), 256
    for c, k in ((256, 33), (256, 39), (512, 51), (512, 63), (512, 75)):
        y, cj = x, ci
        for j in range(5):
            y = sep(y, cj, c, k)
            y, cj = (relu(g, y) if j < 4 else y), c
        x, ci = relu(g, g.op("Add", y, line(g, x, ci, c))), c
    x = relu(g, line(g, sep(x, 512, 512, 87), 512, 1024, act=relu))
    return line(g, x, 1024, 29)


def hifigan_v2(g: Builder, n: int, c: int = 128) -> str:
    """HiFi-GAN V2: lines enlarged 8, 8, 2, 2 times, three kernels averaged."""
    lk = leaky_of(0.1)
    x = line(g, g.input(1, 80, n), 80, c, 7)
    for s in (8, 8, 2, 2):
        w = g.weight(c, c // 2, 2 * s)
        x = g.op("ConvTranspose", lk(g, x), w, g.weight(c // 2), strides=[s], pads=[s // 2] * 2)
        c //= 2
        total = ""
        for k in (3, 7, 11):
            y = x
            for d in (1, 3, 5):
                y = g.op("Add", y, line(g, lk(g, line(g, lk(g, y), c, c, k, 1, 1, d)), c, c, k))
            total = g.op("Add", total, y) if total else y
        x = g.op("Mul", total, g.const(1 / 3))
    return g.op("Tanh", line(g, lk(g, x), c, 1, 7))


def voice_cleaner(g: Builder, frames: int, bins: int) -> str:
    """A mask on the spectrum (CRN without its recurrence): 2 x 3 windows, strides over bins, back up."""
    x, ci, skips = g.input(1, 2, frames, bins), 2, []
    for c in (16, 32, 64, 128):
        x = g.op("Conv", x, g.weight(c, ci, 2, 3), g.weight(c), strides=[1, 2], pads=[1, 0, 0, 0])
        x = g.op("Elu", x, alpha=1.0)
        skips.append((x, ci))
        ci = c
    x = conv(g, x, ci, ci, 3)
    for s, c in skips[::-1]:
        x = concat(g, x, s)
        x = g.op("ConvTranspose", x, g.weight(2 * ci, c, 1, 3), g.weight(c), strides=[1, 2])
        x, ci = (g.op("Elu", x, alpha=1.0), c)
    return x


LATER_SOUND = {
    "spleeter_256x512": ("CNN", lambda g: spleeter(g, 256, 512)),
    "soundstream_enc_24000": ("CNN", lambda g: soundstream(g, 24000)),
    "quartznet5_512": ("CNN", lambda g: quartznet(g, 512)),
    "hifigan_v2_64": ("CNN", lambda g: hifigan_v2(g, 64)),
    "crn_mask_100x159": ("CNN", lambda g: voice_cleaner(g, 100, 159)),
}  # fmt: skip
