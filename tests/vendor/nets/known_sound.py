"""Sound: Jasper, WaveNet, MelGAN, PANNs CNN14, TC-ResNet8, OpenL3, Demucs, a U-Net of spectrograms, CREPE's full size."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of, line, mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import convolved, pooled


def jasper(g: Builder, t: int, blocks: int = 5, repeats: int = 2) -> str:
    """Jasper: plain convolutions over time, wider by the block, one-tap residuals."""
    x, ci = line(g, g.input(1, 64, t), 64, 256, 11, 2, act=relu), 256
    for k, c in ((11, 256), (13, 384), (17, 512), (21, 640), (25, 768))[:blocks]:
        y, a = x, ci
        for i in range(repeats):
            y, a = line(g, y, a, c, k, act=relu if i < repeats - 1 else None), c
        x, ci = relu(g, g.op("Add", y, line(g, x, ci, c))), c
    x = line(g, x, ci, 896, 29, 1, 1, 2, relu)
    return line(g, line(g, x, 896, 1024, act=relu), 1024, 29)


def wavenet(g: Builder, t: int, c: int = 64, skip: int = 128, layers: int = 10) -> str:
    """WaveNet: dilated pairs of taps, tanh times sigmoid, skips added up."""
    x, total = line(g, g.input(1, 1, t), 1, c), None
    for i in range(layers):
        d = 1 << i
        causal = lambda w, d=d: g.op("Conv", x, w, g.weight(c), dilations=[d], pads=[d, 0])
        y = g.op("Mul", g.op("Tanh", causal(g.weight(c, c, 2))), g.op("Sigmoid", causal(g.weight(c, c, 2))))
        s = line(g, y, c, skip)
        total = g.op("Add", total, s) if total else s
        x = g.op("Add", x, line(g, y, c, c))
    return line(g, line(g, relu(g, total), skip, 256, act=relu), 256, 256)


def melgan(g: Builder, t: int, c: int = 256) -> str:
    """MelGAN's generator: transposed convolutions by 8, 8, 2 and 2, three dilated residuals after each."""
    a = leaky_of(0.2)
    x = line(g, g.input(1, 80, t), 80, c, 7)
    for r in (8, 8, 2, 2):
        w = [g.weight(c, c // 2, 2 * r), g.weight(c // 2)]
        x, c = g.op("ConvTranspose", a(g, x), *w, strides=[r], pads=[r // 2, r // 2]), c // 2
        for d in (1, 3, 9):
            y = line(g, a(g, line(g, a(g, x), c, c, 3, 1, 1, d)), c, c)
            x = g.op("Add", line(g, x, c, c), y)
    return g.op("Tanh", line(g, a(g, x), c, 1, 7))


def cnn14(g: Builder, t: int, mel: int = 64) -> str:
    """PANNs' CNN14: pairs of 3x3 and means, 64 to 2048 channels; the mean over bands, mean and largest over time."""
    x, ci, n = g.input(1, 1, t, mel), 1, t
    for i in range(6):
        co = 64 << i
        x, ci = conv_relu(g, conv_relu(g, x, ci, co), co, co), co
        if i < 5:
            x, n = mean_pooled(g, x), n // 2
    x = g.op("ReduceMean", x, axes=[3], keepdims=0)
    x = g.op("Add", g.op("ReduceMax", x, axes=[2], keepdims=0), g.op("ReduceMean", x, axes=[2], keepdims=0))
    return g.op("Sigmoid", dense(g, relu(g, dense(g, x, 2048, 2048)), 2048, 527))


def tc_resnet8(g: Builder, t: int, k: float = 1.0, words: int = 12) -> str:
    """TC-ResNet8: bands as channels, convolutions of nine over time."""
    x, ci = line(g, g.input(1, 40, t), 40, 16, 3), 16
    for c in (24, 32, 48):
        y = line(g, line(g, x, ci, int(c * k), 9, 2, act=relu), int(c * k), int(c * k), 9)
        r = relu(g, g.op("Conv", x, g.weight(int(c * k), ci, 1), g.weight(int(c * k)), strides=[2]))
        x, ci = relu(g, g.op("Add", y, r)), int(c * k)
    return dense(g, g.op("ReduceMean", x, axes=[2], keepdims=0), ci, words)


def openl3(g: Builder, h: int, w: int) -> str:
    """OpenL3's sound tower: VGG pairs of 64 to 512 channels, one large pooling."""
    x, ci = g.input(1, 1, h, w), 1
    for co in (64, 128, 256):
        x, ci = pooled(g, conv_relu(g, conv_relu(g, x, ci, co), co, co), 2, 2), co
    x = conv(g, conv_relu(g, x, 256, 512), 512, 512)
    y = g.op("MaxPool", x, kernel_shape=[h // 32, w // 32], strides=[h // 32, w // 32])
    return g.op("Flatten", y, axis=1)


def demucs(g: Builder, t: int, c: int = 64, depth: int = 4) -> str:
    """Demucs without its LSTM: 8-tap convolutions at stride 4, gated pairs, sums across, transposed back."""

    def glu(x, c):
        p, q = g.op("Split", x, g.const([c, c]), count=2, axis=1)
        return g.op("Mul", p, g.op("Sigmoid", q))

    x, ci, f = g.input(1, 2, t), 2, []
    for i in range(depth):
        co = c << i
        x = relu(g, g.op("Conv", x, g.weight(co, ci, 8), g.weight(co), strides=[4], pads=[2, 2]))
        x, ci = glu(line(g, x, co, 2 * co), co), co
        f.append(x)
    for i in range(depth - 1, -1, -1):
        co = c << i
        x = glu(line(g, g.op("Add", x, f[i]), co, 2 * co, 3), co)
        b = co // 2 if i else 8
        x = g.op("ConvTranspose", x, g.weight(co, b, 8), g.weight(b), strides=[4], pads=[2, 2])
        x = relu(g, x) if i else x
    return x


def spectro_unet(g: Builder, t: int, bands: int) -> str:
    """Vocals out of a spectrogram: 5x5 at stride 2 down, transposed 5x5 up, skips joined (Jansson's U-Net)."""
    x, ci, f = g.input(1, 1, bands, t), 1, []
    for co in (16, 32, 64, 128, 256, 512):
        x, ci = convolved(g, x, ci, co, 5, 5, 2, act=leaky_of(0.2)), co
        f.append(x)
    for i, co in ((5, 256), (4, 128), (3, 64), (2, 32), (1, 16), (0, 1)):
        if i < 5:
            x, ci = concat(g, x, f[i]), 2 * ci
        w = [g.weight(ci, co, 5, 5), g.weight(co)]
        x = g.op("ConvTranspose", x, *w, strides=[2, 2], pads=[2] * 4, output_padding=[1, 1])
        x, ci = relu(g, x) if i else g.op("Sigmoid", x), co
    return x


KNOWN_SOUND = {
    "jasper_5x2_t300": ("CNN", lambda g: jasper(g, 300)),
    "wavenet_4000": ("CNN", lambda g: wavenet(g, 4000)),
    "melgan_64": ("CNN", lambda g: melgan(g, 64)),
    "panns_cnn14_320x64": ("CNN", lambda g: cnn14(g, 320)),
    "tc_resnet8_101": ("CNN", lambda g: tc_resnet8(g, 101, 1.5)),
    "openl3_128x192": ("CNN", lambda g: openl3(g, 128, 192)),
    "demucs_16384": ("CNN", lambda g: demucs(g, 16384)),
    "vocal_unet_512x128": ("CNN", lambda g: spectro_unet(g, 128, 512)),
}  # fmt: skip
