"""A user's compiler profile with something wrong: the sentence names that file, the line and the nearest name."""

import pytest

from npusim.arch.presets import config_dir
from npusim.compiler.rules.profile import list_profiles, load_profile
from npusim.compiler.rules.profile_names import check_names
from npusim.errors import BadHardware

HEAD = 'based_on: "2026"\nname: own\n'
RULE = "lowerings:\n  ReduceSum: {{order: [dsp], why: {{dsp: x}}{}}}\n"


@pytest.mark.parametrize("name", list_profiles())
def test_those_that_come_along_have_no_such_name(name) -> None:
    check_names(load_profile(name), {}, str(config_dir()))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("generations: []\n", 3, "generations: is empty"),
        (RULE.replace("dsp: x", 'dsp: "{{nothing}}"').format(""), 4, "in braces only {op}"),
        (RULE.replace("dsp: x", 'dsp: "{{"').format(""), 4, "in braces only {op}"),
        (RULE.replace("[dsp]", "[dps]").format(""), 4, "'dps' is not a way to run an op; did you mean dsp?"),
        (RULE.replace("[dsp]", "[]").format(""), 4, "lowerings.ReduceSum.order: is empty"),
        (RULE.replace("Sum", "Summ").format(""), 4, "'ReduceSumm' is not an op; did you mean ReduceSum?"),
        (RULE.format(', generations: {"4001": [dsp]}'), 4, "is not a generation .*; did you mean 4000?"),
        (RULE.format(', generations: {"4000": []}'), 4, "is empty"),
        (RULE.format(", only_if: {dsp@401: equal_shapes}"), 4, "'401' is not a generation"),
        ("lowerings:\n  ReduceSum: {order: [dsp]}\n", 4, "why: is missing"),
        ('prices: {numbers: {"4000": {from: x, dma.latensy_ns: 1}}}\n', 3, "nearest: dma.latency_ns"),
        (
            'prices: {numbers: {"4000": {from: x, dma.bytes_per_cycle: 0}}}\n',
            3,
            "dma.bytes_per_cycle: must be",
        ),
        ('prices: {numbers: {"4001": {from: x, dma.latency_ns: 1}}}\n', 3, "is not a generation"),
    ],
)
def test_the_sentence_names_the_users_file_and_the_line(tmp_path, text, line, said) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(HEAD + text)
    with pytest.raises(BadHardware) as caught:
        load_profile(str(own))
    assert str(caught.value).startswith(f"{own}:{line}: ")
    assert all(part in str(caught.value) for part in said.split(".*"))
