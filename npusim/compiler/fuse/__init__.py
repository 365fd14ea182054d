"""Fusion: a graph of ops as exported -> a graph of what the compiler runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from npusim.compiler.fuse import (
    activations,
    as_quantised,
    before_pixels,
    contraction,
    drain_path,
    factors,
    l2_norms,
    layer_norms,
    limits,
    neutral,
    norms,
    packed_weights,
    padding,
    parallel_slices,
    quantised,
    quantised_early,
    quantised_pairs,
    raw_sound,
    rotary,
    shared_heads,
    tables,
    turned_reductions,
)
from npusim.compiler.fuse.cut_products import cut_products
from npusim.compiler.fuse.duplicates import without_duplicates
from npusim.compiler.fuse.parts_before_turns import parts_before_turns
from npusim.compiler.fuse.rewriter import Rewriter
from npusim.compiler.fuse.written_out import write_out
from npusim.compiler.guard import BREAKS, broken
from npusim.compiler.rules.profile import CompilerProfile
from npusim.graph import Graph

PATTERNS: dict[str, Callable[[Rewriter], None]] = {
    "shared_heads": shared_heads.shared_heads,
    "shared_heads_as_repeated": shared_heads.shared_heads_as_repeated,
    "limits": limits.limits,
    "sums_of_constants": neutral.sums_of_constants,
    "swish": activations.swish,
    "hard_swish": activations.hard_swish,
    "softplus": activations.softplus,
    "mish": activations.mish,
    "gelu_erf": activations.gelu_erf,
    "gelu_tanh": activations.gelu_tanh,
    "layer_norm": layer_norms.layer_norm,
    "rms_norm": norms.rms_norm,
    "l2_norm": l2_norms.l2_norm,
    "softmax": norms.softmax,
    "reductions_as_they_lie": turned_reductions.reductions_as_they_lie,
    "pad_into_convolution": padding.pad_into_convolution,
    "scale_and_bias": drain_path.scale_and_bias,
    "scale_and_shift": drain_path.scale_and_shift,
    "rotary_embedding": rotary.rotary_embedding,
    "activations_before_pixels": before_pixels.activations_before_pixels,
}


def fuse(graph: Graph, profile: CompilerProfile, generation: str, lookup_unit: bool, precision: str) -> Graph:
    """The graph as this compiler would run it on this generation.

    `lookup_unit`: whether the hardware can evaluate tables behind the MAC array.
    `precision`: 'int8' asks what a quantised version of a float graph would take."""
    graph = parts_before_turns(write_out(graph))
    if profile.fusion.shares_duplicates:
        graph = without_duplicates(graph)
    if generation in profile.fusion.cut_products:
        graph = cut_products(graph)
    elif generation in profile.fusion.cut_images:
        graph = cut_products(graph, images_alone=True)
    r = Rewriter(graph)
    try:
        return _fused(r, profile, generation, lookup_unit, precision)
    except BREAKS as error:
        raise broken(graph, error, r.current) from error


def _fused(
    r: Rewriter, profile: CompilerProfile, generation: str, lookup_unit: bool, precision: str
) -> Graph:
    if profile.fusion.tables_in_plain_ops:
        tables.inline_tables(r)
    packed_weights.packed_weights(r, profile.packed_weights.unpacked_by(generation) == "dsp")
    quantised.fold_dequantize(r)
    quantised.bypass_pairs(r)
    neutral.drop_neutral(r)
    factors.factors_of_numbers(r)
    factors.scales_of_scores(r)
    scores_apart = generation in profile.fusion.scores_scaled_apart
    lines_apart = generation in profile.fusion.lines_scaled_apart
    patterns = PATTERNS | {
        "scale_and_bias": partial(drain_path.scale_and_bias, scores_apart=scores_apart),
        "scale_and_shift": partial(drain_path.scale_and_shift, lines_apart=lines_apart),
    }
    for name in profile.fusion.patterns:
        patterns[name](r)
    if generation in profile.fusion.borders_by_address:
        padding.border_into_convolution(r)
    if generation in profile.fusion.slices_into_convolution:
        parallel_slices.slices_into_convolution(r)
    if generation in profile.fusion.sound_into_channels:
        raw_sound.sound_into_channels(r, profile.fusion.sound_into_channels[generation])
    if generation in profile.fusion.mul_reduce_to_matmul:
        contraction.mul_reduce_to_matmul(r)
        contraction.outer_products(r)
    drain = frozenset(profile.fusion.drain_path.get(generation, ()))
    lookup = _lookup(profile, generation) if lookup_unit else frozenset()
    any_clip = generation in profile.fusion.clips_below_zero
    drain_path.activations(r, drain, lookup, any_clip, "scale_and_shift" in profile.fusion.patterns)
    quantised_pairs.floats_for_windows(r, lookup)
    quantised_pairs.floats_for_averages(r)
    quantised_early.quantise_early(r)
    quantised.fuse_quantize(r)
    return as_quantised.as_asked(as_quantised.as_int8(r) if precision == "int8" else r.result())


def _lookup(profile: CompilerProfile, generation: str) -> frozenset[str]:
    """What a lookup unit evaluates; on a generation that has none (a what-if), what the others' units do."""
    known = profile.fusion.lookup_unit
    functions = known.get(generation) or tuple(f for every in known.values() for f in every)
    return frozenset((*functions, "PWL"))
