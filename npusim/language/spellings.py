"""Configs that are written otherwise than transformers writes a language model's, turned into its keys.

The packages that Mamba and Mamba-2 were published with write a form of their own (state-spaces/mamba: `MambaConfig`,
`Mamba`, `Mamba2`), and models that also see or hear keep their language part below `text_config`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from npusim.errors import BadModel
from npusim.language.keys import Keys


def as_transformers(values: Mapping[str, Any], known: Container[str]) -> Mapping[str, Any]:
    """The keys as transformers writes them; these themselves where they are so. Raises BadModel with the key."""
    if "model_type" not in values and "d_model" in values and "ssm_cfg" in values:
        return _state_space(values)
    part = values.get("text_config")
    if isinstance(part, Mapping):
        whole, inner = values.get("model_type"), part.get("model_type")
        if isinstance(whole, str) and isinstance(inner, str) and whole not in known and inner in known:
            return part
    return values


def _state_space(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a state-spaces config. What is not said is as that package's classes assume it."""
    keys = Keys(values, "")
    mixer = Keys(keys.below("ssm_cfg").values, "")
    for key in ("attn_layer_idx", "d_intermediate"):
        if values.get(key):
            raise BadModel(
                f"'{key}' is {values[key]!r}: layers that are no Mamba alone are not known in this form"
            )
    if not keys.flag("rms_norm", True):
        raise BadModel("'rms_norm' is false: a Mamba with LayerNorm is not known")
    kind = mixer.text("layer", "Mamba1")
    if kind not in ("Mamba1", "Mamba2"):
        raise BadModel(f"'layer' in 'ssm_cfg' is {kind!r}; known are Mamba1, Mamba2")
    hidden, multiple = keys.size("d_model"), keys.size("pad_vocab_size_multiple", 8)
    expand = mixer.size("expand", 2)
    found: dict[str, Any] = {
        "model_type": "mamba" if kind == "Mamba1" else "mamba2",
        "hidden_size": hidden,
        "num_hidden_layers": keys.size("n_layer"),
        "vocab_size": -(-keys.size("vocab_size", 50277) // multiple) * multiple,
        "tie_word_embeddings": keys.flag("tie_embeddings", True),
        "expand": expand,
        "conv_kernel": mixer.size("d_conv", 4),
        "state_size": mixer.size("d_state", 16 if kind == "Mamba1" else 128),
        "use_bias": mixer.flag("bias"),
        "use_conv_bias": mixer.flag("conv_bias", True),
    }
    if kind == "Mamba1":
        return {**found, "time_step_rank": mixer.values.get("dt_rank", "auto")}
    head = mixer.size("headdim", 64)
    return {
        **found,
        "head_dim": head,
        "num_heads": expand * hidden // head,
        "n_groups": mixer.size("ngroups", 1),
        "chunk_size": mixer.chunk("chunk_size"),
    }
