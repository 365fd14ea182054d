"""`npusim ops`: which ONNX ops have a cost, and on which engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from npusim.ops.registry import OpInfo
    from npusim.terminal.layout import Line

JsonFlag = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def ops(as_json: JsonFlag = False) -> None:
    """List the ops that have a cost, with the engines and lowerings each may take."""
    from npusim.ops.registry import known_ops

    infos = known_ops()
    if as_json:
        import json
        from dataclasses import asdict

        print("[\n  " + ",\n  ".join(json.dumps(asdict(info)) for info in infos) + "\n]")
        return
    from npusim.terminal.layout import page_width, show

    show(ops_page(infos, page_width()))


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
