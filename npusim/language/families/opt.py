"""OPT: a table of positions that begins two rows further, LayerNorm, biases, ReLU."""

from __future__ import annotations

from typing import Any

from npusim.language.decoder import attention, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Positions

MODEL_TYPES = ("opt",)
BEFORE_TABLE = 2  # rows of the table of positions that no position has


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers. Raises BadModel for OPT-350m, which norms behind its branches and embeds in fewer channels."""
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    if not keys.flag("do_layer_norm_before", True):
        raise keys.wrong(
            "'do_layer_norm_before' is false: an OPT that norms behind its branches is not known"
        )
    if keys.size("word_embed_proj_dim", hidden) != hidden:
        raise keys.wrong(
            "'word_embed_proj_dim' is not 'hidden_size': an OPT with projected embeddings is not known"
        )
    bias = keys.flag("enable_bias", True)
    affine = keys.flag("layer_norm_elementwise_affine", True)
    keys = (
        keys.renamed(intermediate_size="ffn_dim", hidden_act="activation_function")
        .told(num_key_value_heads=heads, head_dim=max(hidden // heads, 1), use_parallel_residual=False)
        .or_else(hidden_act="relu", max_position_embeddings=2048)
    )
    mlp = plain_feed_forward(keys, "fc1", "fc2", name="", bias=bias)
    around: dict[str, Any] = {"scaled": affine, "bias": affine}

    def layer(index: int) -> Layer:
        mixer = attention(keys, index, None, out_name="out_proj", bias=bias, out_bias=bias)
        first, second = (
            layer_norm(keys, name, **around) for name in ("self_attn_layer_norm", "final_layer_norm")
        )
        return in_turn(keys, mixer, mlp, first, second)

    rows = keys.size("max_position_embeddings") + BEFORE_TABLE
    return keys.model(
        layer, layer_norm(keys, "final_layer_norm", **around), prefix="model.decoder",
        positions=Positions("embed_positions", rows, BEFORE_TABLE), tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip
