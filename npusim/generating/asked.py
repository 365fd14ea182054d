"""What is asked: prompt, answer, how weights and cache are stored; and into which passes that falls apart.

OpenVINO's pipeline for language models on an NPU (NPUW) compiles static graphs: a prompt in chunks of a fixed size and
a cache of a fixed number of rows, all of which every token reads. Defaults of OpenVINO 2026.4.1, as its NPU plugin
answers `get_property`: NPUW_LLM_MAX_PROMPT_LEN 1024, NPUW_LLM_MIN_RESPONSE_LEN 128, NPUW_LLM_PREFILL_CHUNK_SIZE 1024.
"""

from __future__ import annotations

from dataclasses import dataclass

from npusim.choices import GROUP, StoredCache, StoredWeights, choose
from npusim.errors import BadArgument

PROMPT = 1024  # NPUW_LLM_MAX_PROMPT_LEN
CHUNK = 1024  # NPUW_LLM_PREFILL_CHUNK_SIZE
ROUND = 64  # rows of prompt and answer are rounded up to (assumed: no property says it)
MOST_TOKENS = 1 << 22


@dataclass(frozen=True, slots=True)
class Asked:
    """The question. `context`: rows of the static cache (None: prompt and answer, rounded up); `growing`: a cache that
    grows instead, by one row a token. `chunk`: most tokens of one pass over the prompt. `fixed`: exports of one size,
    whose `prompt` and `context` these are."""

    prompt: int = PROMPT
    tokens: int = 128
    weights: str = "fp16"
    group: int = GROUP
    cache: str = "fp16"
    context: int | None = None
    growing: bool = False
    chunk: int = CHUNK
    batch: int = 1
    fixed: bool = False

    def checked(self) -> Asked:
        """Itself. Raises BadArgument for what cannot be asked."""
        for name in ("prompt", "tokens", "chunk", "batch"):
            value = getattr(self, name)
            if not 1 <= value <= MOST_TOKENS:
                raise BadArgument(
                    f"--{name} {value}: give a whole number from 1 to {MOST_TOKENS:,}, such as {_SUCH[name]}"
                )
        choose(StoredWeights, self.weights, "--weights")
        choose(StoredCache, self.cache, "--cache")
        if self.context is not None and self.growing:
            raise BadArgument(
                "--context is the size of a static cache, and --growing has none; give one of the two"
            )
        if self.context is not None and self.context > MOST_TOKENS:
            raise BadArgument(f"--context {self.context}: at most {MOST_TOKENS:,} rows are asked about")
        if self.context is not None and not self.fixed and self.prompt + self.tokens > self.context:
            raise BadArgument(
                f"--context {self.context} holds fewer rows than the prompt of {self.prompt} and the answer of "
                f"{self.tokens} need; give {self.prompt + self.tokens} or more"
            )
        return self

    @property
    def rows(self) -> int:
        """Rows of the cache when the answer is whole: of the static cache, all of it."""
        if self.context is not None:
            return self.context
        if self.growing:
            return self.prompt + self.tokens
        return up(self.prompt, ROUND) + up(self.tokens, ROUND)

    @property
    def chunks(self) -> list[tuple[int, int]]:
        """(rows before, tokens) of every pass over the prompt; its last chunk is padded, as the graph is static."""
        if self.fixed:
            return [(0, self.prompt)]
        if self.growing:
            return [(k, min(self.chunk, self.prompt - k)) for k in range(0, self.prompt, self.chunk)]
        size = min(self.chunk, up(self.prompt, min(ROUND, self.chunk)))
        return [(k, size) for k in range(0, self.prompt, size)]

    @property
    def before(self) -> range:
        """Rows before each token of the answer but the first, which the prompt's last pass gives."""
        if self.growing:
            return range(self.prompt, self.prompt + max(self.tokens - 1, 1))
        return range(self.rows - 1, self.rows)

    def too_long(self, longest: int | None) -> str:
        """One sentence where prompt and answer are longer than what a model was trained for; empty otherwise."""
        if longest is None or self.prompt + self.tokens <= longest:
            return ""
        return (
            f"the config knows {longest:,} positions; prompt and answer are {self.prompt + self.tokens:,}: they would "
            "take this long, their text is not to be relied on"
        )

    @property
    def cache_sentence(self) -> str:
        """How the cache is kept, and who says so."""
        if self.growing:
            return (
                f"the cache grows from {self.prompt:,} to {self.rows:,} rows; every token reads what is there"
            )
        if self.fixed:
            return (
                f"exports of one size: a prompt of {self.prompt:,}, every token behind {self.rows - 1:,} rows"
            )
        if self.context is not None:
            return f"a static cache of {self.rows:,} rows, as asked; every token reads all of it"
        return (
            f"a static cache of {self.rows:,} rows (prompt {self.prompt:,} and answer {self.tokens:,}, each rounded "
            f"up to {ROUND}), all of which every token reads, as OpenVINO's NPU pipeline compiles it"
        )


_SUCH = {"prompt": "--prompt 1024", "tokens": "--tokens 128", "chunk": "--chunk 1024", "batch": "--batch 1"}


def up(value: int, to: int) -> int:
    """`value` rounded up to a multiple of `to`."""
    return -(-value // to) * to
