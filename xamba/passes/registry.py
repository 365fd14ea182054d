"""Finding the passes: every module of this folder that holds a pass with a name of its own.

A pass carries its own facts (name, whether it is exact, its place in a pipeline, its options, examples), so
the command line, `xamba passes`, the laws of the tests and `xamba.<ClassName>` know it from the moment its file
exists.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import xamba.passes
from npusim_xamba.text import near
from xamba.errors import BadArgument, UnknownPass
from xamba.passes.base import XambaPass


def passes() -> dict[str, type[XambaPass]]:
    """All passes by their name on the command line, in the order of a pipeline.

    Raises `BadArgument` when two files hold a pass of one name.
    """
    found: dict[str, type[XambaPass]] = {}
    for info in pkgutil.iter_modules(xamba.passes.__path__):
        for one in _passes_of(importlib.import_module(f"{xamba.passes.__name__}.{info.name}")):
            other = found.setdefault(one.name, one)
            if other is not one:
                raise BadArgument(
                    f"two passes are called '{one.name}', {other.__name__} in {inspect.getfile(other)} and "
                    f"{one.__name__} in {inspect.getfile(one)}; give one of them another name"
                )
    return dict(sorted(found.items(), key=lambda pair: (pair[1].order, pair[0])))


def _passes_of(module: ModuleType) -> list[type[XambaPass]]:
    """Passes a module defines itself (not those it imports); one without a name is a base of others."""
    return [
        one
        for one in vars(module).values()
        if inspect.isclass(one)
        and issubclass(one, XambaPass)
        and one.__module__ == module.__name__
        and "name" in vars(one)
        and one is not XambaPass
    ]


def find(name: str) -> type[XambaPass]:
    """A pass by its name; case does not matter. Raises `UnknownPass`."""
    known = passes()
    if name.lower() not in known:
        raise UnknownPass(f"no pass is called '{name}'; choose from {', '.join(known)}{near(name, known)}")
    return known[name.lower()]


def default_passes() -> list[XambaPass]:
    """What `optimize` runs when no passes are named, each with the options it has then (`unasked`)."""
    return [one(**one.unasked) for one in passes().values() if one.default]
