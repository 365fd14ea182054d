"""Sound: QuartzNet, Wav2letter, BC-ResNet, VGGish, ResNet-SE34, Spleeter, CREPE."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of, line
from tests.vendor.nets.everyday_pieces import concat, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, silu
from tests.vendor.nets.usual_pieces import pooled


def quartznet(g: Builder, t: int) -> str:
    """QuartzNet 5x5: depthwise lines of 33 to 87 taps."""
    x, ci = relu(g, line(g, line(g, g.input(1, 64, t), 64, 64, 33, 2, 64), 64, 256)), 256
    for k, co in ((33, 256), (39, 256), (51, 512), (63, 512), (75, 512)):
        y, a = x, ci
        for i in range(5):
            y, a = line(g, line(g, y, a, a, k, 1, a), a, co), co
            if i < 4:
                y = relu(g, y)
        x, ci = relu(g, g.op("Add", y, line(g, x, ci, co))), co
    x = relu(g, line(g, line(g, x, 512, 512, 87, 1, 512, 2), 512, 512))
    x = line(g, line(g, x, 512, 1024, 1, act=relu), 1024, 29)
    return g.op("LogSoftmax", g.op("Transpose", x, perm=[0, 2, 1]), axis=-1)


def wav2letter(g: Builder, t: int) -> str:
    """Wav2letter: lines of 48, 7 and 32 taps."""
    x = line(g, g.input(1, 39, t), 39, 250, 48, 2, act=relu)
    for _ in range(7):
        x = line(g, x, 250, 250, 7, act=relu)
    x = line(g, line(g, x, 250, 2000, 32, act=relu), 2000, 2000, 1, act=relu)
    return g.op("Softmax", line(g, x, 2000, 29), axis=1)


def bcresnet(g: Builder, t: int, k: int = 8) -> str:
    """Broadcasted residuals: a plane's means along frequency spread back over it."""

    def fdw(x, c, s):
        return g.op("Conv", x, g.weight(c, 1, 3, 1), g.weight(c), group=c, strides=[s, 1], pads=[1, 0, 1, 0])

    def tdw(x, c, d):
        return g.op(
            "Conv", x, g.weight(c, 1, 1, 3), g.weight(c), group=c, dilations=[1, d], pads=[0, d, 0, d]
        )

    x = g.op(
        "Conv", g.input(1, 1, 40, t), g.weight(2 * k, 1, 5, 5), g.weight(2 * k), strides=[2, 1], pads=[2] * 4
    )
    x, ci = relu(g, x), 2 * k
    for c, n, s, d in ((k, 2, 1, 1), (int(1.5 * k), 2, 2, 2), (2 * k, 4, 2, 4), (int(2.5 * k), 4, 1, 8)):
        for i in range(n):
            y = conv_relu(g, x, ci, c, 1) if i == 0 else x
            y = aux = fdw(y, c, s if i == 0 else 1)
            z = g.op("ReduceMean", y, axes=[2], keepdims=1)
            z = conv(g, silu(g, tdw(z, c, d)), c, c, 1)
            y = g.op("Add", z, aux)
            x, ci = relu(g, y if i == 0 else g.op("Add", y, x)), c
    x = g.op("Conv", x, g.weight(ci, 1, 5, 5), g.weight(ci), group=ci, pads=[0, 2, 0, 2])
    x = conv_relu(g, g.op("ReduceMean", x, axes=[2], keepdims=1), ci, 4 * k, 1)
    return g.op("Flatten", conv(g, g.op("ReduceMean", x, axes=[3], keepdims=1), 4 * k, 12, 1), axis=1)


def vggish(g: Builder, t: int = 96, mel: int = 64) -> str:
    """VGGish: four spectrograms at once."""
    x, ci = g.input(4, 1, t, mel), 1
    for n, co in ((1, 64), (1, 128), (2, 256), (2, 512)):
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, co, 3), co
        x = pooled(g, x, 2, 2)
    x = g.op("Flatten", g.op("Transpose", x, perm=[0, 2, 3, 1]), axis=1)
    return dense(g, relu(g, dense(g, relu(g, dense(g, x, 12288, 4096)), 4096, 4096)), 4096, 128)


