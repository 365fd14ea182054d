"""One NPU: its numbers under dotted names, each with a source, each a number or a NumPy array of them.

`load_hardware("lunar_lake")` reads a YAML; `hw.replace({"dma.bytes_per_cycle": array})` makes the
description of a whole sweep. Attributes are plain (`hw.dsp.clock_mhz`), so pricing reads them fast.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from npusim.arch.blocks import Ddr, Dma, Dsp, Host, MacArray, PosInt, Scratchpad, Step, WeightStore
from npusim.arch.config import validate
from npusim.arch.fields import Text
from npusim.arch.names import KeyPath, Places, dotted
from npusim.arch.records import Strict
from npusim.arch.sources import TEXT_KEYS, Source, join, nest
from npusim.errors import BadHardware

#: Names that shape the plan; every other number only prices it.
STRUCTURAL = (
    "generation",
    "planned_as",
    "tiles",
    "scratchpad.capacity_bytes",
    "dma.ports",
    "dsp.per_tile",
    "mac_array.lookup_unit",
)
#: What `replace` notes for a number given without a source.
BY_CALLER = Source("assumed", "given by the caller", spread=1.0)  # the question, not an estimate
BY_SCHEMA = Source("assumed", "default of the schema")


class Hardware(Strict):
    """An NPU. Get it from `load_hardware` or `hw.replace`; it never changes afterwards."""

    name: Annotated[str, Text(least=1)]
    product: Annotated[str, Text()]
    generation: Annotated[str, Text(r"\d{4}")]  # Intel's number: 3720, 4000, 5010
    # The generation whose compiler rules plan an NPU that no compiler profile knows; empty: its own.
    planned_as: Annotated[str, Text(r"(\d{4})?")] = ""
    tiles: PosInt
    tiles_max: PosInt
    mac_array: MacArray
    dsp: Dsp
    dma: Dma
    ddr: Ddr
    scratchpad: Scratchpad
    step: Step
    host: Host
    weight_store: WeightStore | None = None
    _source_of: dict[KeyPath, Source] = field(default_factory=dict, init=False)
    _made: tuple[object, Hardware] | None = field(default=None, init=False)

    @classmethod
    def build(
        cls,
        values: dict[KeyPath, Any],
        sources: dict[KeyPath, Source],
        places: Places | None = None,
        path: str = "hardware",
    ) -> Hardware:
        """Validated hardware of flat values and sources (see `npusim.arch.sources`)."""
        hw = validate(nest(values), places or {}, path, cls)
        if np.any(np.asarray(hw.tiles) > np.asarray(hw.tiles_max)):
            place = (places or {}).get(("tiles",), path)
            raise BadHardware(f"{place}: tiles: {np.max(hw.tiles)} is more than tiles_max, {hw.tiles_max}")
        hw._source_of = sources
        return hw

    @cached_property
    def _flat(self) -> dict[KeyPath, Any]:
        values: dict[KeyPath, Any] = {}

        def walk(node: Any, path: KeyPath) -> None:
            children = (
                {name: getattr(node, name) for name in type(node).kinds()}
                if isinstance(node, Strict)
                else node
            )
            for key, child in children.items():
                if isinstance(child, Strict | dict):
                    walk(child, (*path, key))
                elif child is not None:
                    values[*path, key] = child

        walk(self, ())
        return values

    @cached_property
    def _dotted(self) -> dict[str, Any]:
        return {dotted(path): value for path, value in self._flat.items()}

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Source of every number by dotted name (defaults of the schema are named as such)."""
        known = {dotted(path): source for path, source in self._source_of.items()}
        return {
            name: known.get(name, BY_SCHEMA)
            for name, value in self._dotted.items()
            if not isinstance(value, str)
        }

    def source(self, name: str) -> Source:
        """Source of one number by its dotted name, without working out those of all."""
        return self._source_of.get(tuple(name.split(".")), BY_SCHEMA)

    def numbers(self) -> dict[str, Any]:
        """Every number by dotted name, in order of the schema; values may be arrays."""
        return dict(self._numbers)

    @cached_property
    def _numbers(self) -> dict[str, Any]:
        return {n: v for n, v in self._dotted.items() if not isinstance(v, str | bool)}

    def has(self, name: str) -> bool:
        """Whether there is a number of this dotted name."""
        return name in self._dotted

    def get(self, name: str) -> Any:
        """The value of a dotted name. Raises BadHardware with the nearest names."""
        self._require(name)
        return self._dotted[name]

    def structure(self) -> tuple[Any, ...]:
        """The structural values in the order of STRUCTURAL: hashable, so plans can be kept by it."""
        return tuple(
            tuple(np.ravel(value).tolist()) if isinstance(value, np.ndarray) else value
            for value in (self._dotted[name] for name in STRUCTURAL)
        )

    def replace(self, changes: Mapping[str, Any], source: Source = BY_CALLER) -> Hardware:
        """A new, validated hardware with some dotted names changed; lists become arrays.

        `changes` may also give `name`, `product`, `generation` or `planned_as`.

        Raises:
            BadHardware: an unknown name (with the nearest ones), or a number out of bounds.
        """
        values, sources = dict(self._flat), dict(self._source_of)
        for name, value in changes.items():
            self._require(name)
            path: KeyPath = tuple(name.split("."))
            values[path] = np.asarray(value) if isinstance(value, list | tuple) else value
            if name not in TEXT_KEYS:
                sources[path] = source
        return Hardware.build(values, sources, path=self.name)

    def extended(self, numbers: Mapping[str, Any], source: Source = BY_CALLER) -> Hardware:
        """The same with numbers of a block that it may not have yet (`weight_store`), checked. Raises BadHardware."""
        return self.laid({name: (value, source) for name, value in numbers.items()})

    def laid(self, numbers: Mapping[str, tuple[Any, Source]]) -> Hardware:
        """The same with other numbers, each with its source, by dotted name, checked: new kernel lines among them, and
        without those that are None."""
        values, sources = dict(self._flat), dict(self._source_of)
        for name, (value, source) in numbers.items():
            path: KeyPath = tuple(name.split("."))
            values[path], sources[path] = value, source
            if value is None:
                del values[path], sources[path]
        return Hardware.build(values, sources, path=self.name)

    def made(self, key: object, make: Callable[[], Hardware]) -> Hardware:
        """What `make` makes of this hardware, kept with it for the last `key` (by identity)."""
        if self._made is None or self._made[0] is not key:
            self._made = key, make()
        return self._made[1]

    def with_numbers(self, numbers: Mapping[str, Any]) -> Hardware:
        """The same with some numbers in place, by dotted name, unchecked: for values that `replace` has seen
        already, where its checks would take longer than the pricing (blocks of a sweep)."""
        hw: Hardware = _put(self, {tuple(name.split(".")): value for name, value in numbers.items()})
        hw._source_of = self._source_of
        return hw

    def _require(self, name: str) -> None:
        if name in self._dotted:
            return
        near = difflib.get_close_matches(name, self._dotted, n=3, cutoff=0.5)
        tail = name.rsplit(".", 1)[-1]
        near += [other for other in self._dotted if other.endswith("." + tail) and other not in near][:3]
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise BadHardware(f"{self.name}: {name}: no such number in the hardware description{hint}")

    def to_yaml(self) -> str:
        """The YAML this hardware can be loaded from again. Raises BadHardware if a number is an array."""
        import yaml

        for name, value in self._dotted.items():
            if isinstance(value, np.ndarray):
                raise BadHardware(f"{self.name}: {name}: is an array; a YAML file holds one NPU")
        sources = {tuple(n.split(".")): s for n, s in self.sources.items()}
        tree = join(self._flat, sources)  # type: ignore[arg-type]
        return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hardware) or self._flat.keys() != other._flat.keys():
            return False
        same = all(np.array_equal(value, other._flat[path]) for path, value in self._flat.items())
        return same and self.sources == other.sources

    __hash__ = None  # type: ignore[assignment]  # arrays have no hash; `structure()` has one

    def __repr__(self) -> str:
        return f"Hardware({self.name}: NPU {self.generation}, {self.tiles} tiles)"

    __str__ = __repr__


def _put(node: Any, changes: Mapping[tuple[str, ...], Any]) -> Any:
    """A copy of a record or table with some values in place; parts that do not change are shared."""
    below: dict[str, dict[tuple[str, ...], Any]] = {}
    leaves: dict[str, Any] = {}
    for path, value in changes.items():
        if len(path) == 1:
            leaves[path[0]] = value
        else:
            below.setdefault(path[0], {})[path[1:]] = value
    names = node if isinstance(node, dict) else type(node).kinds()
    parts = {name: node[name] if isinstance(node, dict) else getattr(node, name) for name in names}
    parts |= leaves | {name: _put(parts[name], inner) for name, inner in below.items()}
    return parts if isinstance(node, dict) else type(node).unchecked(parts)
