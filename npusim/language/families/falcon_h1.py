"""Falcon-H1: attention and a Mamba-2 mixer side by side in each layer, with a factor for nearly everything."""

from __future__ import annotations

from npusim.language.blocks.mamba2 import Mamba2
from npusim.language.decoder import attention, feed_forward, head_dim, norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Residual

MODEL_TYPES = ("falcon_h1",)


def model(keys: Keys) -> ModelConfig:
    """x + attention(norm(x)) + mixer(norm(x)), then x + feed-forward(norm(x))."""
    keys = keys.or_else(rms_norm_eps=1e-5, num_key_value_heads=8)
    rotary = keys.rotary(head_dim(keys))
    down, up = keys.numbers("mlp_multipliers", (1.0, 1.0))
    mlp = feed_forward(keys, name="feed_forward", multipliers=(down, up))
    around = keys.number("attention_in_multiplier", 1.0), keys.number("attention_out_multiplier", 1.0)

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, rotary, key_multiplier=keys.number("key_multiplier", 1.0), multipliers=around
        )
        both = (_mamba(keys, index), mixer)
        return Residual(both, norm(keys, "input_layernorm")), Residual((mlp,), norm(keys, "pre_ff_layernorm"))

    return keys.model(
        layer, norm(keys, "final_layernorm"),
        embedding_multiplier=keys.number("embedding_multiplier", 1.0),
        logits_multiplier=keys.number("lm_head_multiplier", 1.0),
    )  # fmt: skip


def _mamba(keys: Keys, layer: int) -> Mamba2:
    hidden, heads = keys.size("hidden_size"), keys.size("mamba_n_heads", 128)
    inner = keys.size("mamba_d_ssm", int(keys.number("mamba_expand", 2) * hidden))
    if inner % heads:
        raise keys.wrong(f"{heads} heads ('mamba_n_heads') cannot share {inner} channels ('mamba_d_ssm')")
    groups = keys.size("mamba_n_groups", 1)
    keys.shared(heads, groups, "mamba_n_heads", "mamba_n_groups")
    return Mamba2(
        layer, hidden, heads, inner // heads, groups, keys.size("mamba_d_state", 256),
        keys.size("mamba_d_conv", 4), keys.chunk("mamba_chunk_size"), keys.number("rms_norm_eps"),
        bias=keys.flag("mamba_proj_bias"), conv_bias=keys.flag("mamba_conv_bias", True),
        out_bias=keys.flag("projectors_bias"), normed=keys.flag("mamba_rms_norm"),
        norm_first=keys.flag("mamba_norm_before_gate", True), limits=keys.limits("time_step_limit"),
        activation=keys.activation(), name="mamba",
        multipliers=(
            keys.number("ssm_in_multiplier", 1.0),
            *keys.numbers("ssm_multipliers", (1.0,) * 5),
            keys.number("ssm_out_multiplier", 1.0),
        ),
    )  # fmt: skip
