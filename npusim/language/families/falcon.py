"""Falcon: attention and feed-forward side by side; one key head for all queries (7B), or a few (40B), in one matrix."""

from __future__ import annotations

from npusim.language.blocks.common import Normed
from npusim.language.decoder import attention, head_dim, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Residual

MODEL_TYPES = ("falcon",)


def model(keys: Keys) -> ModelConfig:
    """Raises BadModel for ALiBi with shared keys, which no published Falcon has."""
    keys = keys.renamed(num_hidden_layers="n_layer", num_attention_heads="n_head", hidden_act="activation")
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    newer, parallel = keys.flag("new_decoder_architecture"), keys.flag("parallel_attn", True)
    shared = keys.size("num_kv_heads", heads) if newer else 1 if keys.flag("multi_query", True) else heads
    keys = keys.told(
        num_key_value_heads=shared, head_dim=max(hidden // heads, 1), use_parallel_residual=False
    ).or_else(hidden_act="gelu")
    alibi = keys.flag("alibi")
    if alibi and shared != heads:
        raise keys.wrong("'alibi' with shared keys is not known")
    rotary = None if alibi else keys.rotary(head_dim(keys))
    bias = keys.flag("bias")
    inner = keys.size("ffn_hidden_size", 4 * hidden)
    mlp = plain_feed_forward(keys, "dense_h_to_4h", "dense_4h_to_h", inner=inner, bias=bias)
    apart = parallel and keys.size("num_ln_in_parallel_attn", 2 if newer else 1) == 2

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, rotary, name="self_attention", packed=True, packed_name="query_key_value", by_group=True,
            out_name="dense", bias=bias, out_bias=bias, alibi=keys.size("head_dim") ** -0.5 if alibi else None,
        )  # fmt: skip
        if apart:
            first, second = layer_norm(keys, "ln_attn"), layer_norm(keys, "ln_mlp")
            return (Residual((Normed(mixer, first), Normed(mlp, second)), None),)
        first = layer_norm(keys, "input_layernorm")
        if parallel:
            return (Residual((mixer, mlp), first),)
        return in_turn(keys, mixer, mlp, first, layer_norm(keys, "post_attention_layernorm"))

    return keys.model(
        layer, layer_norm(keys, "ln_f"), prefix="transformer", embedding="word_embeddings", layers_name="h",
        tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip
