"""Finding the questions: every file of `questions/`; a question is imported when it is asked for."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import npusim.whatif.questions as folder
from npusim.errors import BadArgument
from npusim.whatif.base import Supposition
from npusim_xamba.text import near, quoted


def names() -> list[str]:
    """Names of all questions, which are those of their files."""
    return sorted(info.name for info in pkgutil.iter_modules(folder.__path__))


def find(name: str) -> type[Supposition]:
    """A question by its name; case does not matter. Raises BadArgument with the nearest name."""
    known, word = names(), name.strip().lower()
    if word not in known:
        raise BadArgument(
            f"no what-if is called {quoted(name)}; choose from {', '.join(known)}{near(name, known)}"
        )
    module = importlib.import_module(f"{folder.__name__}.{word}")
    own = (c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__)
    for one in own:
        if issubclass(one, Supposition) and vars(one).get("name") == word:
            return one
    raise BadArgument(f"the file {module.__file__} holds no what-if called '{word}'; name its class so")


def questions() -> dict[str, type[Supposition]]:
    """All questions by name."""
    return {name: find(name) for name in names()}
