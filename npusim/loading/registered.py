"""Tables that functions enter themselves into, by the kinds of node they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from npusim.errors import BadArgument

Entry = TypeVar("Entry", bound=Callable[..., Any])


def registered(table: dict[str, Entry], kinds: Iterable[str], what: str) -> Callable[[Entry], Entry]:
    """A decorator that enters a function for each of `kinds`; `what` names the table in the sentence ('a translation').

    Raises BadArgument for a kind that has an entry already: the second would win in silence.
    """

    def register(function: Entry) -> Entry:
        for kind in kinds:
            if kind in table:
                old: Any = table[kind]
                raise BadArgument(f"'{kind}' has {what} already, {old.__name__} in {old.__module__}")
            table[kind] = function
        return function

    return register
