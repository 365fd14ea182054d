"""`npusim ops`: which ONNX ops have a cost, and on which engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npusim.commands import options as opt
from npusim.terminal.results import answer, check_results

if TYPE_CHECKING:
    from npusim.ops.registry import OpInfo
    from npusim.terminal.layout import Line


def ops(json: opt.Json = None, output: opt.Output = None) -> None:
    """List the ops that have a cost, with the engines and lowerings each may take."""
    outputs = check_results({"--json": json}, output=output)
    from npusim.ops.registry import known_ops
    from npusim_xamba.envelope import envelope, text

    infos = known_ops()
    answer(
        outputs,
        {"--json": lambda: text(envelope("npusim.ops", {"ops": [info._asdict() for info in infos]}))},
        lambda width: ops_page(infos, width),
    )


def ops_page(infos: list[OpInfo], width: int) -> list[Line]:
    """The ops, one a line, by domain."""
    from npusim.report.words import SHORT_NAMES
    from npusim.terminal.layout import Line, fit, sentence

    name_cells = 26
    engines = [" ".join(SHORT_NAMES[engine] for engine in info.engines) or "-" for info in infos]
    indent = name_cells + max([len("engines"), *map(len, engines)]) + 3
    lines: list[Line] = []
    domain: str | None = None
    for info, engine in zip(infos, engines, strict=True):
        if info.domain != domain:
            domain = info.domain
            title = f"{fit(domain or 'ai.onnx', name_cells - 1):{name_cells}} engines".ljust(indent)
            lines += [Line("")] * bool(lines) + [Line(f"{title}lowerings", "bold")]
        start = f"{fit(info.op, name_cells):{name_cells}} {engine}"
        lines += sentence(", ".join(info.lowerings), width, indent, start)
    return [*lines, Line(""), Line(f"{len(infos)} ops; a view (no engine) costs nothing")]
