"""How fast a language model's config.json is a graph: an 8B model under 0.5 s of CPU time with its imports, 50 MB."""

from npusim.language import build, read_config
from npusim.model_files import load
from tests.shared import SHARED, needs_shared

CONFIG = SHARED / "graphs" / "llm" / "configs" / "llama-3.1-8b"


@needs_shared
def bench_build(benchmark):
    config = read_config(CONFIG)
    assert benchmark(build, config).graph.node


@needs_shared
def bench_build_and_load(benchmark):
    assert benchmark(load, CONFIG).nodes
