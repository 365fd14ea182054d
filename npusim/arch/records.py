"""Records that are read from YAML: plain frozen dataclasses whose annotations say what each field may hold.

Two readers go by the same annotations. The quick one here takes what is right as it stands, and needs no library: a
run on files that are in order never imports pydantic, a quarter of its start. Whatever the quick one is not sure of
goes to pydantic, which turns it into the field's type or says what is wrong, in its words. So nothing is taken
unchecked, and the sentences are pydantic's (`tests/arch/test_records.py`: where both take it, both make the same).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NoReturn,
    Self,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from npusim.arch.fields import Unsure

Function = TypeVar("Function", bound=Callable[..., Any])


def _remembered(function: Function) -> Function:
    """`cache` for functions of classes: mypy takes a class for no key where its instances have no hash."""
    return cache(function)  # type: ignore[return-value]


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Strict:
    """Base of every record that is read from YAML: unknown names are refused, nothing changes afterwards.

    A field whose name is no word of Python's has `field(metadata={"written": "from"})`: so it stands in the file.
    Names with an underscore in front are no part of it: what a record remembers for itself, `field(init=False)`."""

    def __init_subclass__(cls) -> None:
        # No methods are made (and compiled) for each of thirty records: those below serve all.
        dataclass(init=False, repr=False, eq=False)(cls)

    def __init__(self, **values: Any) -> None:
        """Raises ValueError for values that are none of a field's, or a name that is none."""
        vars(self).update(vars(read(type(self), values)))

    @classmethod
    def unchecked(cls, values: dict[str, Any]) -> Self:
        """A record of values that were checked before; all fields without a default must be among them."""
        made = object.__new__(cls)
        if len(values) < len(cls.__dataclass_fields__):  # type: ignore[attr-defined]
            vars(made).update(_defaults(cls))
        vars(made).update(values)
        return made

    @classmethod
    def kinds(cls) -> dict[str, Any]:
        """Annotations of the fields, in the order in which they stand."""
        return _kinds(cls)

    def plain(self) -> dict[str, Any]:
        """The record as YAML or JSON has it: dicts, lists, words and numbers, without what it lacks."""
        held = {written: getattr(self, name) for written, name in _names(type(self)).items()}
        return {name: _plain(value) for name, value in held.items() if value is not None}

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} is frozen; dataclasses.replace makes another")
        vars(self)[name] = value

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _kinds(type(self)))

    def __hash__(self) -> int:
        raise TypeError(f"{type(self).__name__} has no hash: there are tables and arrays among its fields")

    def __repr__(self) -> str:
        held = ", ".join(f"{name}={getattr(self, name)!r}" for name in _kinds(type(self)))
        return f"{type(self).__name__}({held})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """What pydantic goes by: a mapping of these names and no others, then the record of it."""
        rules = {}
        for one in _fields(cls):
            rule = handler.generate_schema(_kinds(cls)[one.name])
            if not _required(one):
                rule = {"type": "default", "schema": rule, "default_factory": lambda one=one: _default(one)}
            rules[_written(one)] = {"type": "typed-dict-field", "schema": rule, "required": _required(one)}
        mapping = {"type": "typed-dict", "fields": rules, "extra_behavior": "forbid"}

        def record(value: Any, read_mapping: Reader) -> Any:
            return value if isinstance(value, cls) else _made(cls, read_mapping(_by_written(cls, value)))

        function = {"type": "no-info", "function": record}
        return {"type": "function-wrap", "function": function, "schema": mapping}


Record = TypeVar("Record", bound=Strict)
Reader = Callable[[Any], Any]


def read(kind: type[Record], data: Any) -> Record:
    """`data` as a record. Raises pydantic's ValidationError (a ValueError), which names all that is wrong."""
    try:
        made: Record = _reader(kind)(data)
        return made
    except (Unsure, ValueError):
        made = _by_pydantic(kind).validate_python(data)
        return made


@_remembered
def _by_pydantic(kind: type[Record]) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _fields(kind: Any) -> list[Field[Any]]:
    return [one for one in fields(kind) if not one.name.startswith("_")]


@_remembered
def _kinds(kind: type[Strict]) -> dict[str, Any]:
    found = {one.name: one.type for one in _fields(kind)}
    if any(isinstance(annotation, str) for annotation in found.values()):
        hints = get_type_hints(kind, include_extras=True)
        return {name: hints[name] for name in found}
    return found


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _defaults(kind: Any) -> dict[str, Any]:
    return {one.name: _default(one) for one in fields(kind) if not _required(one)}


