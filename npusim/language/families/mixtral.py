"""Mixtral: a Mistral whose feed-forward is of experts."""

from __future__ import annotations

from npusim.language.blocks.experts import Experts
from npusim.language.decoder import attention, head_dim, norm, pre_norm, told_apart
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig

MODEL_TYPES = ("mixtral",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; the weights of the chosen experts sum to 1."""
    keys = keys.or_else(num_local_experts=8, num_experts_per_tok=2, rms_norm_eps=1e-5)
    rotary = keys.rotary(head_dim(keys), default_theta=1e6)
    count, chosen = told_apart(keys, keys.size("num_local_experts"), "num_local_experts")
    experts = Experts(
        keys.size("hidden_size"), keys.size("intermediate_size"), count, chosen, None, keys.activation(), True
    )
    return keys.model(
        lambda i: pre_norm(keys, attention(keys, i, rotary, window=keys.window()), experts),
        norm(keys, "norm"),
    )
