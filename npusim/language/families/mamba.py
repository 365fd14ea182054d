"""Mamba, Falcon-Mamba, which norms more, and Mamba-2: layers of one mixer each, no attention."""

from __future__ import annotations

from math import ceil

from npusim.language.blocks.mamba import Mamba
from npusim.language.blocks.mamba2 import Mamba2
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig, Norm, Residual

MODEL_TYPES = ("mamba", "mamba2", "falcon_mamba")


def model(keys: Keys) -> ModelConfig:
    """x + mixer(norm(x)). A Mamba is tied unless it says otherwise, a Mamba-2 is not."""
    second = keys.text("model_type", "") == "mamba2"
    hidden, eps = keys.size("hidden_size"), keys.number("layer_norm_epsilon", 1e-5)
    mixer = _second if second else _first

    def layer(index: int) -> tuple[Residual, ...]:
        return (Residual((mixer(keys, index),), Norm("norm", hidden, eps)),)

    return keys.model(
        layer, Norm("norm_f", hidden, eps), prefix="backbone", embedding="embeddings",
        tied=keys.flag("tie_word_embeddings", not second),
    )  # fmt: skip


def _first(keys: Keys, layer: int) -> Mamba:
    hidden = keys.size("hidden_size")
    falcon = keys.text("model_type", "") == "falcon_mamba"
    rank = keys.values.get("time_step_rank", "auto")
    return Mamba(
        layer, hidden, keys.size("intermediate_size", int(keys.number("expand", 2) * hidden)),
        keys.size("state_size", 16), ceil(hidden / 16) if rank == "auto" else keys.size("time_step_rank"),
        keys.size("conv_kernel", 4), keys.flag("use_bias"), keys.flag("use_conv_bias", True), keys.activation(),
        normed=keys.number("mixer_rms_eps", 1e-6) if falcon else None,
    )  # fmt: skip


def _second(keys: Keys, layer: int) -> Mamba2:
    hidden, heads, head_dim = keys.size("hidden_size"), keys.size("num_heads", 128), keys.size("head_dim", 64)
    inner = int(keys.number("expand", 2) * hidden)
    if heads * head_dim != inner:
        raise keys.wrong(
            f"{heads} heads of {head_dim} channels are not the {inner} of 'expand' x 'hidden_size'"
        )
    groups = keys.size("n_groups", 8)
    keys.shared(heads, groups, "num_heads", "n_groups")
    bias = keys.flag("use_bias")
    return Mamba2(
        layer, hidden, heads, head_dim, groups, keys.size("state_size", 128),
        keys.size("conv_kernel", 4), keys.chunk("chunk_size"), keys.number("layer_norm_epsilon", 1e-5),
        bias=bias, out_bias=bias, conv_bias=keys.flag("use_conv_bias", True), limits=keys.limits("time_step_limit"),
        activation=keys.activation(),
    )  # fmt: skip