def _written(one: Field[Any]) -> str:
    return str(one.metadata.get("written", one.name))


@_remembered
def _names(kind: type[Strict]) -> dict[str, str]:
    """The field of each name as it is written."""
    return {_written(one): one.name for one in _fields(kind)}


def _by_written(kind: type[Strict], value: Any) -> Any:
    """A mapping by names as they are written, of one by those of fields."""
    names = _names(kind)
    if not isinstance(value, dict) or names.keys() >= value.keys():
        return value
    back = {name: written for written, name in names.items()}
    return {name if back.get(name) in value else back.get(name, name): item for name, item in value.items()}


def _made(kind: type[Record], values: dict[str, Any]) -> Record:
    names = _names(kind)
    return kind.unchecked({names[written]: value for written, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Strict):
        return value.plain()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


@_remembered
def _reader(kind: Any) -> Reader:
    """What takes a value of this annotation: gives it in the field's type, or raises ValueError or `Unsure`."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Strict):
        return _record_reader(kind)
    if origin is Annotated:
        prepares = [meta.prepare for meta in reversed(kind.__metadata__) if hasattr(meta, "prepare")]
        checks = [meta.check for meta in kind.__metadata__ if hasattr(meta, "check")]
        typed = [] if inner[0] is Any else [_reader(inner[0])]
        readers = [*prepares, *typed, *checks]
        return readers[0] if len(readers) == 1 else _in_turn(readers)
    if origin is dict and inner[0] is str:
        return _table_reader(_reader(inner[1]))
    if origin in (tuple, list) and (origin is list or inner[-1] is ...):
        return _row_reader(origin, _reader(inner[0]))
    if origin is tuple:
        return _tuple_reader([_reader(one) for one in inner])
    if origin is UnionType and inner[1:] == (NoneType,):
        reader = _reader(inner[0])
        return lambda value: None if value is None else reader(value)
    if origin is Literal:
        return _exactly(str, inner)
    if kind is Any:
        return lambda value: value
    return _float if kind is float else _exactly(kind)


def _exactly(kind: type, words: tuple[Any, ...] = ()) -> Reader:
    def reader(value: Any) -> Any:
        if type(value) is not kind or (words and value not in words):
            raise Unsure
        return value

    return reader


def _float(value: Any) -> float:
    if type(value) not in (int, float):
        raise Unsure
    return float(value)


def _in_turn(readers: list[Reader]) -> Reader:
    def last(value: Any) -> Any:
        for reader in readers:
            value = reader(value)
        return value

    return last


def _table_reader(reader: Reader) -> Reader:
    def table(value: Any) -> dict[str, Any]:
        if type(value) is not dict or any(type(key) is not str for key in value):
            raise Unsure
        return {key: reader(item) for key, item in value.items()}

    return table


def _row_reader(kind: type, reader: Reader) -> Reader:
    def row(value: Any) -> Any:
        if type(value) not in (list, tuple) or (kind is list and type(value) is tuple):
            raise Unsure
        return kind(map(reader, value))

    return row


def _tuple_reader(readers: list[Reader]) -> Reader:
    def row(value: Any) -> tuple[Any, ...]:
        if type(value) not in (list, tuple) or len(value) != len(readers):
            raise Unsure
        return tuple(reader(item) for reader, item in zip(readers, value, strict=True))

    return row


def _record_reader(kind: Any) -> Reader:
    names = _names(kind)
    readers = {written: _reader(_kinds(kind)[name]) for written, name in names.items()}
    needed = frozenset(_written(one) for one in _fields(kind) if _required(one))
    fixed = {one.name: one.default for one in fields(kind) if one.default is not MISSING}
    fresh = {one.name: one.default_factory for one in fields(kind) if one.default_factory is not MISSING}

    def record(value: Any) -> Any:
        if type(value) is kind:
            return value
        value = _by_written(kind, value)
        if type(value) is not dict or not needed <= value.keys() <= readers.keys():
            raise Unsure
        made = object.__new__(kind)
        held = vars(made)
        held.update(fixed)
        for name, make in fresh.items():
            held[name] = make()
        for written, item in value.items():
            held[names[written]] = readers[written](item)
        return made

    return record
