"""Llama, and Mistral, which is a Llama whose layers may see a window."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig

MODEL_TYPES = ("llama", "mistral")


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers of attention and gated feed-forward."""
    rotary = keys.rotary(head_dim(keys))
    mlp = feed_forward(keys)
    return keys.model(
        lambda i: pre_norm(keys, attention(keys, i, rotary, window=keys.window()), mlp), norm(keys, "norm")
    )
