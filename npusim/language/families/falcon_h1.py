"""Falcon-H1: attention and a Mamba-2 mixer side by side in each layer, with a factor for nearly everything."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, mamba2, mamba_channels, norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Residual

MODEL_TYPES = ("falcon_h1",)


def model(keys: Keys) -> ModelConfig:
    """x + attention(norm(x)) + mixer(norm(x)), then x + feed-forward(norm(x))."""
    keys = keys.or_else(rms_norm_eps=1e-5, num_key_value_heads=8)
    rotary = keys.rotary(head_dim(keys))
    down, up = keys.numbers("mlp_multipliers", (1.0, 1.0))
    mlp = feed_forward(keys, name="feed_forward", multipliers=(down, up))
    factors = (
        keys.number("ssm_in_multiplier", 1.0),
        *keys.numbers("ssm_multipliers", (1.0,) * 5),
        keys.number("ssm_out_multiplier", 1.0),
    )
    around = keys.number("attention_in_multiplier", 1.0), keys.number("attention_out_multiplier", 1.0)

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, rotary, key_multiplier=keys.number("key_multiplier", 1.0), multipliers=around
        )
        both = (
            mamba2(
                keys,
                index,
                keys.size("mamba_d_ssm", mamba_channels(keys)),
                out_bias=keys.flag("projectors_bias"),
                normed=keys.flag("mamba_rms_norm"),
                norm_first=keys.flag("mamba_norm_before_gate", True),
                multipliers=factors,
            ),
            mixer,
        )
        return Residual(both, norm(keys, "input_layernorm")), Residual((mlp,), norm(keys, "pre_ff_layernorm"))

    return keys.model(
        layer, norm(keys, "final_layernorm"),
        embedding_multiplier=keys.number("embedding_multiplier", 1.0),
        logits_multiplier=keys.number("lm_head_multiplier", 1.0),
    )  # fmt: skip
