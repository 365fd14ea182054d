"""A config.json, or the folder it is in, as a `ModelConfig`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from npusim.errors import BadArgument, BadModel
from npusim.language.families import __name__ as PAGES
from npusim.language.families import __path__ as FOLDERS
from npusim.language.keys import Keys
from npusim.language.model import ModelConfig
from npusim.language.spellings import as_transformers

MOST_BYTES = 2**20  # a config.json has a few thousand
NAME = "config.json"
Reader = Callable[[Keys], ModelConfig]


class Families(Mapping[str, Reader]):
    """What reads the keys of a model type, by its name; pages are imported when first asked for."""

    def __getitem__(self, model_type: str) -> Reader:
        return _pages()[model_type]

    def __iter__(self) -> Iterator[str]:
        return iter(_pages())

    def __len__(self) -> int:
        return len(_pages())


FAMILIES = Families()


@cache
def _pages() -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    for page in sorted(module.name for module in iter_modules(FOLDERS)):
        module = import_module(f"{PAGES}.{page}")
        for model_type in module.MODEL_TYPES:
            if model_type in found:
                other = found[model_type].__module__.rpartition(".")[2]
                raise BadArgument(f"model_type '{model_type}' is read by two pages, {other}.py and {page}.py")
            found[model_type] = module.model
    return dict(sorted(found.items()))


def is_config(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a config.json or a folder with one in it."""
    path = os.fspath(path)
    return os.path.basename(path) == NAME or os.path.isfile(os.path.join(path, NAME))


def read_config(path: str | os.PathLike[str]) -> ModelConfig:
    """The model that a config.json of Hugging Face's transformers describes, whichever version wrote it.

    `path`: the file, or its folder, whose name the model then has. Raises BadModel for a file that is missing, no JSON
    or too long, for a model type that is not known, and for keys that are missing or make no sense.
    """
    path = os.fspath(path)
    file = os.path.join(path, NAME) if os.path.isdir(path) else path
    folder = os.path.basename(os.path.dirname(os.path.abspath(file)))
    return from_keys(_read(file), folder, file)


def from_keys(values: Mapping[str, object], name: str, where: str = NAME) -> ModelConfig:
    """The model of the keys of a config.json. Raises as `read_config`; `where` is the file, for sentences."""
    try:
        values = as_transformers(values, FAMILIES)
    except BadModel as error:
        raise BadModel(f"'{where}': {error}") from None
    kind = values.get("model_type")
    if not isinstance(kind, str):
        raise BadModel(f"'{where}' has no 'model_type'; it is no config.json of a language model")
    if kind not in FAMILIES:
        raise BadModel(f"'{where}': model type '{kind}' is not known; known are {', '.join(FAMILIES)}")
    keys = Keys(values, name)
    try:
        return FAMILIES[kind](keys)
    except BadModel as error:
        raise BadModel(f"'{where}': {error}") from None


def _read(file: str) -> Mapping[str, object]:
    try:
        with open(file, "rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise BadModel(f"'{file}': there is no such file") from None
    except OSError as error:
        raise BadModel(f"'{file}' cannot be read: {error.strerror or error}") from None
    if len(text) > MOST_BYTES:
        raise BadModel(f"'{file}' is longer than {MOST_BYTES} bytes, which no config.json is")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadModel(f"'{file}' is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise BadModel(f"'{file}' holds no keys and values")
    return values
