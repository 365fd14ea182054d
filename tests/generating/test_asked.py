"""What is asked: hand-counted passes, sizes of the cache, and what cannot be asked."""

import json

import pytest

import npusim
from npusim.errors import BadArgument
from npusim.generating.asked import Asked
from npusim_xamba.asking import by_command_line
from tests.generating.models import LLAMA, config
from tests.language.exports import LLAMA_TINY


@pytest.mark.parametrize(
    ("asked", "chunks", "rows", "before"),
    [
        ({}, [(0, 1024)], 1152, range(1151, 1152)),
        ({"prompt": 100, "tokens": 10}, [(0, 128)], 192, range(191, 192)),
        ({"prompt": 2500}, [(0, 1024), (1024, 1024), (2048, 1024)], 2560 + 128, range(2687, 2688)),
        ({"prompt": 1500, "context": 2048}, [(0, 1024), (1024, 1024)], 2048, range(2047, 2048)),
        ({"prompt": 300, "chunk": 128}, [(0, 128), (128, 128), (256, 128)], 448, range(447, 448)),
        ({"prompt": 1500, "growing": True}, [(0, 1024), (1024, 476)], 1628, range(1500, 1627)),
        ({"prompt": 7, "tokens": 1, "growing": True}, [(0, 7)], 8, range(7, 8)),
    ],
)
def test_passes_and_rows_by_hand(asked, chunks, rows, before):
    found = Asked(**asked).checked()
    assert (found.chunks, found.rows, found.before) == (chunks, rows, before)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": 0}, "--prompt 0"),
        ({"tokens": -1}, "--tokens -1"),
        ({"batch": 0}, "--batch 1"),
        ({"chunk": 10**9}, "4,194,304"),
        ({"weights": "int3"}, "fp16, int8, int4, nf4, nf4-double"),
        ({"cache": "fp8"}, "--cache 'fp8'"),
        ({"context": 1024}, "1152 or more"),
        ({"context": 10**12}, "at most"),
        ({"context": 4096, "growing": True}, "one of the two"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(asked, said):
    with by_command_line(), pytest.raises(BadArgument) as refused:
        Asked(**asked).checked()
    with by_command_line():
        assert said in str(refused.value)


def test_widths_are_read_in_whatever_case(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA_TINY))
    upper, lower = (
        npusim.generate(path, weights=w, cache=c, prompt=8, tokens=2)
        for w, c in (("INT4", "Int8"), ("int4", "int8"))
    )
    assert upper.asked == lower.asked and upper.tokens_per_s == lower.tokens_per_s
    with pytest.raises(BadArgument, match=r"weights.*int5.* is not on offer; choose from fp16, int8, int4"):
        npusim.generate(path, weights="int5")


def test_from_python_the_argument_is_named():
    with pytest.raises(BadArgument, match=r"prompt=0: .* such as prompt=1024"):
        Asked(prompt=0).checked()


@pytest.mark.parametrize(
    ("tokens", "longest", "told"), [(24, 1024, False), (25, 1024, True), (25, None, False)]
)
def test_a_context_longer_than_the_models_is_told(tokens, longest, told):
    assert bool(Asked(prompt=1000, tokens=tokens).too_long(longest)) is told


@pytest.mark.parametrize(("longest", "told"), [(1024, True), (1152, False)])
def test_a_config_with_few_positions_warns(tmp_path, longest, told):
    found = npusim.generate(config(tmp_path, LLAMA, max_position_embeddings=longest))
    assert any(f"knows {longest:,} positions" in said for said in found.warnings) is told
