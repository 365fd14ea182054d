"""A compiler as data: which lowering it takes for an op, what it fuses, what it splits.

Profiles are YAML files in `hw_configs/compilers/`, one a release. Rules name Intel's generations, so that one
profile serves all of them; `npusim run --compiler NAME` picks one."""

import os
from collections.abc import Iterable
from dataclasses import field
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from npusim.arch.fields import Also
from npusim.arch.hardware import Hardware
from npusim.arch.records import Strict
from npusim.compiler.rules.conditions import CONDITIONS
from npusim.compiler.rules.memory_rules import Memory
from npusim.compiler.rules.prices import OwnPrices, laid_over, priced
from npusim.errors import BadArgument, BadHardware
from npusim_xamba.text import near, quoted


def _known(conditions: dict[str, str]) -> dict[str, str]:
    for name in conditions.values():
        if name not in CONDITIONS:
            raise ValueError(f"unknown condition '{name}'; there are {', '.join(sorted(CONDITIONS))}")
    return conditions


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("is empty; give at least one")
    return names


def _reasons(why: dict[str, str]) -> dict[str, str]:
    for text in why.values():
        try:
            text.format(op="")
        except (AttributeError, LookupError, ValueError):
            raise ValueError(f"{quoted(text)}: in braces only {{op}} stands for something") from None
    return why


class LoweringRule(Strict):
    """First legal lowering of `order` wins. `generations` overrides the order on some NPUs."""

    order: Annotated[tuple[str, ...], Also(_some)]
    why: Annotated[dict[str, str], Also(_reasons)]  # lowering -> the reason a reader is told
    generations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # lowering, or lowering@generation -> condition (npusim.compiler.rules.conditions)
    only_if: Annotated[dict[str, str], Also(_known)] = field(default_factory=dict)
    source: str = ""


class DspRule(Strict):
    """How DSP kernels share the machine: `one_dsp` run on one DSP of one tile; others on all DSPs of all tiles.
    `outer_axes_only`: kernels split over the tiles only along axes in front of the scanned one.
    `one_tile`: kernels that stay on one tile where they read a table in DDR, by generation.
    `one_a_tile`: kernels that run on one DSP of every tile.
    `lines`: by generation, kernels that are priced by another line of the hardware file, where it has that one."""

    one_dsp: tuple[str, ...] = ()
    outer_axes_only: tuple[str, ...] = ()
    one_tile: dict[str, tuple[str, ...]] = field(default_factory=dict)
    one_a_tile: tuple[str, ...] = ()
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    source: str


