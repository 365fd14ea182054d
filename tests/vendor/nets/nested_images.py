"""U2-NetP with four of its levels: a U-net whose levels are U-nets."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, dilated, halved


def nested(g: Builder, size: int, inner: int = 16, width: int = 64) -> str:
    """U2-NetP of four levels: in each a small U-net of dilated ends, enlarged bilinearly; maps of all levels joined."""

    def to_size(x: str, side: int, channels: int) -> str:
        sizes = g.const([1, channels, side, side])
        return g.op("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")

    def small_unet(x: str, ci: int, side: int, depth: int) -> str:
        x = conv_relu(g, x, ci, width)
        levels = [conv_relu(g, x, width, inner)]
        for _ in range(depth - 2):
            levels.append(conv_relu(g, halved(g, levels[-1], 2), inner, inner))
        z = dilated(g, levels[-1], inner, inner, 2)
        for i in reversed(range(depth - 1)):
            z = conv_relu(g, g.op("Concat", z, levels[i], axis=1), 2 * inner, inner if i else width)
            z = to_size(z, side >> (i - 1), inner) if i else z
        return g.op("Add", z, x)

    x, ci, side, skips = g.input(1, 3, size, size), 3, size, []
    for depth in (6, 5, 4):
        x, ci = small_unet(x, ci, side, depth), width
        skips.append((x, side, depth))
        x, side = halved(g, x, 2), side // 2
    x = small_unet(x, width, side, 3)
    maps = [to_size(conv(g, x, width, 1), size, 1)]
    for skip, side, depth in reversed(skips):
        x = small_unet(g.op("Concat", to_size(x, side, width), skip, axis=1), 2 * width, side, depth)
        y = conv(g, x, width, 1)
        maps.append(y if side == size else to_size(y, size, 1))
    return g.op("Sigmoid", conv(g, g.op("Concat", *maps, axis=1), len(maps), 1, 1))


NESTED_IMAGES = {
    "u2netp_160": ("CNN", lambda g: nested(g, 160)),
}
