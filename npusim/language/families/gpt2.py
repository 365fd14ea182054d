"""GPT-2, and GPT-BigCode (StarCoder), whose query heads share one key: a table of positions, LayerNorm, biases."""

from __future__ import annotations

from npusim.language.decoder import attention, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Positions

MODEL_TYPES = ("gpt2", "gpt_bigcode")


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers of packed attention and a feed-forward of two matrices."""
    shared = keys.text("model_type", "") == "gpt_bigcode"
    keys = keys.renamed(
        hidden_size="n_embd", num_hidden_layers="n_layer", num_attention_heads="n_head",
        hidden_act="activation_function", max_position_embeddings="n_positions",
    )  # fmt: skip
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    one_key = shared and keys.flag("multi_query", True)
    keys = keys.told(
        num_key_value_heads=1 if one_key else heads,
        head_dim=max(hidden // heads, 1),
        use_parallel_residual=False,
    ).or_else(hidden_act="gelu_new", max_position_embeddings=1024)
    inner = keys.size("n_inner", 4 * hidden)
    mlp = plain_feed_forward(keys, "c_fc", "c_proj", inner=inner)
    by_layer = keys.flag("scale_attn_by_inverse_layer_idx")
    scale = keys.size("head_dim") ** -0.5 if keys.flag("scale_attn_weights", True) else 1.0

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, None, name="attn", packed=True, packed_name="c_attn", by_group=shared and not one_key,
            out_name="c_proj", bias=True, out_bias=True, scale=scale / (index + 1) if by_layer else scale,
        )  # fmt: skip
        return in_turn(keys, mixer, mlp, layer_norm(keys, "ln_1"), layer_norm(keys, "ln_2"))

    return keys.model(
        layer, layer_norm(keys, "ln_f"), prefix="transformer", embedding="wte", layers_name="h",
        positions=Positions("wpe", keys.size("max_position_embeddings")),
        tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip
