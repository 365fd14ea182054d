"""What a model is priced for: an NPU and a release of Intel's compiler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npusim.arch.hardware import Hardware
from npusim.arch.presets import list_hardware as list_hardware
from npusim.arch.presets import load_hardware
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.compiler.rules.profile import list_profiles as list_profiles
from npusim.compiler.rules.profile import warnings_of as rules_warnings
from npusim.errors import NpusimError
from npusim.simulation import DEFAULT_COMPILER
from xamba.errors import BadArgument

#: The releases of Intel's compiler a verdict speaks of, the newest first.
SHIPPED_COMPILERS = ("2026", "2024.12")


@dataclass(frozen=True)
class Target:
    """An NPU under one compiler. `generation` is Intel's number of it ('4000')."""

    hardware: Hardware
    compiler: CompilerProfile

    @property
    def name(self) -> str:
        return f"{self.hardware.name} with compiler {self.compiler.name}"

    @property
    def generation(self) -> str:
        return self.hardware.generation


def targets(npus: Sequence[str], compilers: Sequence[str] = (DEFAULT_COMPILER,)) -> tuple[Target, ...]:
    """Every NPU (a name of `npusim hw list`, or a YAML file) under every compiler, in the order given.

    Raises `BadArgument`: an unknown name, or none at all.
    """
    if not npus or not compilers:
        raise BadArgument(
            "name at least one NPU and one compiler, for example --for lunar_lake --compiler 2026"
        )
    try:
        machines = [load_hardware(name) for name in dict.fromkeys(npus)]
        profiles = [load_profile(name) for name in dict.fromkeys(compilers)]
    except NpusimError as error:
        raise BadArgument(str(error)) from None
    return tuple(Target(machine, profile) for machine in machines for profile in profiles)


def shipped() -> tuple[Target, ...]:
    """Every NPU that comes with npusim under both compilers."""
    return targets(list_hardware(), SHIPPED_COMPILERS)


def warnings_of(wanted: Sequence[Target]) -> list[str]:
    """What a reader must know about the rules that plan each of them, each sentence once. Raises `BadArgument`."""
    try:
        found = [said for target in wanted for said in rules_warnings(target.hardware, [target.compiler])]
    except NpusimError as error:
        raise BadArgument(str(error)) from None
    return list(dict.fromkeys(found))
