"""Hardware files: the ones that travel with npusim, a user's own, and files based on others."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from npusim.arch.config import read_yaml
from npusim.arch.hardware import Hardware
from npusim.arch.kept import read_kept
from npusim.arch.names import KeyPath, Places
from npusim.arch.products import preset_of
from npusim.arch.sources import Source, split
from npusim.errors import BadHardware
from npusim_xamba.text import near, quoted


def config_dir() -> Path:
    """The folder of hardware files: inside an installed wheel, else beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "hw_configs", package.parent / "hw_configs"):
        if folder.is_dir():
            return folder
    raise BadHardware("npusim was installed without its hw_configs; install it again")


def read_file(path: Path) -> tuple[dict[str, Any], Places]:
    """Values and places of a YAML file (see `read_yaml`); one that comes along is read once and kept."""
    comes_along = path.parent in (config_dir(), config_dir() / "compilers")
    return read_kept(path) if comes_along else read_yaml(path)


def list_hardware() -> list[str]:
    """Names `load_hardware` knows without a path, sorted."""
    return sorted(path.stem for path in config_dir().glob("*.yaml"))


def hardware_file(name_or_path: str | Path) -> Path:
    """The file of that name, or that file; people say 'lunar_lake', 'Lunar Lake', 'NPU4000', '4000' or '258V'.

    Raises BadHardware.
    """
    return _find(str(name_or_path), Path())


def load_hardware(name_or_path: str | Path) -> Hardware:
    """The hardware of that name, or of that YAML file.

    Raises:
        BadHardware: no such name or file, or something wrong in it (`file:line: dotted.name: sentence`).
    """
    path = hardware_file(name_or_path)
    if path.parent == config_dir():
        return _preset(path, path.stat().st_mtime_ns)
    return _built(path)


@cache
def _preset(path: Path, changed_ns: int) -> Hardware:
    """A file that comes along, read once: a description never changes, so all who ask may share it."""
    return _built(path)


def _built(path: Path) -> Hardware:
    values, sources, places = _read(path, [])
    return Hardware.build(values, sources, places, str(path))


def _find(name: str, folder: Path) -> Path:
    """A file if `name` looks like one (relative to `folder`), else the preset of that name."""
    if name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name:
        return folder / name
    presets = list_hardware()
    if name in presets:
        return config_dir() / f"{name}.yaml"
    said = _said(name)
    meant = [preset for preset in presets if said in (_said(preset), _generation(preset))]
    part = preset_of(said) if not meant else None
    if len(meant) == 1 or part in presets:
        return config_dir() / f"{part or meant[0]}.yaml"
    beside = folder / f"{name}.yaml"
    if folder != Path() and os.path.isfile(beside):  # a name may be longer than a file's can be
        return beside
    known = [f"{preset} (NPU {_generation(preset)})" for preset in presets]
    hint = near(name, presets)
    raise BadHardware(
        f"no hardware named {quoted(name)}; known: {', '.join(known)}, or give a .yaml file{hint}"
    )


def _said(name: str) -> str:
    """A name without what people write differently: 'NPU 4000' -> '4000', 'Intel(R) Core(TM)' -> 'core'."""
    plain = re.sub(r"\(r\)|\(tm\)|processor|[\s._®™-]", "", name.lower())
    return plain.removeprefix("intel").removeprefix("npu")


def _generation(preset: str) -> str:
    """'4000'; read without the rest of the file."""
    text = (config_dir() / f"{preset}.yaml").read_text("utf-8")
    found = re.search(r"^generation: *[\"']?(\w+)", text, re.MULTILINE)
    return found[1] if found else ""


def _read(path: Path, chain: list[Path]) -> tuple[dict[KeyPath, Any], dict[KeyPath, Source], Places]:
    """Flat values, sources and places of a file laid over the files it is based on."""
    here = path.resolve()
    if here in chain:
        circle = " -> ".join(step.name for step in [*chain, here])
        raise BadHardware(f"{path}: based_on: goes in a circle: {circle}")
    data, places = read_file(path)
    base = data.pop("based_on", None)
    own_values, own_sources = split(data, places)
    if base is None:
        return own_values, own_sources, places
    if not isinstance(base, str):
        raise BadHardware(f"{places['based_on',]}: based_on: expected the name of a hardware, got {base!r}")
    try:
        base_path = _find(base, path.parent)
    except BadHardware as error:
        raise BadHardware(f"{places['based_on',]}: based_on: {error}") from None
    if ("name",) not in own_values:
        raise BadHardware(f"{path}:1: name: is missing; a file based on another needs its own name")
    values, sources, base_places = _read(base_path, [*chain, here])
    return values | own_values, sources | own_sources, base_places | places


def hardware_yaml(
    before: Hardware, after: Hardware, changes: dict[str, object], base: str, suffix: str
) -> str:
    """A hardware file `based_on` another: the numbers that changed, with their sources."""
    import yaml

    from npusim.arch.sources import join

    sources = after.sources
    changed: dict[KeyPath, object] = {tuple(n.split(".")): v for n, v in changes.items()}
    tree = join(changed, {path: sources[".".join(map(str, path))] for path in changed})
    head = {"name": f"{before.name}_{suffix.replace('-', '_')}", "based_on": base}
    return yaml.safe_dump(head | tree, sort_keys=False, allow_unicode=True, width=110)
