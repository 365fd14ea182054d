"""OLMo, whose norms have no weights, and OLMo 2, which norms behind its branches and all queries and keys at once."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, in_turn, norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm, Residual

MODEL_TYPES = ("olmo", "olmo2")


def model(keys: Keys) -> ModelConfig:
    """A Llama but for its norms; OLMo may clip queries, keys and values."""
    rotary, mlp = keys.rotary(head_dim(keys)), feed_forward(keys)
    if keys.text("model_type", "") == "olmo":
        return _first(keys.told(use_parallel_residual=False))
    eps, channels = keys.number("rms_norm_eps", 1e-5), head_dim(keys)
    heads = keys.size("num_attention_heads")
    shared = keys.size("num_key_value_heads", heads)
    norms = Norm("q_norm", heads * channels, eps), Norm("k_norm", shared * channels, eps)

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, norms=norms, flat_norms=True)
        return (
            Residual((mixer,), None, norm(keys, "post_attention_layernorm", eps=eps)),
            Residual((mlp,), None, norm(keys, "post_feedforward_layernorm", eps=eps)),
        )

    return keys.model(layer, norm(keys, "norm", eps=eps))


def _first(keys: Keys) -> ModelConfig:
    rotary, mlp, clip = keys.rotary(head_dim(keys)), feed_forward(keys), keys.optional("clip_qkv")

    def plain(name: str) -> Norm:
        return norm(keys, name, layer=True, scaled=False, eps=1e-5)

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, clip=clip)
        return in_turn(keys, mixer, mlp, plain("input_layernorm"), plain("post_attention_layernorm"))

    return keys.model(layer, plain("norm"))
