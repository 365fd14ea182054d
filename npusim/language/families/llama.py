"""Llama, and Mistral, which is a Llama whose layers may see a window."""

from __future__ import annotations

from npusim.language.blocks.attention import Attention
from npusim.language.blocks.feed_forward import FeedForward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm, Residual

MODEL_TYPES = ("llama", "mistral")


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers of attention and gated feed-forward."""
    hidden, eps = keys.size("hidden_size"), keys.number("rms_norm_eps", 1e-6)
    heads = keys.size("num_attention_heads")
    head_dim = keys.size("head_dim", hidden // heads)
    rotary = keys.rotary(head_dim)

    def layer(index: int) -> Layer:
        attention = Attention(
            index, hidden, heads, keys.size("num_key_value_heads", heads), head_dim, rotary,
            bias=keys.flag("attention_bias"), out_bias=keys.flag("attention_bias"), window=keys.window(),
        )  # fmt: skip
        mlp = FeedForward(
            hidden, keys.size("intermediate_size"), keys.activation(), bias=keys.flag("mlp_bias")
        )
        return (
            Residual((attention,), Norm("input_layernorm", hidden, eps)),
            Residual((mlp,), Norm("post_attention_layernorm", hidden, eps)),
        )

    return keys.model(layer, Norm("norm", hidden, eps))
