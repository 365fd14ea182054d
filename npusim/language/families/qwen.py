"""Qwen2 (and 2.5), whose queries, keys and values have biases, and Qwen3, whose queries and keys are normed by head,
and whose feed-forward may be of experts."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm, routed, windows
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm

MODEL_TYPES = ("qwen2", "qwen3", "qwen3_moe")


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; from a certain layer on, a window if it is switched on."""
    kind = keys.text("model_type", "")
    newer, expert = kind != "qwen2", kind == "qwen3_moe"
    keys = keys.or_else(
        head_dim=128 if kind == "qwen3" else None, use_sliding_window=False, max_window_layers=28
    )
    if expert:  # no layer is told apart there
        keys = keys.or_else(num_key_value_heads=4).told(max_window_layers=0)
    channels = head_dim(keys)
    rotary = keys.rotary(channels)
    eps = keys.number("rms_norm_eps", 1e-6)
    norms = (Norm("q_norm", channels, eps), Norm("k_norm", channels, eps)) if newer else None
    bias = {"bias": True, "out_bias": False} if not newer else {}
    mlps = routed(keys) if expert else [feed_forward(keys)] * keys.layers()
    seen = windows(keys)

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, norms=norms, window=seen[index], **bias)
        return pre_norm(keys, mixer, mlps[index])

    return keys.model(layer, norm(keys, "norm"))
