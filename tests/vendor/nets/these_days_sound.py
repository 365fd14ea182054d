"""Sound: what is heard by EfficientAT's MobileNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3L, dense
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import activated, relu
from tests.vendor.nets.layers import conv
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish


def mn10(g: Builder, t: int, mel: int = 128, tags: int = 527) -> str:
    """EfficientAT's mn10: MobileNetV3-large of a spectrogram, 527 tags."""
    x, ci = activated(g, g.input(1, 1, mel, t), 1, 16, 3, 2, act=hswish), 16
    for k, m, co, gate, hard, s in V3L:
        act = hswish if hard else relu
        y = activated(g, x, ci, m, act=act) if m != ci else x
        y = activated(g, y, m, m, k, s, m, act=act)
        if gate:
            y = hard_squeezed(g, y, m, 24 if m == 72 else (m // 4 + 4) // 8 * 8)
        y = conv(g, y, m, co, 1)
        x, ci = g.op("Add", y, x) if s == 1 and ci == co else y, co
    x = g.op("Flatten", mean(g, activated(g, x, ci, 960, act=hswish)), axis=1)
    return dense(g, hswish(g, dense(g, x, 960, 1280)), 1280, tags)


THESE_DAYS_SOUND = {
    "mn10_audio_128x1000": ("CNN", lambda g: mn10(g, 1000)),
}  # fmt: skip
