"""Qwen2 (and 2.5), whose queries, keys and values have biases, and Qwen3, whose queries and keys are normed by head;
the feed-forward of both may be of experts."""

from __future__ import annotations

from npusim.language.blocks.experts import Experts
from npusim.language.blocks.feed_forward import FeedForward
from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm, routed, windows
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm

MODEL_TYPES = ("qwen2", "qwen3", "qwen2_moe", "qwen3_moe")


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; from a certain layer on, a window if it is switched on."""
    kind = keys.text("model_type", "")
    newer, expert = kind.startswith("qwen3"), kind.endswith("_moe")
    keys = keys.or_else(
        head_dim=128 if kind == "qwen3" else None, use_sliding_window=False, max_window_layers=28
    )
    if kind == "qwen3_moe":  # no layer is told apart there
        keys = keys.or_else(num_key_value_heads=4).told(max_window_layers=0)
    channels = head_dim(keys)
    rotary = keys.rotary(channels)
    eps = keys.number("rms_norm_eps", 1e-6)
    norms = (Norm("q_norm", channels, eps), Norm("k_norm", channels, eps)) if newer else None
    bias = {"bias": keys.flag("qkv_bias", True), "out_bias": False} if not newer else {}
    mlps = _experts(keys, newer) if expert else [feed_forward(keys)] * keys.layers()
    seen = windows(keys)

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, norms=norms, window=seen[index], **bias)
        return pre_norm(keys, mixer, mlps[index])

    return keys.model(layer, norm(keys, "norm"))


def _experts(keys: Keys, newer: bool) -> list[FeedForward | Experts]:
    """The feed-forward of each layer; that of Qwen2 has one for all tokens beside the chosen ones."""
    if newer:
        return routed(keys)
    keys = keys.or_else(num_experts=60, num_experts_per_tok=4, moe_intermediate_size=1408)
    shared = FeedForward(
        keys.size("hidden_size"), keys.size("shared_expert_intermediate_size", 5632), keys.activation(),
        name="shared_expert",
    )  # fmt: skip
    return routed(keys, shared)
