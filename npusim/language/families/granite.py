"""Granite: a Llama with factors of its embeddings, branches, scores and logits."""

from __future__ import annotations

from dataclasses import replace

from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig

MODEL_TYPES = ("granite",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers whose branches are scaled."""
    rotary, mlp = keys.rotary(head_dim(keys)), feed_forward(keys)
    scale, share = keys.number("attention_multiplier", 1.0), keys.number("residual_multiplier", 1.0)
    divisor = keys.positive("logits_scaling", 1.0)

    def layer(index: int) -> Layer:
        plain = pre_norm(keys, attention(keys, index, rotary, scale=scale), mlp)
        return tuple(replace(branch, multiplier=share) for branch in plain)

    return keys.model(
        layer, norm(keys, "norm"),
        embedding_multiplier=keys.number("embedding_multiplier", 1.0), logits_multiplier=1 / divisor,
    )  # fmt: skip
