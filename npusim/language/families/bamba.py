"""Bamba: a Mamba-2 mixer in most layers, attention in a few, a gated feed-forward in all."""

from __future__ import annotations

from npusim.language.blocks.attention import Attention
from npusim.language.blocks.mamba2 import Mamba2
from npusim.language.decoder import attention, feed_forward, head_dim, mamba2, mamba_channels, norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Residual

MODEL_TYPES = ("bamba",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; half of a head's channels know positions, whatever the file says."""
    keys = keys.or_else(rms_norm_eps=1e-5, num_key_value_heads=8).told(partial_rotary_factor=0.5)
    rotary, mlp = keys.rotary(head_dim(keys)), feed_forward(keys, name="feed_forward")
    told = keys.values.get("attn_layer_indices")
    where = told if isinstance(told, list) else []

    def layer(index: int) -> Layer:
        mixer: Attention | Mamba2
        if index in where:
            mixer = attention(keys, index, rotary)
        else:
            mixer = mamba2(keys, index, mamba_channels(keys))
        return Residual((mixer,), norm(keys, "input_layernorm")), Residual(
            (mlp,), norm(keys, "pre_ff_layernorm")
        )

    return keys.model(layer, norm(keys, "final_layernorm"))
