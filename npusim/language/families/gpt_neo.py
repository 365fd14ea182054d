"""GPT-Neo: a table of positions, every second layer sees a window, scores that are not scaled."""

from __future__ import annotations

from npusim.language.decoder import attention, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Positions

MODEL_TYPES = ("gpt_neo",)
GLOBAL, LOCAL = "global", "local"


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers with biases, but for queries, keys and values."""
    keys = keys.renamed(
        num_hidden_layers="num_layers", num_attention_heads="num_heads", hidden_act="activation_function",
        layer_types="attention_layers",
    )  # fmt: skip
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    keys = keys.told(
        num_key_value_heads=heads, head_dim=max(hidden // heads, 1), use_parallel_residual=False
    ).or_else(hidden_act="gelu_new", max_position_embeddings=2048)
    inner = keys.size("intermediate_size", 4 * hidden)
    kinds = keys.kinds(lambda index: LOCAL if index % 2 else GLOBAL, (GLOBAL, LOCAL))
    window = keys.size("window_size", 256)
    mlp = plain_feed_forward(keys, "c_fc", "c_proj", inner=inner)

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, None, name="attn.attention", out_name="out_proj", bias=False, out_bias=True, scale=1.0,
            window=window if kinds[index] == LOCAL else None,
        )  # fmt: skip
        return in_turn(keys, mixer, mlp, layer_norm(keys, "ln_1"), layer_norm(keys, "ln_2"))

    return keys.model(
        layer, layer_norm(keys, "ln_f"), prefix="transformer", embedding="wte", layers_name="h",
        positions=Positions("wpe", keys.size("max_position_embeddings")),
        tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip
