"""The pages of the site in `build/docs`: those of this folder, and those that are made: start, commands, interface.

`make docs` runs this and builds the site strictly: a link that leads nowhere fails.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "docs"
KEPT = (
    "*.md",
    "*.png",
    "*.svg",
    "*.css",
    "*.out",
    "*.ipynb",
    "studies/*.png",
    "studies/*.out",
    "fidelity/*.png",
    "pictures/*",
    "what_if/*.md",
    "what_if/*.png",
)
STUDIES = {
    "where_cumba_pays": "On which NPUs does CumBA pay?",
    "xamba": "The paper's gains, predicted",
    "beyond_xamba": "What beats XAMBA?",
    "tokens": "Tokens a second, and where a state space overtakes attention",
    "default_choice": "What the shipped choice takes",
    "what_if": "Questions of other systems, asked of three NPUs",
}

sys.path.insert(0, str(ROOT))


def main(target: Path = TARGET) -> None:
    """Make the folder anew."""
    shutil.rmtree(target, ignore_errors=True)
    for pattern in KEPT:
        for source in (ROOT / "docs").glob(pattern):
            if source.name.endswith(".template.md"):
                continue
            name = source.relative_to(ROOT / "docs")
            if source.suffix == ".md":
                write(target, str(name), equations(source.read_text("utf-8")))
            else:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target / name)
    readme = (ROOT / "README.md").read_text("utf-8")
    write(
        target,
        "index.md",
        readme.replace("(docs/", "(").replace('src="docs/', 'src="').replace("`docs/", "`"),
    )
    for tool, app in apps().items():
        names = []
        for name, command in commands(app, (tool,)):
            write(target, f"commands/{name.replace(' ', '_')}.md", page(name, command))
            names.append(name)
        rows = [f"- [`{name}`]({name.replace(' ', '_')}.md)" for name in names]
        write(
            target,
            f"commands/{tool}.md",
            f"# Commands of {tool}\n\nA page for each; `-h` prints the same.\n\n" + "\n".join(rows),
        )
    write(target, "api.md", api())
    write(target, "studies/index.md", studies())


def equations(text: str) -> str:
    """TeX between $$ as MathML, which a browser draws without a script."""
    from latex2mathml.converter import convert

    def drawn(found: re.Match[str]) -> str:
        return convert(" ".join(found[1].replace("\\!", "").split()), display="block")

    return re.sub(r"^\$\$\n(.*?)^\$\$$", drawn, text, flags=re.S | re.M)


def pipes(text: str) -> str:
    """`int8\\|int4` in a table without its backslash: a code host's tables need it, Python-Markdown would show it."""
    code = re.compile(r"`[^`\n]+`")
    row = re.compile(r"^\|.*$", re.M)
    return row.sub(lambda line: code.sub(lambda one: one[0].replace("\\|", "|"), line[0]), text)


def write(target: Path, name: str, text: str) -> None:
    place = target / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(pipes(text.rstrip()) + "\n", "utf-8")


def apps() -> dict[str, Any]:
    """Both tools as click sees them."""
    from typer.main import get_command

    import npusim.cli
    import xamba.cli

    return {"npusim": get_command(npusim.cli.app), "xamba": get_command(xamba.cli.app)}


def commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it."""
    context = group.make_context(path[0], [], resilient_parsing=True)
    for name in group.list_commands(context):
        one = group.get_command(context, name)
        if hasattr(one, "list_commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


def page(name: str, command: Any) -> str:
    """A command: what it does, how it is called, its arguments and options."""
    parameters = [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    words = " ".join(p.metavar or p.name.upper() for p in arguments)
    lines = [
        f"# {name}",
        "",
        plain(command.help or ""),
        "",
        "```",
        f"{name} [OPTIONS] {words}".rstrip(),
        "```",
        "",
    ]
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        rows = [row(p) for p in parameters if p.param_type_name == kind]
        if rows:
            lines += [f"## {title}", "", f"| {title[:-1].lower()} | what |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def row(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    spelled = parameter.metavar or parameter.name.upper() if is_argument else ", ".join(parameter.opts)
    if not is_argument and not parameter.is_flag and parameter.metavar:
        spelled += f" {parameter.metavar}"
    default = parameter.default
    shown = "" if default in (None, False, "", ()) or callable(default) else f" Default: `{default}`."
    help_text = plain(getattr(parameter, "help", "") or "").replace("|", "\\|").replace("\n", " ")
    return f"| `{spelled}` | {help_text}{shown} |".replace("|`", "| `")


def plain(text: str) -> str:
    """Help as Markdown: no angle or square bracket is taken for a link or a tag."""
    return re.sub(r"([<\[*])", r"\\\1", text.strip())


def api() -> str:
    """The Python interface, from its docstrings."""
    import npusim

    parts = [
        "# Python interface",
        "",
        "What `import npusim` and `import xamba` offer; the rest may change.",
        "",
    ]
    for name, (module, attribute) in npusim._WHERE.items():
        parts += [f"## npusim.{name}", "", f"::: {module}.{attribute}", ""]
    for name, module in {"optimize": "xamba.pipeline", "verify": "xamba.proof.equivalence"}.items():
        parts += [f"## xamba.{name}", "", f"::: {module}.{name}", ""]
    return "\n".join(parts)


def studies() -> str:
    """Questions asked with the tool, and what the scripts print."""
    parts = [
        "# Studies",
        "",
        "Questions asked with the tool; a script each, and what it prints, held by a test.",
        "",
    ]
    for name, title in STUDIES.items():
        printed = ROOT / "docs" / "studies" / f"{name}.out"
        if printed.is_file():
            parts += [
                f"## {title}",
                "",
                f"`docs/studies/{name}.py`",
                "",
                "```",
                printed.read_text("utf-8").rstrip(),
                "```",
                "",
            ]
    return "\n".join(parts)


if __name__ == "__main__":
    main()