class Fusion(Strict):
    """`drain_path`: op types fused behind the MAC array, by generation; `lookup_unit`: those that need one.
    `patterns`: names of rewrites; `mul_reduce_to_matmul`: generations on which it is found.
    `cut_products`: generations on which a Split of a product's channels becomes several products; `cut_images`: ... of
    the channels of images only.
    `shares_duplicates`: nodes that compute the same from the same run once.
    `early_slices`: a slice of rows moves up in front of what computes row by row.
    `lines_scaled_apart`: generations on which lines of a batch are scaled and shifted by a kernel and a pass behind
    another kernel, no image of one scale.
    `scores_scaled_apart`: generations on which scores of a batch of two axes are scaled by a pass of their own, and
    every step of their attention goes through DDR (npusim.compiler.chains.scaled_scores).
    `borders_by_address`: generations on which a convolution reads an image's own values around it again.
    `sound_into_channels`: by generation, the longest window over a line of one channel that stays as it is; longer
    ones at strides have several samples as channels (npusim.compiler.fuse.raw_sound).
    `slices_into_convolution`: generations on which slices of every so many-th pixel of one image that are joined as
    channels are one convolution (npusim.compiler.fuse.parallel_slices).
    `clips_below_zero`: generations whose drain path clips from any number, not from zero alone.
    `tables_in_plain_ops`: activation tables written out as plain ops are known by their metadata, and run behind the
    MAC array or as one DSP kernel (no known compiler does so, lookup unit or not: a what-if)."""

    drain_path: dict[str, tuple[str, ...]]
    lookup_unit: dict[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()
    mul_reduce_to_matmul: tuple[str, ...] = ()
    early_slices: bool = False
    shares_duplicates: bool = False
    cut_products: tuple[str, ...] = ()
    cut_images: tuple[str, ...] = ()
    borders_by_address: tuple[str, ...] = ()
    sound_into_channels: dict[str, int] = field(default_factory=dict)
    slices_into_convolution: tuple[str, ...] = ()
    lines_scaled_apart: tuple[str, ...] = ()
    scores_scaled_apart: dict[str, Literal["in strips", "step by step"]] = field(default_factory=dict)
    clips_below_zero: tuple[str, ...] = ()
    tables_in_plain_ops: bool = False
    source: str


class PackedWeights(Strict):
    """`unpack`: by generation, where weights of fewer bits, or with scales by block, become what the MAC array
    multiplies: `mac_array` on their way into it, `dsp` by a kernel that writes them out in 16 bits first."""

    unpack: dict[str, Literal["mac_array", "dsp"]]
    source: str

    def unpacked_by(self, generation: str) -> str:
        return self.unpack.get(generation, "mac_array")


class CompilerProfile(Strict):
    """One release of the compiler."""

    name: str
    product: str
    lowerings: dict[str, LoweringRule]
    default: LoweringRule
    dsp: DspRule
    fusion: Fusion
    packed_weights: PackedWeights
    memory: Memory
    strided: tuple[str, ...] = ()  # ops that are only strides of their neighbours
    broadcasts: tuple[str, ...] = ()  # readers that make an Expand free
    absorbs_transpose: tuple[tuple[str, int], ...] = ()  # op and operand that is read transposed for free
    # passes of the MAC array whose smaller operand is written out to the size of the result
    writes_out: tuple[str, ...] = ()
    # generations that give whole problems of a batched product to tiles
    groups_over_tiles: tuple[str, ...] = ()
    # generations on which a convolution shared over channels writes them to every tile
    channels_to_all_tiles: tuple[str, ...] = ()
    # generations that cut heads out of products (npusim.compiler.chains.heads)
    heads_apart: tuple[str, ...] = ()
    rows_in_any_rectangle: bool = (
        False  # rows of a product that have no divisor from 3 to 16 but another: 226 as 113 x 2
    )
    turns_guarded_scores: bool = False  # a softmax guarded against NaN runs in the order of the file
    relayout_by_pass: bool = False  # a change of layout in front of poolings is a pass of the MAC array
    folds_images: tuple[str, ...] = ()  # generations that fold columns of large images into channels instead
    pads_images: tuple[str, ...] = ()  # generations that pad input images of fewer channels to 16
    # generations on which depthwise convolutions of a batch are calls of one image, copied in and out within the DDR
    images_called: tuple[str, ...] = ()
    # ... and those on which a convolutional network over a batch is calls of one image (compiler/residency/calls.py)
    batches_called: tuple[str, ...] = ()
    # ... or one over sequences or rows: eight of them may take longer than sixteen
    sequences_called: tuple[str, ...] = ()
    # generations that turn what such a convolution makes back by a pass of its own
    batches_turned_back: tuple[str, ...] = ()
    # generations that pool a middle axis with whole sixteens of channels on each tile
    pools_over_channels: tuple[str, ...] = ()
    # generations that lay the pixels of a product out eight to a row, not four
    rows_of_eight: tuple[str, ...] = ()
    # generations on which transfers that fetch descriptors stand in front of all others
    control_transfers: tuple[str, ...] = ()
    # generations on which weights of a grouped convolution take the time of zeros that are left out
    # (compiler/weights/zeros.py)
    counts_zeros: tuple[str, ...] = ()
    input_convert: dict[str, str]  # generation -> dsp or dma: float32 inputs to fp16
    output_convert: dict[str, str]
    hypothesis_on: tuple[str, ...] = ()  # generations this release never knew
    generations: Annotated[tuple[str, ...], Also(_some)]  # generations it has rules for; others are refused
    # by which numbers its own estimate prices, where not by the hardware's
    prices: OwnPrices = field(default_factory=OwnPrices)
    refusals: str = ""  # the table of npusim.checking that says what it refuses

    @cached_property
    def transposed_reads(self) -> frozenset[tuple[str, int]]:
        return frozenset(self.absorbs_transpose)

    def priced(self, hw: Hardware) -> Hardware:
        """`hw` as this compiler prices it (`npusim.compiler.rules.prices`): itself, where it has
        no prices of its own."""
        return priced(hw, self.prices)

    def generation_for(self, hw: Hardware) -> tuple[str, list[str]]:
        """The generation whose rules plan `hw`, and what a reader must know about that.

        Raises BadHardware for a generation without rules, when the hardware does not say whose to take."""
        own, wanted = hw.generation, hw.planned_as or hw.generation
        if wanted not in self.generations:
            nearest = min(self.generations, key=lambda known: (abs(int(known) - int(wanted)), known))
            what = "planned_as" if hw.planned_as else "generation"
            raise BadHardware(
                f"{hw.name}: {what}: compiler {self.name} has no rules for NPU {wanted}, only for "
                f"{', '.join(self.generations)}; to plan it by the nearest one's rules write "
                f'planned_as: "{nearest}" in the hardware file'
            )
        warnings = []
        if wanted != own:
            warnings.append(
                f"NPU {own} is planned by the rules of compiler {self.name} for NPU {wanted}, as {hw.name} asks: "
                "what its own compiler does is not known"
            )
        if wanted in self.hypothesis_on:
            warnings.append(f"compiler {self.name} never knew NPU {wanted}: its rules there are a hypothesis")
        return wanted, warnings

    @cached_property
    def _conditional(self) -> frozenset[str]:
        return frozenset(op_type for op_type, rule in self.lowerings.items() if rule.only_if)

    def conditional(self, op_type: str) -> bool:
        """Whether how an op runs may depend on more than the op, its shapes and types: a condition looks around."""
        return op_type in self._conditional or bool(self.default.only_if)

    def rule(self, op_type: str) -> LoweringRule:
        return self.lowerings.get(op_type, self.default)


@cache
def load_profile(name: str) -> CompilerProfile:
    """The profile called `name`, or the one in the YAML file `name`; a file may be `based_on` another profile.

    Raises BadArgument for an unknown name, BadHardware for a bad file."""
    from npusim.arch.config import validate
    from npusim.arch.presets import config_dir

    path = _find(name)
    data, places = _read(path, ())
    profile = validate(data, places, str(path), CompilerProfile)
    if path.parent != config_dir() / "compilers":
        from npusim.compiler.rules.profile_names import check_names

        check_names(profile, places, str(path))
    return profile


def warnings_of(hw: Hardware, profiles: Iterable[CompilerProfile]) -> list[str]:
    """What a reader must know about the rules of these compilers that plan `hw`, each sentence once.

    Raises BadHardware, as `CompilerProfile.generation_for`."""
    return list(dict.fromkeys(said for profile in profiles for said in profile.generation_for(hw)[1]))


def list_profiles() -> list[str]:
    """Names of the profiles that come with npusim."""
    from npusim.arch.presets import config_dir

    names = (p.name for p in (config_dir() / "compilers").iterdir())
    return sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml"))


def _find(name: str) -> Path:
    from npusim.arch.presets import config_dir

    if name.endswith((".yaml", ".yml")):
        path = Path(name)
    else:
        path = config_dir() / "compilers" / f"{name.lower()}.yaml"
    if not os.path.isfile(path):  # a name may be longer than a file's can be
        known = ", ".join(list_profiles())
        hint = near(name, list_profiles())
        raise BadArgument(
            f"compiler {quoted(name)} is not known; choose from {known}, or give a YAML file{hint}"
        )
    return path


def _read(path: Path, chain: tuple[Path, ...]) -> tuple[dict[str, Any], dict[Any, str]]:
    """Data and places of a file laid over the profile it is based on: lowerings op by op, fusion and memory rule by
    rule, prices number by number of a generation (`{}`: none), all else key by key."""
    from npusim.arch.presets import read_file

    if path in chain:
        raise BadHardware(f"{path}: based_on: goes in a circle")
    data, places = read_file(path)
    base = data.pop("based_on", None)
    if base is None:
        return data, places
    if not isinstance(base, str):
        raise BadHardware(
            f"{places.get(('based_on',), path)}: based_on: expected the name of a profile, found {type(base).__name__}"
        )
    below, below_places = _read(_find(base), (*chain, path))
    parts = ("lowerings", "fusion", "memory")
    for part in parts:
        if not all(isinstance(d.get(part, {}), dict) for d in (below, data)):
            raise BadHardware(f"{places.get((part,), path)}: {part}: expected a mapping")
    merged = {part: {**below.get(part, {}), **data.get(part, {})} for part in parts}
    own = {(key,) for key in data if key not in parts} | {(p, key) for p in parts for key in data.get(p, {})}
    left = {name: at for name, at in below_places.items() if name[:1] not in own and name[:2] not in own}
    if data.get("prices") and below.get("prices"):
        merged["prices"] = laid_over(below["prices"], data["prices"])
    return {**below, **data, **merged}, {**left, **places}
