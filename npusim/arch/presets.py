"""Hardware files: the ones that travel with npusim, a user's own, and files based on others."""

from __future__ import annotations

import difflib
import importlib.resources
from pathlib import Path
from typing import Any

from npusim.arch.config import KeyPath, Places, read_yaml
from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source, split
from npusim.errors import BadHardware


def config_dir() -> Path:
    """The folder of hardware files: inside an installed wheel, else beside the package in a checkout."""
    packed = Path(str(importlib.resources.files("npusim"))) / "hw_configs"
    source = Path(__file__).resolve().parents[2] / "hw_configs"
    for folder in (packed, source):
        if folder.is_dir():
            return folder
    raise BadHardware("npusim was installed without its hw_configs; install it again")


def list_hardware() -> list[str]:
    """Names `load_hardware` knows without a path, sorted."""
    return sorted(path.stem for path in config_dir().glob("*.yaml"))


def load_hardware(name_or_path: str | Path) -> Hardware:
    """The hardware of that name, or of that YAML file.

    Raises:
        BadHardware: no such name or file, or something wrong in it (`file:line: dotted.name: sentence`).
    """
    path = _find(str(name_or_path), Path())
    values, sources, places = _read(path, [])
    return Hardware.build(values, sources, places, str(path))


def _find(name: str, folder: Path) -> Path:
    """A file if `name` looks like one (relative to `folder`), else the preset of that name."""
    if name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name:
        return folder / name
    presets = list_hardware()
    if name in presets:
        return config_dir() / f"{name}.yaml"
    beside = folder / f"{name}.yaml"
    if folder != Path() and beside.is_file():
        return beside
    near = difflib.get_close_matches(name.lower(), presets, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise BadHardware(f"no hardware named '{name}'; known: {', '.join(presets)}, or give a .yaml file{hint}")


def _read(path: Path, chain: list[Path]) -> tuple[dict[KeyPath, Any], dict[KeyPath, Source], Places]:
    """Flat values, sources and places of a file laid over the files it is based on."""
    here = path.resolve()
    if here in chain:
        circle = " -> ".join(step.name for step in [*chain, here])
        raise BadHardware(f"{path}: based_on: goes in a circle: {circle}")
    data, places = read_yaml(path)
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
