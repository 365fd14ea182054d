"""Qwen2 (and 2.5), whose queries, keys and values have biases, and Qwen3, whose queries and keys are normed by head."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm, windows
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm

MODEL_TYPES = ("qwen2", "qwen3")


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; from a certain layer on, a window if it is switched on."""
    newer = keys.text("model_type", "") == "qwen3"
    keys = keys.or_else(head_dim=128 if newer else None, use_sliding_window=False)
    channels = head_dim(keys)
    rotary = keys.rotary(channels)
    eps = keys.number("rms_norm_eps", 1e-6)
    norms = (Norm("q_norm", channels, eps), Norm("k_norm", channels, eps)) if newer else None
    bias = {"bias": True, "out_bias": False} if not newer else {}
    mlp, seen = feed_forward(keys), windows(keys)

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, norms=norms, window=seen[index], **bias)
        return pre_norm(keys, mixer, mlp)

    return keys.model(layer, norm(keys, "norm"))
