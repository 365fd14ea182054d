"""Gemma 1, 2 and 3 (its text part): embeddings times sqrt(hidden), norms that scale by 1 + weight; from 2 on norms
behind the branches too, windows in most layers, and softly capped scores and logits."""

from __future__ import annotations

from typing import Any

from npusim.language.decoder import FULL, SLIDING, attention, feed_forward, head_dim, norm, pre_norm
from npusim.language.keys import Keys
from npusim.language.model import Layer, ModelConfig, Norm, Residual

MODEL_TYPES = ("gemma", "gemma2", "gemma3", "gemma3_text")

# What a class of transformers assumes where a file is silent (configs of Gemma 3 name few keys).
ASSUMED: dict[str, dict[str, Any]] = {
    "gemma": {},
    "gemma2": {"sliding_window": 4096, "query_pre_attn_scalar": 256, "final_logit_softcapping": 30.0,
               "attn_logit_softcapping": 50.0},
    "gemma3_text": {"sliding_window": 4096, "query_pre_attn_scalar": 256, "vocab_size": 262_208,
                    "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 131_072},
}  # fmt: skip

# Before and behind the branches of a layer from Gemma 2 on.
NORMS = (
    ("input_layernorm", "post_attention_layernorm"),
    ("pre_feedforward_layernorm", "post_feedforward_layernorm"),
)


def model(keys: Keys) -> ModelConfig:
    """Of a Gemma 3 with a vision part, the text part."""
    kind = keys.text("model_type", "")
    if kind == "gemma3":
        keys, kind = keys.below("text_config"), "gemma3_text"
    keys = keys.or_else(head_dim=256, **ASSUMED[kind])
    activation = keys.activation("hidden_activation", keys.text("hidden_act", "gelu_pytorch_tanh"))
    mlp = feed_forward(keys, activation="gelu_tanh" if activation == "gelu" else activation)
    around: dict[str, Any] = {
        "tied": keys.flag("tie_word_embeddings", True),
        "embedding_multiplier": keys.size("hidden_size") ** 0.5,
    }
    final = norm(keys, "norm", plus_one=True)
    if kind == "gemma":
        rotary = keys.rotary(head_dim(keys))
        return keys.model(
            lambda i: tuple(
                Residual(r.mixers, norm(keys, r.before.name, plus_one=True))
                for r in pre_norm(keys, attention(keys, i, rotary), mlp)
                if r.before
            ),
            final,
            **around,
        )
    third = kind == "gemma3_text"
    channels, eps = head_dim(keys), keys.number("rms_norm_eps", 1e-6)
    every = keys.size("sliding_window_pattern", 6) if third else 2
    kinds = keys.kinds(lambda i: SLIDING if (i + 1) % every else FULL, (SLIDING, FULL))
    near = keys.number("rope_local_base_freq", 1e4)
    turns = {
        FULL: keys.rotary(channels, FULL, 1e6 if third else 1e4),
        SLIDING: keys.local_rotary(channels, SLIDING, near) if third else keys.rotary(channels, SLIDING),
    }
    norms = (Norm("q_norm", channels, eps, True), Norm("k_norm", channels, eps, True)) if third else None

    def layer(index: int) -> Layer:
        mixer = attention(
            keys, index, turns[kinds[index]],
            norms=norms, window=keys.window() if kinds[index] == SLIDING else None,
            scale=keys.positive("query_pre_attn_scalar") ** -0.5,
            softcap=keys.optional("attn_logit_softcapping"),
        )  # fmt: skip
        around_attention, around_mlp = (
            [norm(keys, name, plus_one=True) for name in names] for names in NORMS
        )
        return (
            Residual((mixer,), around_attention[0], around_attention[1]),
            Residual((mlp,), around_mlp[0], around_mlp[1]),
        )

    return keys.model(layer, final, logits_softcap=keys.optional("final_logit_softcapping"), **around)
