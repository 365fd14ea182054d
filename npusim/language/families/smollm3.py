"""SmolLM3: a Llama in which some layers, every fourth unless told otherwise, have no positions."""

from __future__ import annotations

from npusim.language.decoder import attention, feed_forward, head_dim, norm, pre_norm
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig

MODEL_TYPES = ("smollm3",)


def model(keys: Keys) -> ModelConfig:
    """Pre-norm layers; a window, if it is switched on, is seen by those without positions."""
    keys = keys.or_else(num_key_value_heads=4, use_sliding_window=False)
    rotary, mlp, window = keys.rotary(head_dim(keys)), feed_forward(keys), keys.window()
    every = keys.size("no_rope_layer_interval", 4)
    told = keys.values.get("no_rope_layers")
    turned = told if isinstance(told, list) else [(i + 1) % every for i in range(keys.layers())]
    if len(turned) != keys.layers():
        raise keys.wrong(f"'no_rope_layers' tells of {len(turned)} layers, there are {keys.layers()}")
    return keys.model(
        lambda i: pre_norm(
            keys,
            attention(keys, i, rotary if turned[i] else None, window=None if turned[i] else window),
            mlp,
        ),
        norm(keys, "norm"),
        tied=keys.flag("tie_word_embeddings", True),
    )
