"""Options of what-ifs as axes of a sweep: `whatif.sparsity.weights`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from npusim.errors import BadArgument
from npusim.whatif.base import Runs, Supposition
from npusim.whatif.parse import make
from npusim.whatif.registry import find
from npusim_xamba.text import near, quoted

#: Beginning of the names that are options of what-ifs.
WHAT_IF = "whatif."


def option_of(name: str) -> tuple[bool, bool]:
    """Of 'whatif.NAME.OPTION': whether it is a number, and whether a whole one.

    Raises BadArgument with the nearest name."""
    kind, key = _split(name)
    if kind.rewrites_model():
        raise BadArgument(
            f"{name}: what-if '{kind.name}' changes the file, so its options are nothing to vary; run it for each"
        )
    annotation = kind.model_fields[key].annotation
    types = set(get_args(annotation) or (annotation,)) - {type(None)}
    return bool(types) and types <= {int, float}, types == {int}


def check(what_ifs: Sequence[Supposition], axes: Mapping[str, Sequence[Any]]) -> None:
    """Raises BadArgument for a value that an option may not have, beside the what-ifs that do not vary and the first
    values of the other options. Something stands for an option that has to be given and is not."""
    first = {name: values[0] for name, values in axes.items()}
    asked = [*what_ifs]
    for kind in {_split(name)[0] for name in axes} - {type(one) for one in what_ifs}:
        varied = {_split(name)[1]: value for name, value in first.items() if _split(name)[0] is kind}
        needed = {n: "x" for n, f in kind.model_fields.items() if f.is_required() and n not in varied}
        asked.append(make(kind, needed | varied))
    for name, values in axes.items():
        for value in values:
            at(asked, first | {name: value})


def _split(name: str) -> tuple[type[Supposition], str]:
    parts = name.split(".")
    if len(parts) != 3:
        raise BadArgument(
            f"{quoted(name)} is not whatif.NAME.OPTION; write for example whatif.sparsity.weights"
        )
    kind = find(parts[1])
    if parts[2] not in kind.model_fields:
        raise BadArgument(
            f"what-if '{kind.name}' has no option {quoted(parts[2])}; it takes {', '.join(kind.model_fields)}"
            f"{near(parts[2], kind.model_fields)}"
        )
    return kind, parts[2]


def composes(what_ifs: Sequence[Supposition], names: Iterable[str]) -> bool:
    """Whether one of the what-ifs, or one whose option is among the names varied, composes several runs."""
    kinds = [type(one) for one in what_ifs] + [_split(name)[0] for name in names if name.startswith(WHAT_IF)]
    return any(issubclass(kind, Runs) for kind in kinds)


def at(what_ifs: Sequence[Supposition], values: Mapping[str, Any]) -> tuple[Supposition, ...]:
    """The what-ifs with some options at the values of a point, by 'whatif.NAME.OPTION'; one that was not asked for
    comes behind the others. Raises BadArgument."""
    found = list(what_ifs)
    changes: dict[type[Supposition], dict[str, Any]] = {}
    for name, value in values.items():
        kind, key = _split(name)
        changes.setdefault(kind, {})[key] = value
    for kind, given in changes.items():  # all options of one at once: some go only together
        place = next((i for i, one in enumerate(found) if isinstance(one, kind)), None)
        if place is None:
            found.append(make(kind, given))
        else:
            old = {name: getattr(found[place], name) for name in found[place].model_fields_set}
            found[place] = make(kind, old | given)
    return tuple(found)
