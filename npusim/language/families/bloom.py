"""Bloom: no positions but what each head adds to its scores (ALiBi); embeddings are normed."""

from __future__ import annotations

from npusim.language.decoder import attention, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig

MODEL_TYPES = ("bloom",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers of packed attention and a feed-forward of two matrices. Raises BadModel where branches begin
    behind the norm (`apply_residual_connection_post_layernorm`)."""
    if keys.flag("apply_residual_connection_post_layernorm"):
        raise keys.wrong(
            "'apply_residual_connection_post_layernorm' is true, which no published Bloom is: not known"
        )
    keys = keys.renamed(hidden_size="n_embed", num_hidden_layers="n_layer", num_attention_heads="n_head")
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    keys = keys.told(num_key_value_heads=heads, head_dim=max(hidden // heads, 1), use_parallel_residual=False)
    mlp = plain_feed_forward(keys, "dense_h_to_4h", "dense_4h_to_h", inner=4 * hidden, activation="gelu_tanh")

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, None, name="self_attention", packed=True, packed_name="query_key_value", by_group=True,
            out_name="dense", bias=True, out_bias=True, alibi=1.0,
        )  # fmt: skip
        first, second = (layer_norm(keys, name) for name in ("input_layernorm", "post_attention_layernorm"))
        return in_turn(keys, mixer, mlp, first, second)

    return keys.model(
        layer, layer_norm(keys, "ln_f"), prefix="transformer", embedding="word_embeddings", layers_name="h",
        embedding_norm=layer_norm(keys, "word_embeddings_layernorm"), tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip
