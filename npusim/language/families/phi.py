"""Phi-1, 1.5 and 2: attention and feed-forward side by side behind one LayerNorm, half of a head's channels turned."""

from __future__ import annotations

from npusim.language.decoder import attention, head_dim, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Residual

MODEL_TYPES = ("phi",)
EPS = "layer_norm_eps"


def model(keys: Keys) -> ModelConfig:
    """All matrices have biases, the head too. Raises BadModel for normed queries and keys."""
    if keys.flag("qk_layernorm"):
        raise keys.wrong("'qk_layernorm' is true, which no published Phi is: not known")
    keys = keys.or_else(partial_rotary_factor=0.5, hidden_act="gelu_new")
    rotary = keys.rotary(head_dim(keys))
    mlp = plain_feed_forward(keys, "fc1", "fc2")

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, out_name="dense", bias=True, out_bias=True)
        return (Residual((mixer, mlp), layer_norm(keys, "input_layernorm", EPS)),)

    return keys.model(layer, layer_norm(keys, "final_layernorm", EPS), head_bias=True)
