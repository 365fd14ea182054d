"""An option that nobody gave is what the command's function says, as it would be if typer had read it."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer._click.exceptions import UsageError
from typer._coercion import build_runtime_param  # typer's own way, which ours stands in for
from typer.core import TyperArgument, TyperOption

from npusim.cli import COMMANDS as NPUSIM
from npusim.errors import NpusimError
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


PARAMETERS = {
    f"{one.type_descriptor.annotation} {one.type_descriptor.parameter_info.parser is None}": (command, one)
    for places in (NPUSIM, XAMBA)
    for command in Commands(places).values()
    for one in command.params
    if isinstance(one, TyperOption | TyperArgument) and one.type_descriptor.annotation in (str, list[str])
}
WORDS = st.one_of(
    st.text(), st.sampled_from(["1", "-3", "2.5", "nan", "true", "no", "fp16", "\udcff.onnx", "é"])
)


@pytest.mark.parametrize("kind", sorted(PARAMETERS))
@given(words=st.lists(WORDS, min_size=1, max_size=3))
def test_what_is_given_is_read_as_typer_reads_it(kind, words):
    command, parameter = PARAMETERS[kind]
    context = typer.Context(command)
    value = tuple(words) if parameter.multiple or parameter.nargs == -1 else words[0]

    def outcome(runtime):
        try:
            return runtime.coerce(value, param=parameter, ctx=context)
        except (UsageError, NpusimError) as error:
            return type(error), str(error)

    found = outcome(parameter.get_runtime_param())
    assert repr(found) == repr(outcome(build_runtime_param(parameter.type_descriptor)))


def test_there_are_options():
    assert len(OPTIONS) > 100
