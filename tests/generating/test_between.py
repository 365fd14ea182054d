"""Graphs told from three that were loaded are those that would be loaded."""

import pytest

from npusim.generating.between import Between, same
from tests.generating.models import LLAMA, MAMBA, config, passes
from tests.shared import SHARED, needs_shared

CONFIGS = SHARED / "graphs" / "llm" / "configs"


def counted(model):
    loads = []

    def load(past):
        loads.append(past)
        return model.graph(1, past)

    return load, loads


@pytest.mark.parametrize("weights", ["fp16", "int4"])
@pytest.mark.parametrize("cache", ["fp16", "int8"])
def test_told_graphs_equal_loaded_ones(tmp_path, weights, cache):
    model = passes(config(tmp_path, LLAMA), weights=weights, group=32, cache=cache)
    load, loads = counted(model)
    graphs = Between(load, 63, 2047)
    for past in (64, 100, 777, 2046):
        assert same(graphs.at(past), model.graph(1, past))
    assert loads == [63, 2047, 64]


def test_a_window_of_attention_is_no_line_and_all_are_loaded(tmp_path):
    keys = {**LLAMA, "model_type": "mistral", "sliding_window": 256}
    model = passes(config(tmp_path, keys))
    load, loads = counted(model)
    graphs = Between(load, 63, 1023)
    for past in (200, 400, 800):
        assert same(graphs.at(past), model.graph(1, past)) and past in loads


def test_graphs_that_differ_are_told_apart(tmp_path):
    model = passes(config(tmp_path, LLAMA))
    assert same(model.graph(1, 100), model.graph(1, 100))
    assert not same(model.graph(1, 100), model.graph(1, 101))
    assert not same(model.graph(1, 100), passes(config(tmp_path / "m", MAMBA)).graph(1, 100))


@needs_shared
@pytest.mark.parametrize("name", ["qwen3-0.6b", "phi-3-mini-4k", "lfm2-1.2b", "falcon-h1-0.5b"])
def test_every_family_with_a_cache_is_told(name):
    model = passes(str(CONFIGS / name), weights="int4")
    load, loads = counted(model)
    graphs = Between(load, 127, 1535)  # Phi-3 sees 2,047 rows
    for past in (640, 999):
        assert same(graphs.at(past), model.graph(1, past))
    assert loads == [127, 1535, 640]
