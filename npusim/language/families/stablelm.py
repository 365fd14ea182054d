"""StableLM: a Llama with LayerNorm, a quarter of a head's channels turned, in some one norm for both branches."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, in_turn, layer_norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Residual

MODEL_TYPES = ("stablelm",)
EPS = "layer_norm_eps"


def model(keys: Keys) -> ModelConfig:
    """Raises BadModel for queries and keys that are normed head by head (StableLM 2 12B)."""
    if keys.flag("qk_layernorm"):
        raise keys.wrong(
            "'qk_layernorm' is true: a StableLM that norms each head with weights of its own is not known"
        )
    keys = keys.or_else(partial_rotary_factor=0.25)
    rotary, mlp = keys.rotary(head_dim(keys)), feed_forward(keys)
    bias, side_by_side = keys.flag("use_qkv_bias"), keys.flag("use_parallel_residual")

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, bias=bias, out_bias=False)
        first = layer_norm(keys, "input_layernorm", EPS)
        if side_by_side:
            return (Residual((mixer, mlp), first),)
        return in_turn(keys, mixer, mlp, first, layer_norm(keys, "post_attention_layernorm", EPS))

    return keys.model(layer, layer_norm(keys, "norm", EPS))
