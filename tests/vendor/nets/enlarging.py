"""Networks that enlarge: super-resolution, denoisers, generators, pyramids and decoders as their papers have them."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, enlarged, excite, halved, silu
from tests.vendor.nets.small_kinds import srcnn


def denoiser(g: Builder, size: int, width: int, depth: int) -> str:
    """DnCNN: `depth` 3x3 convolutions on a grey image, whose result is taken off."""
    x = g.input(1, 1, size, size)
    y = conv_relu(g, x, 1, width)
    for _ in range(depth - 2):
        y = conv_relu(g, y, width, width)
    return g.op("Sub", x, conv(g, y, width, 1))


def fast_upscaler(g: Builder, size: int, width: int = 56, inner: int = 12, factor: int = 2) -> str:
    """FSRCNN: 5x5, shrunk, four 3x3, widened, a transposed 9x9; PReLU between."""

    def sloped(x: str, c: int) -> str:
        return g.op("PRelu", x, g.weight(c, 1, 1))

    x = sloped(conv(g, g.input(1, 1, size, size), 1, width, 5), width)
    x = sloped(conv(g, x, width, inner, 1), inner)
    for _ in range(4):
        x = sloped(conv(g, x, inner, inner), inner)
    x = sloped(conv(g, x, inner, width, 1), width)
    return g.op(
        "ConvTranspose", x, g.weight(width, 1, 9, 9), g.weight(1), strides=[factor] * 2, pads=[4] * 4,
        output_padding=[factor - 1] * 2,
    )  # fmt: skip


def channel_attention(g: Builder, size: int, width: int, groups: int = 2, blocks: int = 3) -> str:
    """RCAN: residual groups of pairs of 3x3 with gates, then twice the size by DepthToSpace."""
    first = x = conv(g, g.input(1, 3, size, size), 3, width)
    for _ in range(groups):
        outer = x
        for _ in range(blocks):
            y = conv(g, conv_relu(g, x, width, width), width, width)
            x = g.op("Add", x, excite(g, y, width, width // 16))
        x = g.op("Add", outer, conv(g, x, width, width))
    x = conv(g, g.op("Add", first, conv(g, x, width, width)), width, 4 * width)
    return conv(g, g.op("DepthToSpace", x, blocksize=2, mode="CRD"), width, 3)


def noise_to_image(g: Builder, size: int, width: int, latent: int = 100) -> str:
    """DCGAN: transposed 4x4 from one place to `size`, ReLU, Tanh."""
    levels = (size // 4).bit_length() - 1
    co = width << (levels - 1)
    x = g.op("ConvTranspose", g.input(1, latent, 1, 1), g.weight(latent, co, 4, 4), g.weight(co))
    ci = co
    for level in range(levels):
        co = 3 if level == levels - 1 else ci // 2
        x = g.op("Relu", x)
        x = g.op("ConvTranspose", x, g.weight(ci, co, 4, 4), g.weight(co), strides=[2, 2], pads=[1] * 4)
        ci = co
    return g.op("Tanh", x)


def basic_stages(
    g: Builder, x: str, ci: int, widths: tuple[int, ...], blocks: int = 2
) -> list[tuple[str, int]]:
    """Residual stages of two 3x3, the first at stride 1: what each makes, and its channels."""
    found = []
    for i, co in enumerate(widths):
        for n in range(blocks):
            stride = 2 if i and n == 0 else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, stride), co, co)
            x = conv(g, x, ci, co, 1, stride) if stride > 1 or ci != co else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
        found.append((x, ci))
    return found


def feature_pyramid(g: Builder, size: int, width: int = 128, classes: int = 20) -> list[str]:
    """RetinaNet on ResNet-18: a pyramid by nearest, two towers of three 3x3 on each of three levels."""
    x = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2))
    stages = basic_stages(g, x, 64, (64, 128, 256, 512))[1:]
    sides = [conv(g, y, c, width, 1) for y, c in stages]
    for i in (1, 0):
        sides[i] = g.op("Add", sides[i], enlarged(g, sides[i + 1], 2, "nearest"))
    outs = []
    for y in sides:
        y = conv(g, y, width, width)
        for channels in (9 * 4, 9 * classes):
            z = y
            for _ in range(3):
                z = conv_relu(g, z, width, width)
            outs.append(conv(g, z, width, channels))
    return outs


def linked(g: Builder, size: int, classes: int = 2) -> str:
    """LinkNet: ResNet-18, decoders of 1x1, transposed 3x3, 1x1, added to what went down."""
    x = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2))
    stages = basic_stages(g, x, 64, (64, 128, 256, 512))

    def twice(x: str, ci: int, co: int) -> str:
        return g.op(
            "ConvTranspose", x, g.weight(ci, co, 3, 3), g.weight(co), strides=[2, 2], pads=[1] * 4,
            output_padding=[1, 1],
        )  # fmt: skip

    def decoded(x: str, ci: int, co: int) -> str:
        y = g.op("Relu", twice(conv_relu(g, x, ci, ci // 4, 1), ci // 4, ci // 4))
        return conv_relu(g, y, ci // 4, co, 1)

    y, ci = stages[-1]
    for skip, co in reversed(stages[:-1]):
        y, ci = g.op("Add", decoded(y, ci, co), skip), co
    y = decoded(y, ci, 32)
    return twice(conv_relu(g, y, 32, 32), 32, classes)


def depth_map(g: Builder, height: int, width: int) -> str:
    """Depth of one image: ResNet-18 down; enlarged bilinearly, concatenated, two 3x3 with ELU-free ReLU; Sigmoid."""
    stem = conv_relu(g, g.input(1, 3, height, width), 3, 64, 7, 2)
    skips = [(stem, 64), *basic_stages(g, halved(g, stem), 64, (64, 128, 256, 512))]
    y, ci = skips.pop()
    for co in (256, 128, 64, 32):
        skip, more = skips.pop()
        y = conv_relu(g, y, ci, co)
        y = conv_relu(g, g.op("Concat", enlarged(g, y, 2), skip, axis=1), co + more, co)
        ci = co
    return g.op("Sigmoid", conv(g, enlarged(g, conv_relu(g, y, ci, 16), 2), 16, 1))


def coloured_unet(g: Builder, size: int, width: int, levels: int, mode: str) -> str:
    """U-Net in colour with pairs of 3x3; `mode` transposed, nearest or linear says how it enlarges."""
    pair = lambda x, ci, co: conv_relu(g, conv_relu(g, x, ci, co), co, co)
    x, ci, skips = pair(g.input(1, 3, size, size), 3, width), width, []
    for _ in range(levels):
        skips.append((x, ci))
        x, ci = pair(halved(g, x, 2), ci, 2 * ci), 2 * ci
    for skip, co in reversed(skips):
        if mode == "transposed":
            x = g.op("ConvTranspose", x, g.weight(ci, co, 2, 2), g.weight(co), strides=[2, 2])
        else:
            x = conv(g, enlarged(g, x, 2, mode), ci, co)
        x, ci = pair(g.op("Concat", skip, x, axis=1), 2 * co, co), co
    return g.op("Sigmoid", conv(g, x, ci, 1, 1))


def strided_autoencoder(g: Builder, size: int, widths: tuple[int, ...]) -> str:
    """Convolutions of stride 2 down, transposed 3x3 up, Sigmoid."""
    x, ci = g.input(1, 3, size, size), 3
    for co in widths:
        x, ci = conv_relu(g, x, ci, co, 3, 2), co
    for co in (*reversed(widths[:-1]), 3):
        x = g.op(
            "ConvTranspose", x, g.weight(ci, co, 3, 3), g.weight(co), strides=[2, 2], pads=[1] * 4,
            output_padding=[1, 1],
        )  # fmt: skip
        x, ci = g.op("Relu", x) if co > 3 else x, co
    return g.op("Sigmoid", x)


def decoupled(g: Builder, size: int, width: int, classes: int = 80) -> list[str]:
    """YOLOX: pixels to channels, cross-stage blocks, a neck up and down, heads of two towers on three levels."""

    def act(x: str, ci: int, co: int, kernel: int = 3, stride: int = 1) -> str:
        return silu(g, conv(g, x, ci, co, kernel, stride))

    def stage(x: str, ci: int, co: int, count: int, shortcut: bool) -> str:
        half = co // 2
        y = act(x, ci, half, 1)
        for _ in range(count):
            z = act(act(y, half, half, 1), half, half)
            y = g.op("Add", y, z) if shortcut else z
        return act(g.op("Concat", y, act(x, ci, half, 1), axis=1), co, co, 1)

    x = act(g.op("SpaceToDepth", g.input(1, 3, size, size), blocksize=2), 12, width)
    ci, kept = width, []
    for i, count in enumerate((1, 2, 2, 1)):
        co = width << (i + 1)
        x = stage(act(x, ci, co, 3, 2), ci=co, co=co, count=count, shortcut=i < 3)
        kept.append((x, co))
        ci = co
    (c3, w3), (c4, w4), (c5, w5) = kept[1:]
    p5 = act(c5, w5, w4, 1)
    p4 = stage(g.op("Concat", enlarged(g, p5, 2, "nearest"), c4, axis=1), 2 * w4, w4, 1, False)
    q4 = act(p4, w4, w3, 1)
    n3 = stage(g.op("Concat", enlarged(g, q4, 2, "nearest"), c3, axis=1), 2 * w3, w3, 1, False)
    n4 = stage(g.op("Concat", act(n3, w3, w3, 3, 2), q4, axis=1), 2 * w3, w4, 1, False)
    n5 = stage(g.op("Concat", act(n4, w4, w4, 3, 2), p5, axis=1), 2 * w4, w5, 1, False)
    outs = []
    for i, (y, c) in enumerate(((n3, w3), (n4, w4), (n5, w5))):
        y = act(y, c, w3, 1)
        kind = act(act(y, w3, w3), w3, w3)
        box = act(act(y, w3, w3), w3, w3)
        parts = [conv(g, box, w3, 4, 1), g.op("Sigmoid", conv(g, box, w3, 1, 1))]
        parts.append(g.op("Sigmoid", conv(g, kind, w3, classes, 1)))
        hw = (size >> (3 + i)) ** 2
        outs.append(g.op("Reshape", g.op("Concat", *parts, axis=1), g.const([1, classes + 5, hw])))
    return [g.op("Transpose", g.op("Concat", *outs, axis=2), perm=[0, 2, 1])]


ENLARGING = {
    "dncnn_160": ("CNN", lambda g: denoiser(g, 160, 64, 8)),
    "fsrcnn_200_x2": ("CNN", lambda g: fast_upscaler(g, 200)),
    "rcan_96_x2": ("CNN", lambda g: channel_attention(g, 96, 48)),
    "dcgan_64": ("CNN", lambda g: noise_to_image(g, 64, 64)),
    "retinanet_256": ("CNN", lambda g: feature_pyramid(g, 256)),
    "linknet_224": ("CNN", lambda g: linked(g, 224)),
    "depth_192x256": ("CNN", lambda g: depth_map(g, 192, 256)),
    "unet_up_nearest_176": ("CNN", lambda g: coloured_unet(g, 176, 32, 4, "nearest")),
    "unet_deconv_256": ("CNN", lambda g: coloured_unet(g, 256, 24, 3, "transposed")),
    "autoencoder_160": ("CNN", lambda g: strided_autoencoder(g, 160, (32, 64, 128, 128))),
    "yolox_288": ("CNN", lambda g: decoupled(g, 288, 16)),
    "dcgan_128": ("CNN", lambda g: noise_to_image(g, 128, 32)),
    "srcnn_160": ("CNN", lambda g: srcnn(g, 160)),
}
