"""Commands that are imported and built when they are asked for, and options that are read when they are given.

A command that runs needs its own options only; building those of all others, and importing what they stand on, took a
tenth of its start. Nor does it need those that nobody gave: typer builds a pydantic validator for each option before
it looks whether there is a value, and those of `npusim run` took another hundredth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_group


class Commands(Mapping[str, Any]):
    """Click commands by name, each built when it is looked up; they stand in the order in which they are given."""

    def __init__(self, places: Mapping[str, str]) -> None:
        """places: 'module:name' of a function, or of a typer app of several commands, by the command's name."""
        self._places = dict(places)
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            module, _, attribute = self._places[name].partition(":")
            self._built[name] = _built(name, getattr(import_module(module), attribute))
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class GivenOption(TyperOption):
    """An option whose default is taken as the command's function has it, unread; what is given is read as ever."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        source = ctx.get_parameter_source(self.name)
        if source is None or source.name != "DEFAULT" or self.required or self.callback is not None:
            return super().process_value(ctx, value)
        return () if value is None and self.multiple else value


def _built(name: str, what: typer.Typer | Callable[..., None]) -> Any:
    above = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(what, typer.Typer):
        above.add_typer(what, name=name)
    else:
        above.command(name)(what)
    built = get_group(above).commands[name]
    for command in (built, *getattr(built, "commands", {}).values()):
        for option in command.params:
            if type(option) is TyperOption:
                option.__class__ = (
                    GivenOption  # typer has no setting for it, as it has for the class of commands
                )
    return built


def group_of(places: Mapping[str, str], sentences: Mapping[str, str] | None = None) -> type[TyperGroup]:
    """The `cls` of a typer app with these commands (see `Commands`).

    sentences: the first sentence of each, where it would take long to import it for that alone.
    """

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = Commands(places)  # type: ignore[assignment]  # typer asks for no more of a dict

        def list_commands(self, ctx: Any) -> list[str]:
            return list(places)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            real = self.commands
            if sentences is not None:
                self.commands = {name: TyperCommand(name=name, help=said) for name, said in sentences.items()}
            super().format_commands(ctx, formatter)
            self.commands = real

    return Group
