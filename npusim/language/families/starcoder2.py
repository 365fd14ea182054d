"""StarCoder2: a Llama with LayerNorm, biases and a feed-forward of two matrices."""

from __future__ import annotations

from npusim.language.decoder import attention, head_dim, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig

MODEL_TYPES = ("starcoder2",)
EPS = "norm_epsilon"


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers, in the published ones with a window."""
    bias = keys.flag("use_bias", True)
    keys = keys.or_else(hidden_act="gelu_pytorch_tanh", num_key_value_heads=2).told(
        use_parallel_residual=False
    )
    rotary = keys.rotary(head_dim(keys))
    mlp = plain_feed_forward(keys, "c_fc", "c_proj", bias=bias)

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, rotary, bias=bias, out_bias=bias, window=keys.window())
        first, second = (
            layer_norm(keys, name, EPS) for name in ("input_layernorm", "post_attention_layernorm")
        )
        return in_turn(keys, mixer, mlp, first, second)

    return keys.model(layer, layer_norm(keys, "norm", EPS), tied=keys.flag("tie_word_embeddings", True))
