"""Phi-3: a Llama with queries, keys and values in one matrix, gate and up in another."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig

MODEL_TYPES = ("phi3",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; rotary positions may turn a part of the channels only, and have a set for long contexts."""
    keys = keys.or_else(rms_norm_eps=1e-5, original_max_position_embeddings=4096)
    rotary = keys.rotary(head_dim(keys))
    mlp = feed_forward(keys, packed=True, names=("gate_up_proj", "", "down_proj"))
    return keys.model(
        lambda i: pre_norm(keys, attention(keys, i, rotary, packed=True, window=keys.window()), mlp),
        norm(keys, "norm"),
    )
