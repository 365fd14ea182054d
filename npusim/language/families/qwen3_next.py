"""Qwen3-Next: three of four layers are a gated delta net, the fourth attention with a gate; feed-forward by experts."""

from __future__ import annotations

from npusim.language.blocks.attention import Attention
from npusim.language.blocks.delta_net import DeltaNet
from npusim.language.blocks.feed_forward import FeedForward
from npusim.language.decoder import FULL, attention, head_dim, norm, routed
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm, Residual

MODEL_TYPES = ("qwen3_next",)
LINEAR = "linear_attention"


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers, norms scale by 1 + weight. Without the layer that predicts several tokens at once."""
    keys = keys.or_else(head_dim=256, partial_rotary_factor=0.25)
    channels, eps = head_dim(keys), keys.number("rms_norm_eps", 1e-6)
    rotary = keys.rotary(channels)
    norms = (Norm("q_norm", channels, eps, True), Norm("k_norm", channels, eps, True))
    every = keys.size("full_attention_interval", 4)
    kinds = keys.kinds(lambda i: LINEAR if (i + 1) % every else FULL, (LINEAR, FULL))
    shared = FeedForward(
        keys.size("hidden_size"), keys.size("shared_expert_intermediate_size", 512), keys.activation(),
        name="shared_expert",
    )  # fmt: skip
    keys = keys.or_else(
        num_experts=512, num_experts_per_tok=10, moe_intermediate_size=512, norm_topk_prob=True
    )
    mlps = routed(keys, shared)

    def layer(index: int) -> Layer:
        mixer: Attention | DeltaNet
        if kinds[index] == FULL:
            mixer = attention(keys, index, rotary, norms=norms, gated=True)
        else:
            mixer = _delta_net(keys, index, eps)
        return (
            Residual((mixer,), norm(keys, "input_layernorm", plus_one=True)),
            Residual((mlps[index],), norm(keys, "post_attention_layernorm", plus_one=True)),
        )

    return keys.model(layer, norm(keys, "norm", plus_one=True))


def _delta_net(keys: Keys, layer: int, eps: float) -> DeltaNet:
    own, shared = keys.size("linear_num_value_heads", 32), keys.size("linear_num_key_heads", 16)
    keys.shared(own, shared, "linear_num_value_heads", "linear_num_key_heads")
    return DeltaNet(
        layer, keys.size("hidden_size"), shared, own, keys.size("linear_key_head_dim", 128),
        keys.size("linear_value_head_dim", 128), keys.size("linear_conv_kernel_dim", 4), eps, keys.activation(),
    )  # fmt: skip
