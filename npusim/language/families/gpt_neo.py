"""GPT-Neo: a table of positions, every second layer sees a window, scores that are not scaled."""

from __future__ import annotations

from npusim.language.blocks.attention import Attention
from npusim.language.decoder import as_gpt2, attention
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig

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

    def mixer(index: int) -> Attention:
        return attention(
            keys, index, None, name="attn.attention", out_name="out_proj", bias=False, out_bias=True, scale=1.0,
            window=window if kinds[index] == LOCAL else None,
        )  # fmt: skip

    return as_gpt2(keys, mixer, inner)
