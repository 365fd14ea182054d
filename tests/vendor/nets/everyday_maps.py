"""Segmentation that most people run: DeepLab on MobileNet, U-Net on ResNet, DDRNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, enlarged, halved
from tests.vendor.nets.vision import relu6


def mnv2_features(g: Builder, x: str, dil: int = True) -> str:
    """MobileNetV2's maps at a sixteenth, the last stage dilated."""
    x, ci = activated(g, x, 3, 32, 3, 2, act=relu6), 32
    for e, co, n, s in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 1),
        (6, 320, 1, 1),
    ):
        for i in range(n):
            st, inner = s if i == 0 else 1, ci * e
            y = x if e == 1 else activated(g, x, ci, inner, act=relu6)
            if co >= 160 and dil:
                y = relu6(
                    g,
                    g.op(
                        "Conv",
                        y,
                        g.weight(inner, 1, 3, 3),
                        g.weight(inner),
                        group=inner,
                        pads=[2] * 4,
                        dilations=[2, 2],
                    ),
                )
            else:
                y = activated(g, y, inner, inner, 3, st, inner, act=relu6)
            y = conv(g, y, inner, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
    return x


def deeplab_mnv2(g: Builder, size: int) -> str:
    """DeepLabV3 without its dilated branches, as for phones."""
    x = mnv2_features(g, g.input(1, 3, size, size))
    e = (size + 15) // 16
    p = activated(g, g.op("GlobalAveragePool", x), 320, 256, act=relu)
    p = g.op(
        "Resize",
        p,
        "",
        "",
        g.const([1, 256, e, e]),
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    y = activated(g, concat(g, p, activated(g, x, 320, 256, act=relu)), 512, 256, act=relu)
    y = conv(g, y, 256, 21, 1)
    y = g.op(
        "Resize",
        y,
        "",
        "",
        g.const([1, 21, size, size]),
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    return y


def unet_r34(g: Builder, size: int) -> str:
    """U-Net on ResNet-34, enlarged by nearest."""
    x = relu(g, conv(g, g.input(1, 3, size, size), 3, 64, 7, 2))
    skips, ci, y = [(x, 64)], 64, halved(g, x)
    for j, n in enumerate((3, 4, 6, 3)):
        w = 64 << j
        for i in range(n):
            s = 2 if i == 0 and j else 1
            z = conv(g, activated(g, y, ci, w, 3, s, act=relu), w, w, 3)
            y, ci = relu(g, g.op("Add", z, y if s == 1 and ci == w else conv(g, y, ci, w, 1, s))), w
        skips.append((y, w))
    skips.pop()
    for co, skip in zip((256, 128, 64, 32, 16), [*reversed(skips), None], strict=True):
        y = enlarged(g, y, 2, "nearest")
        if skip:
            y, ci = concat(g, y, skip[0]), ci + skip[1]
        y, ci = activated(g, activated(g, y, ci, co, 3, act=relu), co, co, 3, act=relu), co
    return conv(g, y, 16, 1, 3)


def ddrnet(g: Builder, h: int, w: int) -> str:
    """DDRNet-23-slim: two branches of two resolutions that exchange maps, pooled at three sizes."""

    def basic(g, x, a, b, s=1, last=True):
        y = conv(g, activated(g, x, a, b, 3, s, act=relu), b, b, 3)
        y = g.op("Add", y, x if a == b and s == 1 else conv(g, x, a, b, 1, s))
        return relu(g, y) if last else y

    up = lambda x, f: enlarged(g, x, f)
    x = activated(g, activated(g, g.input(1, 3, h, w), 3, 32, 3, 2, act=relu), 32, 32, 3, 2, act=relu)
    x = basic(g, basic(g, x, 32, 32), 32, 32, 1, False)
    x8 = basic(g, basic(g, relu(g, x), 32, 64, 2), 64, 64, 1, False)
    x16 = basic(g, basic(g, relu(g, x8), 64, 128, 2), 128, 128, 1, False)
    hi = basic(g, basic(g, relu(g, x8), 64, 64), 64, 64, 1, False)
    lo = g.op("Add", x16, conv(g, relu(g, hi), 64, 128, 3, 2))
    hi = g.op("Add", hi, up(conv(g, relu(g, x16), 128, 64, 1), 2))
    x32 = basic(g, basic(g, relu(g, lo), 128, 256, 2), 256, 256, 1, False)
    hi2 = basic(g, basic(g, relu(g, hi), 64, 64), 64, 64, 1, False)
    lo = g.op("Add", x32, conv(g, activated(g, relu(g, hi2), 64, 128, 3, 2, act=relu), 128, 256, 3, 2))
    hi = g.op("Add", hi2, up(conv(g, relu(g, x32), 256, 64, 1), 4))
    y = relu(g, conv(g, relu(g, hi), 64, 64, 1))
    y = conv(g, activated(g, y, 64, 64, 3, act=relu), 64, 128, 1)
    z = relu(g, conv(g, relu(g, lo), 256, 128, 1))
    z = conv(g, activated(g, z, 128, 128, 3, 2, act=relu), 128, 256, 1)
    eh, ew = h // 64, w // 64
    s = conv(g, z, 256, 128, 1)
    outs = [s]
    for k in (3, 5):
        p = g.op("AveragePool", z, kernel_shape=[k, k], strides=[2, 2], pads=[k // 2] * 4)
        p = g.op(
            "Resize",
            conv(g, p, 256, 128, 1),
            "",
            "",
            g.const([1, 128, eh, ew]),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        outs.append(conv(g, relu(g, g.op("Add", p, outs[-1])), 128, 128, 3))
    p = conv(g, g.op("GlobalAveragePool", z), 256, 128, 1)
    outs.append(conv(g, relu(g, g.op("Add", outs[-1], p)), 128, 128, 3))
    z = g.op("Add", conv(g, relu(g, concat(g, *outs)), 512, 128, 1), conv(g, z, 256, 128, 1))
    y = g.op("Add", up(z, 8), y)
    y = conv(g, activated(g, relu(g, y), 128, 64, 3, act=relu), 64, 19, 1)
    return up(y, 8)


EVERYDAY_MAPS = {
    "deeplabv3_mnv2_321": ("CNN", lambda g: deeplab_mnv2(g, 321)),
    "unet_r34_256": ("CNN", lambda g: unet_r34(g, 256)),
    "ddrnet_slim_384x640": ("CNN", lambda g: ddrnet(g, 384, 640)),
}  # fmt: skip