def resnetse34(g: Builder, t: int, mel: int = 64) -> str:
    """ResNet-SE34 for speakers: gates, attentive statistics."""
    x, ci = conv_relu(g, g.input(1, 1, mel, t), 1, 32, 3), 32
    for j, (co, n) in enumerate(((32, 3), (64, 4), (128, 6), (256, 3))):
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = squeezed(g, conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3), co, co // 8, relu)
            x, ci = relu(g, g.op("Add", y, x if i or (co == ci and s == 1) else conv(g, x, ci, co, 1, s))), co
    m, d = (t + 7) // 8, 256 * (mel // 8)
    x = g.op("Reshape", x, g.const([1, d, m]))
    w = g.op("Softmax", line(g, line(g, x, d, 128, 1, act=relu), 128, d), axis=2)
    mu = g.op("ReduceSum", g.op("Mul", x, w), g.const([2]), keepdims=0)
    sq = g.op("ReduceSum", g.op("Mul", g.op("Mul", x, x), w), g.const([2]), keepdims=0)
    sg = g.op("Sqrt", g.op("Clip", g.op("Sub", sq, g.op("Mul", mu, mu)), g.const(0.001)))
    return dense(g, concat(g, mu, sg), 2 * d, 512)


def spleeter(g: Builder, t: int = 512, f: int = 256) -> str:
    """Spleeter's U of 5x5 on a spectrogram."""
    x, ci, e = g.input(1, 2, t, f), 2, []
    y = x
    for co in (16, 32, 64, 128, 256, 512):
        y = conv(g, y, ci, co, 5, 2)
        e.append((y, co))
        ci = co
        if co < 512:
            y = leaky_of(0.2)(g, y)
    ci = 512
    for k, co in enumerate((256, 128, 64, 32, 16, 1)):
        y = relu(
            g,
            g.op(
                "ConvTranspose",
                y,
                g.weight(ci, co, 5, 5),
                g.weight(co),
                strides=[2, 2],
                pads=[2] * 4,
                output_padding=[1, 1],
            ),
        )
        y = g.op("Add", g.op("Mul", y, g.weight(co, 1, 1)), g.weight(co, 1, 1))
        if k < 5:
            s, c = e[4 - k]
            y, ci = concat(g, s, y), c + co
    m = g.op("Conv", y, g.weight(2, 1, 4, 4), g.weight(2), dilations=[2, 2], pads=[3] * 4)
    return g.op("Mul", x, g.op("Sigmoid", m))


def crepe(g: Builder, n: int) -> str:
    """CREPE-medium: pitch of n windows of 1,024 samples."""
    x, ci = g.input(n, 1, 1024, 1), 1
    for j, (co, k) in enumerate(((512, 512), (64, 64), (64, 64), (64, 64), (128, 64), (256, 64))):
        s = 4 if j == 0 else 1
        p = 254 if j == 0 else 31
        q = 254 if j == 0 else 32
        x = relu(g, g.op("Conv", x, g.weight(co, ci, k, 1), g.weight(co), strides=[s, 1], pads=[p, 0, q, 0]))
        x = g.op("Add", g.op("Mul", x, g.weight(co, 1, 1)), g.weight(co, 1, 1))
        x, ci = g.op("MaxPool", x, kernel_shape=[2, 1], strides=[2, 1]), co
    x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1, 3]), g.const([n, 1024]))
    return g.op("Sigmoid", dense(g, x, 1024, 360))


DAILY_SOUND = {
    "resnetse34_300x64": ('CNN', lambda g: resnetse34(g, 304)),
    "spleeter_512x256": ('CNN', lambda g: spleeter(g)),
    "bcresnet8_40x101": ('CNN', lambda g: bcresnet(g, 101)),
    "quartznet5x5_400": ('CNN', lambda g: quartznet(g, 400)),
    "vggish_b4": ('CNN', lambda g: vggish(g)),
    "wav2letter_296": ('CNN', lambda g: wav2letter(g, 296)),
    "crepe_m_b8": ('CNN', lambda g: crepe(g, 8)),
}  # fmt: skip
