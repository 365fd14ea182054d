"""LFM2: most layers mix tokens by a short gated convolution, some by attention."""

from __future__ import annotations

from npusim.language.blocks.attention import Attention
from npusim.language.blocks.short_convolution import ShortConvolution
from npusim.language.decoder import FULL, attention, feed_forward, head_dim, norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm, Residual

MODEL_TYPES = ("lfm2",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; the feed-forward is narrower than written, if the file says that it is adjusted."""
    keys = keys.or_else(norm_eps=1e-5, conv_L_cache=3, num_key_value_heads=8, intermediate_size=12288)
    keys = keys.or_else(rms_norm_eps=keys.number("norm_eps"), rope_theta=1e6)
    hidden, eps, channels = keys.size("hidden_size"), keys.number("norm_eps"), head_dim(keys)
    rotary = keys.rotary(channels)
    where = keys.values.get("full_attn_idxs")
    kinds = keys.kinds(lambda i: FULL if where is None or i in where else "conv", (FULL, "conv"))
    mlp = feed_forward(
        keys, inner=_inner(keys), name="feed_forward", names=("w1", "w3", "w2"), bias=False, activation="silu"
    )
    norms = (Norm("q_layernorm", channels, eps), Norm("k_layernorm", channels, eps))

    def layer(index: int) -> Layer:
        mixer: Attention | ShortConvolution
        if kinds[index] == FULL:
            mixer = attention(keys, index, rotary, norms=norms, out_name="out_proj")
        else:
            mixer = ShortConvolution(index, hidden, keys.size("conv_L_cache"), keys.flag("conv_bias"))
        return Residual((mixer,), norm(keys, "operator_norm")), Residual((mlp,), norm(keys, "ffn_norm"))

    tied = keys.flag("tie_embedding", keys.flag("tie_word_embeddings", True))
    return keys.model(layer, norm(keys, "embedding_norm"), tied=tied)


def _inner(keys: Keys) -> int:
    """Channels of the feed-forward: two thirds of what is written, times a factor, rounded up."""
    inner = keys.size("block_ff_dim", keys.size("intermediate_size"))
    if not keys.flag("block_auto_adjust_ff_dim", True):
        return inner
    inner = int(keys.number("block_ffn_dim_multiplier", 1.0) * int(2 * inner / 3))
    step = keys.size("block_multiple_of", 256)
    return -(-inner // step) * step
