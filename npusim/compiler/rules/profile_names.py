"""Names in a user's compiler profile that mean nothing: ops, ways to run them, generations, numbers of prices."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from npusim.arch.names import KeyPath, Places, dotted
from npusim.arch.presets import load_hardware
from npusim.errors import BadHardware
from npusim.ops import LOWERINGS, known_ops
from npusim_xamba.text import near, quoted

if TYPE_CHECKING:
    from npusim.compiler.rules.profile import CompilerProfile, LoweringRule


def check_names(profile: CompilerProfile, places: Places, file: str) -> None:
    """Raises BadHardware (`file:line: dotted.name: sentence`) for the first name that nothing answers to."""
    for path, sentence in _wrong(profile):
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in places), ())
        raise BadHardware(f"{places.get(known, file)}: {dotted(path)}: {sentence}")


def _wrong(profile: CompilerProfile) -> Iterator[tuple[KeyPath, str]]:
    infos = known_ops()
    ops = {info.op for info in infos}
    ways = {*LOWERINGS, *(way for info in infos for way in info.lowerings)}
    for op, rule in profile.lowerings.items():
        yield from _unknown(("lowerings", op), op, ops, "an op")
        yield from _of_rule(("lowerings", op), rule, ways, profile.generations)
    yield from _of_rule(("default",), profile.default, ways, profile.generations)
    for part, table in (("numbers", profile.prices.numbers), ("kernels", profile.prices.kernels)):
        for generation in table:
            path: KeyPath = ("prices", part, generation)
            yield from _unknown(path, generation, profile.generations, "a generation of this profile")
    for generation, numbers in profile.prices.numbers.items():
        hw = load_hardware(generation)
        for name, number in numbers.items():
            try:
                hw.replace({name: number.value})
            except BadHardware as error:
                said = str(error).removeprefix(f"{hw.name}: ").removeprefix(f"{name}: ")
                yield ("prices", "numbers", generation, name), said


def _of_rule(
    path: KeyPath, rule: LoweringRule, ways: Collection[str], generations: Collection[str]
) -> Iterator[tuple[KeyPath, str]]:
    way, generation = "a way to run an op", "a generation of this profile"
    for name in rule.order:
        yield from _unknown((*path, "order"), name, ways, way)
    for own, order in rule.generations.items():
        yield from _unknown((*path, "generations", own), own, generations, generation)
        if not order:
            yield (*path, "generations", own), "is empty; give at least one"
        for name in order:
            yield from _unknown((*path, "generations", own), name, ways, way)
    for key in rule.only_if:
        name, _, own = key.partition("@")
        yield from _unknown((*path, "only_if", key), name, ways, way)
        yield from _unknown((*path, "only_if", key), own or name, generations if own else ways, generation)


def _unknown(path: KeyPath, name: str, known: Collection[str], what: str) -> Iterator[tuple[KeyPath, str]]:
    if name not in known:
        yield path, f"{quoted(name)} is not {what}{near(name, known)}"
