"""An option that nobody gave is what the command's function says, as it would be if typer had read it."""

import pytest
import typer
from typer.core import TyperOption

from npusim.cli import COMMANDS as NPUSIM
from npusim_xamba.lazy import Commands, GivenOption
from xamba.cli import COMMANDS as XAMBA


def _options():
    for places in (NPUSIM, XAMBA):
        for name, command in Commands(places).items():
            for one in (command, *getattr(command, "commands", {}).values()):
                for option in one.params:
                    if isinstance(option, TyperOption) and option.name != "help" and not option.required:
                        yield f"{name} {one.name} {option.name}", one, option


OPTIONS = list(_options())


@pytest.mark.parametrize(("command", "option"), [o[1:] for o in OPTIONS], ids=[o[0] for o in OPTIONS])
def test_a_default_unread_is_the_default_read(command, option):
    assert isinstance(option, GivenOption)
    context = typer.Context(command)
    value, source = option.consume_value(context, {})
    context.set_parameter_source(option.name, source)
    assert source.name == "DEFAULT"
    taken, read = option.process_value(context, value), TyperOption.process_value(option, context, value)
    assert taken == read
    assert type(taken) is type(read)


def test_there_are_options():
    assert len(OPTIONS) > 100
