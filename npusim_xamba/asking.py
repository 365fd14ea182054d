"""Errors in the words of who asks.

Sentences are written in the words of the command line ('pass --allow-unmodelled'). Who asks from Python is told the
argument (`allow_unmodelled=True`): the errors of both tools pass their sentence through `in_words`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_asked = {"by": "python"}

NUMBER = r"-?\d+(?:\.\d+)?"
NAME = r"'[^']+'|[^\s=']+"


@contextmanager
def by_command_line() -> Iterator[None]:
    """Within the block a command asks: sentences stay as they are. (Nobody else, from the start: a program does.)"""
    before, _asked["by"] = _asked["by"], "command line"
    try:
        yield
    finally:
        _asked["by"] = before


def in_words(sentence: str) -> str:
    """The sentence for who asks."""
    if _asked["by"] == "command line" or "--" not in sentence:
        return sentence
    for pattern, words in RULES:
        sentence = re.sub(pattern, words, sentence)
    return sentence


def _mapping(argument: str) -> Callable[[re.Match[str]], str]:
    def words(found: re.Match[str]) -> str:
        return f"{argument}={{'{found['name']}': {found['value']}}}"

    return words


def _pair(option: str) -> str:
    """'--dim batch=1' and, where a shell needs it, "--dim 'a b=1'"."""
    return rf"{option} '?(?P<name>[^\s'=][^'=]*?)=(?P<value>{NUMBER}|true|false|\[[^]]*\])'?"


_MANY = r"\b(dims|fixed|trips)=\{([^}]*)\} \1=\{"
#: Patterns are compiled when there is a sentence to say.
RULES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (_pair("--dim"), _mapping("dims")),
    (_pair("--set"), _mapping("fixed")),
    (_pair("--trips"), _mapping("trips")),
    (_MANY, r"\1={\2, "),
    (_MANY, r"\1={\2, "),
    (r"--dim\b(?: [A-Za-z]+=[A-Za-z]+)?", "dims"),
    (r"--set\b", "fixed"),
    (r"--no-verify\b", "check_answer=False"),
    (r"--for\b(?: NPU)?", "xamba.choice"),
    (r"--max-memory\b", "max_memory_bytes"),
    (r"--keep-functions\b", "inline_functions=False"),
    (r"--(allow-unmodelled|upper-bound)\b", lambda m: m[1].replace("-", "_") + "=True"),
    (r"npusim run --json - lists", "report.nodes lists"),
    (r"--json\b", "report.save('r.json')"),
    (rf"--([a-z][a-z-]+) ({NUMBER})\b", lambda m: f"{m[1].replace('-', '_')}={m[2]}"),
    (r"--([a-z][a-z-]+)\b", lambda m: m[1].replace("-", "_")),
)
