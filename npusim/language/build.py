"""From a `ModelConfig` to the ONNX graph of one pass: a prompt, a part of a prompt, or one token."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from zlib import crc32

import numpy as np

from npusim.choices import GROUP
from npusim.errors import BadArgument
from npusim.language.blocks.common import norm, residual, scaled
from npusim.language.model import ModelConfig
from npusim.language.storage import Width, storage
from npusim.language.writer import TYPES, Step, Values, Writer

if TYPE_CHECKING:
    from onnx import ModelProto

MOST_TOKENS = 2**24


def build(
    config: ModelConfig,
    *,
    tokens: int = 1,
    past: int = 1024,
    batch: int = 1,
    weights: str = "fp16",
    cache: str = "fp16",
    layers: int | None = None,
    last_logits: bool = True,
    with_cache: bool = True,
    present: str = "all",
    group: int = GROUP,
    embedding: str | None = None,
    head: str | None = None,
    weights_values: Values | np.random.Generator | None = None,
) -> ModelProto:
    """The graph of one pass, without weights: they are external data in a file that is not there.

    Args:
        tokens: new tokens of the pass; 1 is a decode step.
        past: tokens in the cache: 0 for a prompt, more for a later part of one or for a decode step.
        batch: sequences side by side.
        weights: 'fp16', 'int8' (a scale an output channel), 'int4' (`group`: 32, 64 or 128 inputs share a scale, -1:
            all), symmetric; 'nf4' (16 values of a table, the largest of a group as scale), 'nf4-double' (that scale in
            8 bits); 'fp32' for proofs.
        cache: 'fp16', or 'int8' for keys and values (a scale a head). Recurrent states stay fp16.
        layers: only the first so many.
        last_logits: the head runs for the last token only.
        with_cache: cache and states come out; without, of a prompt, only logits.
        present: what comes out of keys and values: 'all' rows, as exporters have it, or the 'new' ones, for a host that
            puts them where they belong.
        embedding: how the table is stored: 'int8', or 'fp16' (which it stays beside int4).
        head: how the last matrix is stored, if not as the others. A tied head of the table's width is the table.
        weights_values: weights by name and shape [inputs, outputs], or random ones; for graphs that are to be run.

    Inputs: `input_ids` and `position_ids` [batch, tokens], `attention_mask` [batch, past + tokens] if there is
    attention, and `past_key_values.LAYER.key/value` [batch, key heads, past, channels] or the states of the layer.
    Outputs: `logits` [batch, 1 or tokens, vocabulary] and `present.LAYER...` of the same layout as the past.

    Raises BadArgument for what is not on offer.
    """
    for what, size, least in (("tokens", tokens, 1), ("past", past, 0), ("batch", batch, 1)):
        if not least <= size <= MOST_TOKENS:
            raise BadArgument(f"{what} must be from {least} to {MOST_TOKENS}, not {size}")
    if layers is not None and not 1 <= layers <= len(config.layers):
        raise BadArgument(f"layers must be from 1 to {len(config.layers)}, not {layers}")
    if present not in ("all", "new"):
        raise BadArgument(f"present '{present}' is not on offer; choose among all, new")
    step = Step(tokens, past, batch, with_cache, present == "new")
    values = _random(weights_values) if isinstance(weights_values, np.random.Generator) else weights_values
    w = Writer(config.name, step, storage(weights, group, embedding, head, cache), values)
    w.input("input_ids", (batch, tokens), "int64")
    if any(state.axis is not None for block in config.blocks() for state in block.states()):
        w.input("attention_mask", (batch, step.rows), "int64")
        w.input("position_ids", (batch, tokens), "int64")
    w.output("logits", (batch, 1 if last_logits else tokens, config.vocab))
    with w.within(config.prefix):
        x = _positioned(w, config, scaled(w, _embedded(w, config), config.embedding_multiplier))
        for index, layer in enumerate(config.layers[:layers]):
            with w.within(config.layers_name, str(index)):
                for branch in layer:
                    x = residual(w, x, branch)
        if last_logits and tokens > 1:
            x = w.op("Slice", x, w.ints(tokens - 1), w.ints(tokens), w.ints(1))
        x = norm(w, x, config.final_norm)
    _logits(w, x, config)
    return cast("ModelProto", w.model)


def _embedded(w: Writer, config: ModelConfig) -> str:
    """Rows of the table [vocabulary, hidden] at the ids."""
    shape = (config.vocab, config.hidden)
    with w.within(config.embedding):
        if w.storage.embedding is not Width.INT8:
            return w.op("Gather", w.parameter("weight", shape), "input_ids", axis=0)
        whole, scale = w.rows("weight", shape)
        row = w.op("Cast", w.op("Gather", whole, "input_ids", axis=0), to=TYPES[w.float])
        return w.op("Mul", row, w.op("Unsqueeze", w.op("Gather", scale, "input_ids", axis=0), w.ints(-1)))


def _positioned(w: Writer, config: ModelConfig, x: str) -> str:
    """The embeddings with the rows of their positions added, and normed, where the model has such."""
    table = config.positions
    if table is not None:
        with w.within(table.name):
            where = w.op("Add", "position_ids", w.ints(table.offset)) if table.offset else "position_ids"
            rows = w.op("Gather", w.parameter("weight", (table.rows, config.hidden)), where, axis=0)
        x = w.op("Add", x, rows)
    return x if config.embedding_norm is None else norm(w, x, config.embedding_norm)


def _logits(w: Writer, x: str, config: ModelConfig) -> None:
    """The last matrix; a tied one is the table turned, or a matrix of its own where it is stored otherwise."""
    shape, weight = (config.hidden, config.vocab), ""
    if config.tied and w.storage.shared:
        with w.within(config.prefix, config.embedding):
            if w.storage.embedding is Width.INT8:
                table, scale = w.rows("weight", shape[::-1])
            else:
                table, scale = w.parameter("weight", shape[::-1]), ""
        with w.within("lm_head"):
            weight = w.op("Transpose", table, perm=(1, 0))
            if scale:  # integers are turned, so that a compiler finds them in front of the product
                weight = w.op("DequantizeLinear", weight, scale, axis=1)
    else:
        with w.within("lm_head"):
            w.values = _turned(w, config)
    with w.within("lm_head"):
        capped = config.logits_softcap
        rest = capped is not None or config.logits_multiplier != 1.0 or config.head_bias
        out = "" if rest else "logits"
        if weight:
            y = w.op("MatMul", x, weight, out=out)
        else:
            y = w.product(x, "weight", shape, w.storage.head, out)
        if config.head_bias:
            y = w.op("Add", y, w.parameter("bias", (config.vocab,)), out="logits")
        if config.logits_multiplier != 1.0:
            y = w.op("Mul", y, w.scalar(config.logits_multiplier), out="logits" if capped is None else "")
        if capped is not None:
            y = w.op("Tanh", w.op("Mul", y, w.scalar(1 / capped)))
            w.op("Mul", y, w.scalar(capped), out="logits")


def _random(generator: np.random.Generator) -> Values:
    """Weights that keep activations near 1: matrices by their inputs, scales of norms near 1. A name always has the
    same, in whatever order they are asked for."""
    seed = int(generator.integers(2**32))

    def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
        drawn = np.random.default_rng((seed, crc32(name.encode()))).standard_normal(shape, np.float32)
        if len(shape) > 1:
            return drawn / np.float32(np.sqrt(shape[-2]))
        if name.endswith("cache_scale"):
            return np.full(shape, 1 / 32, np.float32)
        return 0.1 * drawn if name.endswith("bias") else 1 + 0.1 * drawn

    return values


def _turned(w: Writer, config: ModelConfig) -> Values | None:
    """The values of a tied head that is stored apart from the table: the table's, turned."""
    if w.values is None or not config.tied:
        return w.values
    table = w.values(f"{config.prefix}.{config.embedding}.weight", (config.vocab, config.hidden))
    return lambda name, shape: np.ascontiguousarray(table.T)
