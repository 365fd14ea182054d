"""Commands that are imported and built when they are asked for, and options that are read when they are given.

A command that runs needs its own options only; building those of all others, and importing what they stand on, took a
tenth of its start. Nor does it need those that nobody gave: typer builds a pydantic validator for each option before
it looks whether there is a value, and those of `npusim run` took another hundredth. Words that stay words need none
at all, so a command that is given a model and an NPU by name never imports pydantic for its options.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
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


class Reading(NamedTuple):
    """How a value becomes what its parameter takes: `typers` makes typer's own way, asked where it is needed."""

    typers: Callable[[], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value in the parameter's type. Raises typer's usage errors."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        kind = param.type_descriptor
        words = [value] if kind.annotation is str else value if kind.annotation == list[str] else None
        if (
            kind.parameter_info.parser is None
            and isinstance(words, list | tuple)
            and all(map(_is_text, words))
        ):
            return value if kind.annotation is str else list(words)
        return self.typers().coerce(value, param=param, ctx=ctx)


def _is_text(word: object) -> bool:
    """A name on disk may hold bytes that are no text; typer refuses it."""
    return type(word) is str and (word.isascii() or not any("\ud800" <= c <= "\udfff" for c in word))


def in_any_case(complete: Callable[[Any, str], list[Any]], ctx: Any, incomplete: str) -> list[Any]:
    """What TAB offers: typer drops words that do not begin as it is typed, and ours are read in any case."""
    typed = dict.fromkeys((incomplete, incomplete.lower(), incomplete.upper()))
    return list({item.value: item for beginning in typed for item in complete(ctx, beginning)}.values())


class GivenOption(TyperOption):
    """An option whose default is taken as the command's function has it, unread."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        source = ctx.get_parameter_source(self.name)
        if source is None or source.name != "DEFAULT" or self.required or self.callback is not None:
            return super().process_value(ctx, value)
        return () if value is None and self.multiple else value

    def get_runtime_param(self) -> Any:
        return Reading(super().get_runtime_param)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        return in_any_case(super().shell_complete, ctx, incomplete)


class GivenArgument(TyperArgument):
    """An argument that is read as options are."""

    def get_runtime_param(self) -> Any:
        return Reading(super().get_runtime_param)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        return in_any_case(super().shell_complete, ctx, incomplete)


class GivenCommand(TyperCommand):
    """A command whose parameters, those among them that typer adds, are read so."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _read_when_given(super().get_params(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:
        """The whole first sentence in the list of commands, over several lines: click cuts it with '...'."""
        return " ".join(inspect.cleandoc(self.help or "").partition("\n\n")[0].split())


_GIVEN: dict[type, type] = {TyperOption: GivenOption, TyperArgument: GivenArgument}


def _read_when_given(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:  # typer has no setting for their class, as it has for that of commands
        parameter.__class__ = _GIVEN.get(type(parameter), type(parameter))
    return parameters


def _built(name: str, what: typer.Typer | Callable[..., None]) -> Any:
    above = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(what, typer.Typer):
        above.add_typer(what, name=name)
    else:
        above.command(name)(what)
    built = get_group(above).commands[name]
    for command in (built, *getattr(built, "commands", {}).values()):
        _read_when_given(command.params)
        if type(command) is TyperCommand:
            command.__class__ = GivenCommand
    return built


def group_of(places: Mapping[str, str], sentences: Mapping[str, str] | None = None) -> type[TyperGroup]:
    """The `cls` of a typer app with these commands (see `Commands`).

    sentences: the first sentence of each, where it would take long to import it for that alone.
    """

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = Commands(places)  # type: ignore[assignment]  # typer asks for no more of a dict

        def get_params(self, ctx: Any) -> list[Any]:
            return _read_when_given(super().get_params(ctx))

        def list_commands(self, ctx: Any) -> list[str]:
            return list(places)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            real = self.commands
            if sentences is not None:
                self.commands = {name: GivenCommand(name=name, help=said) for name, said in sentences.items()}
            super().format_commands(ctx, formatter)
            self.commands = real

    return Group
