"""A learned codec's encoder."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.layers import conv


def cheng_encoder(g: Builder, e: int, n: int = 128) -> list[str]:
    """Cheng's codec of 2020: the encoder of residual blocks and the hyper encoder."""
    leaky = leaky_of(0.01)

    def strided(x: str, a: int) -> str:
        y = conv(g, leaky(g, conv(g, x, a, n, 3, 2)), n, n, 3)
        norm = g.op("Conv", g.op("Mul", y, y), g.weight(n, n, 1, 1), g.weight(n))
        return g.op("Add", g.op("Div", y, g.op("Sqrt", norm)), conv(g, x, a, n, 1, 2))

    def residual(x: str) -> str:
        return g.op("Add", leaky(g, conv(g, leaky(g, conv(g, x, n, n, 3)), n, n, 3)), x)

    x = residual(strided(g.input(1, 3, e, e), 3))
    y = conv(g, residual(strided(residual(strided(x, n)), n)), n, n, 3, 2)
    z = leaky(g, conv(g, leaky(g, conv(g, y, n, n, 3)), n, n, 3))
    z = leaky(g, conv(g, leaky(g, conv(g, z, n, n, 3, 2)), n, n, 3))
    return [y, conv(g, z, n, n, 3, 2)]


LATEST_CODECS = {
    "cheng2020_enc_256": ("CNN", lambda g: cheng_encoder(g, 256)),
}  # fmt: skip
