"""GPT-2, and GPT-BigCode (StarCoder), whose query heads share one key: a table of positions, LayerNorm, biases."""

from __future__ import annotations

from npusim.language.blocks.attention import Attention
from npusim.language.decoder import as_gpt2, attention
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig

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
    by_layer = keys.flag("scale_attn_by_inverse_layer_idx")
    scale = keys.size("head_dim") ** -0.5 if keys.flag("scale_attn_weights", True) else 1.0

    def mixer(index: int) -> Attention:
        return attention(
            keys, index, None, name="attn", packed=True, packed_name="c_attn", by_group=shared and not one_key,
            out_name="c_proj", bias=True, out_bias=True, scale=scale / (index + 1) if by_layer else scale,
        )  # fmt: skip

    return as_gpt2(keys, mixer, inner)
