"""What most families share: attention and feed-forward as the usual keys of a config.json say. A page of a family names
the differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npusim.language.blocks.attention import Attention
from npusim.language.blocks.common import Normed
from npusim.language.blocks.experts import Experts
from npusim.language.blocks.feed_forward import FeedForward
from npusim.language.blocks.mamba2 import Mamba2
from npusim.language.blocks.rotary import Rotary
from npusim.language.keys import Keys
from npusim.language.model import Block, Layer, ModelConfig, Norm, Positions, Residual


def head_dim(keys: Keys) -> int:
    """Channels of a head: `head_dim`, or the hidden channels shared by the heads."""
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    return keys.size("head_dim", max(hidden // heads, 1))


def attention(keys: Keys, layer: int, rotary: Rotary | None, **differences: Any) -> Attention:
    """The attention of layer number `layer`; `differences` are fields of `Attention`."""
    heads = keys.size("num_attention_heads")
    shared = keys.size("num_key_value_heads", heads)
    keys.shared(heads, shared, "num_attention_heads", "num_key_value_heads")
    bias = keys.flag("attention_bias")
    fields = {"bias": bias, "out_bias": bias, **differences}
    return Attention(layer, keys.size("hidden_size"), heads, shared, head_dim(keys), rotary, **fields)


def feed_forward(keys: Keys, **differences: Any) -> FeedForward:
    """The feed-forward of a layer; `differences` are fields of `FeedForward`."""
    fields: dict[str, Any] = {"activation": keys.activation(), "bias": keys.flag("mlp_bias"), **differences}
    inner = fields.pop("inner", None) or keys.size("intermediate_size")
    return FeedForward(keys.size("hidden_size"), inner, **fields)


def norm(keys: Keys, name: str, **differences: Any) -> Norm:
    """A norm over the hidden channels."""
    fields: dict[str, Any] = {"eps": keys.number("rms_norm_eps", 1e-6), **differences}
    return Norm(name, keys.size("hidden_size"), **fields)


def layer_norm(keys: Keys, name: str, eps: str = "layer_norm_epsilon", **differences: Any) -> Norm:
    """A LayerNorm with a bias over the hidden channels; `eps`: the key of its smallest variance."""
    fields: dict[str, Any] = {"layer": True, "bias": True, "eps": keys.number(eps, 1e-5), **differences}
    return norm(keys, name, **fields)


def plain_feed_forward(keys: Keys, up: str, down: str, **differences: Any) -> FeedForward:
    """A feed-forward of two matrices with biases."""
    fields: dict[str, Any] = {"gated": False, "names": ("", up, down), "bias": True, **differences}
    return feed_forward(keys, **fields)


def in_turn(keys: Keys, mixer: Block, mlp: Block, first: Norm, second: Norm) -> Layer:
    """x + mixer(first(x)), then x + mlp(second(x)); or, with `use_parallel_residual`, both of the same x."""
    if keys.flag("use_parallel_residual"):
        return (Residual((Normed(mixer, first), Normed(mlp, second)), None),)
    return Residual((mixer,), first), Residual((mlp,), second)


def as_gpt2(keys: Keys, mixer: Callable[[int], Attention], inner: int) -> ModelConfig:
    """A model laid out and named as GPT-2: a table of positions, pre-norm layers of the attention that `mixer` gives
    for a layer's number, and a feed-forward of two matrices with `inner` channels between them."""
    mlp = plain_feed_forward(keys, "c_fc", "c_proj", inner=inner)

    def layer(index: int) -> Layer:
        return in_turn(keys, mixer(index), mlp, layer_norm(keys, "ln_1"), layer_norm(keys, "ln_2"))

    return keys.model(
        layer, layer_norm(keys, "ln_f"), prefix="transformer", embedding="wte", layers_name="h",
        positions=Positions("wpe", keys.size("max_position_embeddings")),
        tied=keys.flag("tie_word_embeddings", True),
    )  # fmt: skip


def pre_norm(keys: Keys, mixer: Attention, mlp: FeedForward | Experts) -> Layer:
    """x + attention(norm(x)), then x + feed-forward(norm(x))."""
    return (
        Residual((mixer,), norm(keys, "input_layernorm")),
        Residual((mlp,), norm(keys, "post_attention_layernorm")),
    )


def mamba_channels(keys: Keys) -> int:
    """Channels of a Mamba-2 mixer in a hybrid: `mamba_expand` times the hidden ones."""
    return int(keys.positive("mamba_expand", 2) * keys.size("hidden_size"))


def mamba2(keys: Keys, layer: int, inner: int, **differences: Any) -> Mamba2:
    """The Mamba-2 mixer of a hybrid, which has keys of its own (`mamba_n_heads`, ...), with `inner` channels;
    `differences` are fields of `Mamba2`."""
    heads, groups = keys.size("mamba_n_heads", 128), keys.size("mamba_n_groups", 1)
    if inner % heads:
        raise keys.wrong(f"{heads} heads ('mamba_n_heads') cannot share {inner} channels")
    keys.shared(heads, groups, "mamba_n_heads", "mamba_n_groups")
    fields: dict[str, Any] = {
        "bias": keys.flag("mamba_proj_bias"),
        "out_bias": keys.flag("mamba_proj_bias"),
        "conv_bias": keys.flag("mamba_conv_bias", True),
        "limits": keys.limits("time_step_limit"),
        "activation": keys.activation(),
        "name": "mamba",
        **differences,
    }
    return Mamba2(
        layer, keys.size("hidden_size"), heads, inner // heads, groups, keys.size("mamba_d_state", 256),
        keys.size("mamba_d_conv", 4), keys.chunk("mamba_chunk_size"), keys.number("rms_norm_eps", 1e-5), **fields,
    )  # fmt: skip


def routed(keys: Keys, shared: FeedForward | None = None) -> list[FeedForward | Experts]:
    """The feed-forward of each layer of a model with experts (Qwen3): some layers, or all, may have the plain one."""
    local = keys.size("num_local_experts", 128, least=0)  # a name transformers 5 gives it in some families
    count, step = keys.size("num_experts", local, least=0), keys.size("decoder_sparse_step", 1)
    plain = feed_forward(keys)
    if not count:
        return [plain] * keys.layers()
    count, chosen = told_apart(keys, count, "num_experts")
    dense = keys.values.get("mlp_only_layers")
    dense = dense if isinstance(dense, list) else []
    experts = Experts(
        keys.size("hidden_size"), keys.size("moe_intermediate_size", 768), count, chosen, shared,
        keys.activation(), keys.flag("norm_topk_prob"),
    )  # fmt: skip
    return [plain if i in dense or (i + 1) % step else experts for i in range(keys.layers())]


def told_apart(keys: Keys, count: int, key: str) -> tuple[int, int]:
    """How many experts there are, and how many a token is sent to. Raises BadModel for more than there are."""
    chosen = keys.size("num_experts_per_tok", 8)
    if chosen > count:
        raise keys.wrong(f"{chosen} experts a token ('num_experts_per_tok') are more than {count} ('{key}')")
    return count, chosen


def windows(keys: Keys) -> list[int | None]:
    """The window of each layer of a family in which some layers see one (Qwen): `layer_types`, or all layers from
    number `max_window_layers` on."""
    window = keys.window()
    first = keys.size("max_window_layers", 28, least=0)
    kinds = keys.kinds(
        lambda index: SLIDING if window is not None and index >= first else FULL, (SLIDING, FULL)
    )
    return [window if kind == SLIDING else None for kind in kinds]


SLIDING, FULL = "sliding_attention", "full_attention"
