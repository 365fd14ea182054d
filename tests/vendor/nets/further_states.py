"""State-space models and hybrids at further sizes: prompts, steps of batches, images scanned, gates of keys."""

from tests.vendor.builder import Builder
from tests.vendor.nets import linear_attention as la
from tests.vendor.nets import recurrences as rec
from tests.vendor.nets.current_states import vmamba
from tests.vendor.nets.everyday_states import bamba, mamba1_slow
from tests.vendor.nets.known_states import mamba1_step_b, outer_step, scanned
from tests.vendor.nets.layers import conv, gelu, layernorm, linear
from tests.vendor.nets.newer_states import goose, matrix_step
from tests.vendor.nets.popular_states import mamba2_step_b
from tests.vendor.nets.prompt_states import second_order
from tests.vendor.nets.scanned_images import both_ways
from tests.vendor.nets.state_space import Sizes, mamba2


def u_mamba(g: Builder, side: int, c: int, states: int = 8) -> str:
    """U-Mamba's block: two windows around a skip, then a scan of all pixels (by doubling)."""
    x, L = g.input(1, c, side, side), side * side
    y = g.op("LeakyRelu", conv(g, x, c, c), alpha=0.01)
    x = g.op("LeakyRelu", g.op("Add", x, conv(g, y, c, c)), alpha=0.01)
    y = layernorm(g, g.op("Transpose", g.op("Reshape", x, g.const([1, c, L])), perm=[0, 2, 1]), c)
    y = scanned(g, linear(g, y, c, 2 * c, False), L, 2 * c, 16, states)
    y = linear(g, gelu(g, y), 2 * c, c, False)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1]), g.const([1, c, side, side]))
    return conv(g, g.op("Add", x, y), c, 2 * c, 3, 2)


FURTHER_STATES = {
    "mamba1_370m_step_b4": ("SSM", lambda g: mamba1_step_b(g, 4, 1024, 1)),
    "mamba1_130m_slow_L32": ("SSM", lambda g: mamba1_slow(g, 32, 768)),
    "mamba2_370m_c64_L128": ("SSM", lambda g: mamba2(g, 128, Sizes(1024, 32, 64, 128, 64))),
    "mamba2_130m_L1024": ("SSM", lambda g: mamba2(g, 1024, Sizes(768, 24, 64, 128, 256))),
    "mamba2_130m_step_b2_x2": ("SSM", lambda g: mamba2_step_b(g, 2, Sizes(768, 24, 64, 128, 256), 2)),
    "rwkv7_step_w1024_x2": ("SSM", lambda g: goose(g, 16, 2)),
    "rwkv6_L48_w768": ("SSM", lambda g: la.receptance(g, 48, 12)),
    "gla_340m_256": ("SSM", lambda g: la.gated_chunks(g, 256, 64, 4, 128, 256)),
    "gla_step_x3_h8": ("SSM", lambda g: outer_step(g, 8, 64, 128, 3, True)),
    "mlstm_step_x1_w512": ("SSM", lambda g: matrix_step(g, 4, 512, 1)),
    "deltanet_L128_w512": ("SSM", lambda g: la.delta_chunks(g, 128, 64, 4, 128)),
    "based_256_h8": ("SSM", lambda g: second_order(g, 256, 8, 64)),
    "hyena_256_w512": ("SSM", lambda g: rec.long_convolution(g, 256, 512, 128)),
    "griffin_256_w640": ("SSM", lambda g: rec.gated_recurrence(g, 256, 640, 1920)),
    "vmamba_t_28_w192": ("SSM", lambda g: vmamba(g, 28, 192, 1, 12)),
    "vim_tiny_8_w192": ("SSM", lambda g: both_ways(g, 8, 192)),
    "u_mamba_16_c64": ("SSM", lambda g: u_mamba(g, 16, 64)),
    "granite_h_L256_w768": ("SSM", lambda g: bamba(g, 256, Sizes(768, 24, 64, 128, 256), 12, 4, 2048)),
}  # fmt: skip
