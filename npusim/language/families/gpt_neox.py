"""GPT-NeoX (Pythia): attention and feed-forward side by side, a quarter of a head's channels turned by position."""

from __future__ import annotations

from npusim.language.decoder import attention, head_dim, in_turn, layer_norm, plain_feed_forward
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig

MODEL_TYPES = ("gpt_neox",)
EPS = "layer_norm_eps"


def model(keys: Keys) -> ModelConfig:
    """Layers with biases, LayerNorm and packed attention."""
    keys = keys.renamed(partial_rotary_factor="rotary_pct", rope_theta="rotary_emb_base")
    heads = keys.size("num_attention_heads")
    keys = keys.told(num_key_value_heads=heads, head_dim=max(keys.size("hidden_size") // heads, 1)).or_else(
        hidden_act="gelu", partial_rotary_factor=0.25, use_parallel_residual=True, attention_bias=True
    )
    rotary = keys.rotary(head_dim(keys))
    mlp = plain_feed_forward(keys, "dense_h_to_4h", "dense_4h_to_h")

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, rotary, name="attention", packed=True, packed_name="query_key_value", by_group=True,
            out_name="dense",
        )  # fmt: skip
        first, second = (
            layer_norm(keys, name, EPS) for name in ("input_layernorm", "post_attention_layernorm")
        )
        return in_turn(keys, mixer, mlp, first, second)

    return keys.model(
        layer, layer_norm(keys, "final_layer_norm", EPS), prefix="gpt_neox", embedding="embed_in"
    )
