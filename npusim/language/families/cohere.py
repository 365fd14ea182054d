"""Cohere (Command R): attention and feed-forward side by side behind one LayerNorm; in 2 most layers see a window."""

from __future__ import annotations

from dataclasses import replace

from npusim.language.decoder import FULL, SLIDING, attention, feed_forward, head_dim, layer_norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm, Residual

MODEL_TYPES = ("cohere", "cohere2")


def model(keys: Keys) -> ModelConfig:
    """Pairs of channels turned by position stand side by side; in Cohere 2 layers that see all have no positions.
    Raises BadModel for queries and keys that are normed head by head (Command R+)."""
    if keys.flag("use_qk_norm"):
        raise keys.wrong(
            "'use_qk_norm' is true: a Cohere that norms each head with weights of its own is not known"
        )
    second = keys.text("model_type", "") == "cohere2"
    rotary = replace(keys.rotary(head_dim(keys)), interleaved=True)
    mlp, window = feed_forward(keys, bias=False), keys.window() if second else None
    every = keys.size("sliding_window_pattern", 4)
    kinds = keys.kinds(lambda i: SLIDING if second and (i + 1) % every else FULL, (SLIDING, FULL))

    def scale(name: str) -> Norm:
        return layer_norm(keys, name, "layer_norm_eps", bias=False)

    def layer(index: int) -> Layer:
        near = kinds[index] == SLIDING
        mixer = attention(
            keys, index, rotary if near or not second else None, window=window if near else None
        )
        return (Residual((mixer, mlp), scale("input_layernorm")),)

    return keys.model(
        layer, scale("norm"), logits_multiplier=keys.positive("logit_scale", 0.0625),
        tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip
