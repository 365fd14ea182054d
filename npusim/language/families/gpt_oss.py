"""GPT-OSS: experts with biases, a score in each head that leads nowhere, a window in every second layer."""

from __future__ import annotations

from npusim.language.blocks.experts import Clamped, Experts
from npusim.language.decoder import FULL, SLIDING, attention, head_dim, norm, pre_norm, told_apart
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig

MODEL_TYPES = ("gpt_oss",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; all matrices but the head have biases."""
    keys = keys.or_else(
        head_dim=64, num_local_experts=128, num_experts_per_tok=4, rms_norm_eps=1e-5, attention_bias=True,
        num_key_value_heads=8, sliding_window=128,
    )  # fmt: skip
    rotary = keys.rotary(head_dim(keys), default_theta=150_000.0)
    count, chosen = told_apart(keys, keys.size("num_local_experts"), "num_local_experts")
    clamped = Clamped(keys.number("swiglu_alpha", 1.702), keys.positive("swiglu_limit", 7.0))
    mlp = Experts(
        keys.size("hidden_size"),
        keys.size("intermediate_size"),
        count,
        chosen,
        None,
        clamped=clamped,
        router="router",
    )
    kinds = keys.kinds(lambda index: FULL if index % 2 else SLIDING, (SLIDING, FULL))

    def layer(index: int) -> Layer:
        window = keys.window() if kinds[index] == SLIDING else None
        return pre_norm(keys, attention(keys, index, rotary, window=window, sinks=True), mlp)

    return keys.model(layer, norm(keys, "norm"))
