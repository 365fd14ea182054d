"""xamba optimize | verify | passes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import fields
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xamba import listing
from xamba.errors import BadArgument, XambaError
from xamba.options import completer, options, with_options, words
from xamba.passes.registry import find
from xamba.passes.registry import passes as all_passes

if TYPE_CHECKING:
    from xamba.passes.base import XambaPass
    from xamba.pipeline import Optimized
    from xamba.proof.equivalence import Verdict

app = typer.Typer(
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Rewrite ONNX graphs for NPUs and check that the answer stays.",
)

KNOWN = all_passes()
DEFAULT = ",".join(name for name, one in KNOWN.items() if one.default)

Dims = Annotated[list[str] | None, typer.Option("--dim", help="Length of a free dimension: name=number.")]
Seed = Annotated[int, typer.Option(help="Seed of the random inputs (and of weights that are missing).")]
Allowed = Annotated[
    float | None,
    typer.Option(help="Largest error, relative to an output's largest magnitude. Default: derived."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Passes = Annotated[
    str,
    typer.Option(
        metavar="NAME,...",
        help=f"Passes in order, of {', '.join(KNOWN)} (see `xamba passes`).",
        autocompletion=completer(list(KNOWN), several=True),
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"xamba {version_of('npusim-xamba')}")
        except PackageNotFoundError:  # run from a folder of sources
            print("xamba, not installed")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Rewrite ONNX graphs for NPUs and check that the answer stays."""


@app.command()
@with_options(options(KNOWN.values()))
def optimize(
    source: Annotated[str, typer.Argument(metavar="IN", help="ONNX file to read.")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="OUT", help="ONNX file to write.")],
    given: dict[str, Any],
    passes: Passes = DEFAULT,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Write without comparing answers.")] = False,
    keep_functions: Annotated[
        bool, typer.Option("--keep-functions", help="Leave model-local functions as they are.")
    ] = False,
    tolerance: Allowed = None,
    seed: Seed = 0,
    dim: Dims = None,
    as_json: AsJson = False,
) -> None:
    """Rewrite a model; verified before it is written, and not written when the answer differs."""
    from xamba.pipeline import optimize as run

    chosen = [find(name) for name in words(passes)]
    unused = [field for field in given if not any(has_field(one, field) for one in chosen)]
    made = [one(**{f: value for f, value in given.items() if has_field(one, f)}) for one in chosen]
    done = run(
        source,
        output,
        made,
        check_answer=not no_verify,
        tolerance=tolerance,
        seed=seed,
        dims=_dims(dim),
        inline_functions=not keep_functions,
    )
    done.notes += [f"'{field}' changes nothing: none of the passes has it" for field in unused]
    print(json.dumps(_optimized_dict(done), indent=2) if as_json else _optimized_text(done, output))


@app.command()
def verify(
    a: Annotated[str, typer.Argument(metavar="A", help="ONNX file.")],
    b: Annotated[str, typer.Argument(metavar="B", help="ONNX file that should answer the same.")],
    tolerance: Allowed = None,
    seed: Seed = 0,
    dim: Dims = None,
    runtime: Annotated[str | None, typer.Option(help="onnxruntime or onnx.reference.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run two models on the same random inputs. Exit 0: the same within tolerance; 1: not."""
    from xamba.proof.equivalence import verify as run

    verdict = run(a, b, tolerance=tolerance, seed=seed, dims=_dims(dim), runtime=runtime)
    print(json.dumps(verdict.as_dict(), indent=2) if as_json else _verdict_text(verdict))
    raise typer.Exit(0 if verdict.ok else 1)


@app.command()
def passes(
    markdown: Annotated[bool, typer.Option("--markdown", help="As the tables of docs/passes.md.")] = False,
) -> None:
    """List the passes, each with its rule."""
    print(listing.markdown(KNOWN) if markdown else listing.text(KNOWN))


def has_field(one: type[XambaPass], name: str) -> bool:
    return name in {field.name for field in fields(one)}


def _dims(texts: list[str] | None) -> dict[str, int]:
    dims = {}
    for text in texts or []:
        name, _, number = text.partition("=")
        if not name or not number.isdecimal() or int(number) < 1:
            raise BadArgument(f"--dim is '{text}'; write a name and a positive number as batch=2")
        dims[name] = int(number)
    return dims


def _optimized_text(done: Optimized, output: str) -> str:
    lines = [f"{output}: {len(done.rewritten)} replaced, {len(done.kept)} kept"]
    for line in done.rewritten, done.kept:
        words = [(r.pass_name, r.op_type, r.by if hasattr(r, "by") else f"kept: {r.reason}") for r in line]
        for (name, op_type, what), count in Counter(words).most_common():
            lines.append(f"  {name:7s} {count:4d} x {op_type}: {what}")
    lines += [f"note: {note}" for note in done.notes]
    if not done.modified:
        lines.append("nothing to rewrite: the output is the input, byte for byte")
    if done.verdict is not None:
        lines.append(_verdict_text(done.verdict))
    return "\n".join(lines)


def _optimized_dict(done: Optimized) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "modified": done.modified,
        "rewritten": [asdict(line) for line in done.rewritten],
        "kept": [asdict(line) for line in done.kept],
        "notes": done.notes,
        "verify": None if done.verdict is None else done.verdict.as_dict(),
    }


def _verdict_text(verdict: Verdict) -> str:
    lines = []
    for o in verdict.outputs:
        word = "ok  " if o.ok else "FAIL"
        reason = f"  {o.reason}" if o.reason else ""
        errors = f"max abs {o.max_abs:.3g}, max rel {o.max_rel:.3g}, SQNR {o.sqnr_db:.1f} dB"
        lines.append(f"{word} {o.name}: {errors}{reason}")
    limit = f"{verdict.limit:.2g} of the largest magnitude"
    derived = f" ({verdict.tolerance})" if verdict.limit == verdict.tolerance.total else " (asked for)"
    weights = f", {verdict.random_weights} missing weights random" if verdict.random_weights else ""
    word = "same" if verdict.ok else "not the same"
    lines.append(f"{word} within {limit}{derived}; {verdict.runtime}, seed {verdict.seed}{weights}")
    return "\n".join(lines)


def main() -> None:
    """Entry point: errors of the user are one line, and exit code 2 (1 when answers differ)."""
    from xamba.errors import NotEquivalent

    try:
        app()
    except XambaError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, NotEquivalent) else 2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
