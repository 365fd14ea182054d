"""xamba optimize | verify | passes: their options, and what they do."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from npusim_xamba.text import folded, page_width
from xamba import listing
from xamba.answers import STDOUT, answer, check_json
from xamba.options import completer, options, parse_dims, parse_settings, parse_size, with_options, words
from xamba.passes.registry import find
from xamba.passes.registry import passes as all_passes

if TYPE_CHECKING:
    from xamba.passes.base import XambaPass


def _offered(incomplete: str) -> list[str]:
    from xamba.choice.targets import list_hardware

    return completer(list_hardware(), several=True)(incomplete)


def _releases(incomplete: str) -> list[str]:
    from xamba.choice.targets import list_profiles

    return completer(list_profiles(), several=True)(incomplete)


KNOWN = all_passes()
DEFAULT = ",".join(name for name, one in KNOWN.items() if one.default)

Dims = Annotated[
    list[str] | None,
    typer.Option(
        "--dim",
        metavar="NAME=N",
        help="Length of a free dimension: name=number, the name as the file writes it ('floor(seq/2)=8'), "
        "x.2=48 for one without a name. Several lengths are tried where none is given.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="What an input holds in the comparison and in prices, which may decide a branch: name=value, as "
        "sr=16000 or ids=[1,2].",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        metavar="SIZE",
        help="Refuse to compare models that take more than this. Default: 8GB.",
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="TYPE",
        help="Round every value to fp16 or bf16 between ops, as an NPU does.",
        autocompletion=completer(["fp16", "bf16"], several=False),
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="N", help="Seed of the random inputs (and of weights that are missing).")
]
Allowed = Annotated[
    float | None,
    typer.Option(
        metavar="E", help="Largest error, relative to an output's largest magnitude. Default: derived."
    ),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write it all as JSON; '-' is standard output."),
]
Report = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the result: .json, or the page as .txt."),
]
Passes = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...",
        help=f"Passes in order, of {', '.join(KNOWN)} (see `xamba passes`). Default: {DEFAULT}, but short axes stay.",
        autocompletion=completer(list(KNOWN), several=True),
    ),
]

For = Annotated[
    str | None,
    typer.Option(
        "--for",
        "--hw",
        metavar="NPU,...",
        help="Choose by predicted price: names of `npusim hw list`, or YAML files.",
        autocompletion=_offered,
    ),
]
Compiler = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...",
        help="--for: releases of Intel's compiler, 2026 by default, 2024.12, and variants of both (docs/compiler.md).",
        autocompletion=_releases,
    ),
]
MaxError = Annotated[
    float, typer.Option(metavar="E", help="--for: error an approximation may have on its region; 0: none.")
]
TrustPrice = Annotated[
    bool,
    typer.Option(
        "--trust-price", help="--for: take what pays by price though Intel's compiler says it loses."
    ),
]
Witness = Annotated[
    bool, typer.Option("--witness", help="--for: ask Intel's compiler here, instead of the committed table.")
]
VendorCommand = Annotated[
    str | None,
    typer.Option(metavar="CMD", help="--witness: command that runs the compiler: CMD MODEL PLATFORM OUT."),
]


def _other_form(source: str) -> str:
    """What to do with a model that is no ONNX file, said before a missing --output is."""
    from xamba.files import other_form

    if os.path.isfile(source) and os.access(source, os.R_OK):
        other_form(source)
    return source


@with_options(options(KNOWN.values()))
def optimize(
    source: Annotated[str, typer.Argument(metavar="IN", help="ONNX file to read.", callback=_other_form)],
    output: Annotated[str, typer.Option("-o", "--output", metavar="OUT", help="ONNX file to write.")],
    given: dict[str, Any],
    passes: Passes = None,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Write without comparing answers.")] = False,
    keep_functions: Annotated[
        bool, typer.Option("--keep-functions", help="Leave model-local functions as they are.")
    ] = False,
    tolerance: Allowed = None,
    seed: Seed = 0,
    dim: Dims = None,
    set_: Set = None,
    as_type: As = None,
    max_memory: Memory = None,
    json: Json = None,
    for_: For = None,
    compiler: Compiler = None,
    max_error: MaxError = 0.0,
    trust_price: TrustPrice = False,
    witness: Witness = False,
    vendor_command: VendorCommand = None,
) -> None:
    """Rewrite a model; verified before it is written, and not written when the answer differs.

    With --for every place is chosen by its predicted price, of all passes (or those of --passes).
    """
    from xamba import optimized_page
    from xamba.pipeline import optimize as run
    from xamba.proof.equivalence import MAX_MEMORY_BYTES

    check_json(json, [source, output])
    if for_ is not None:
        from xamba.choice.command import optimize_command

        verdicts = optimize_command(
            source,
            output,
            for_,
            compiler,
            None if passes is None else words(passes),
            given,
            max_error=max_error,
            trust=trust_price,
            witness=vendor_command or witness,
            check_answer=not no_verify,
            tolerance=tolerance,
            seed=seed,
            dims=parse_dims(dim),
            settings=parse_settings(set_),
            as_type=as_type,
            max_memory_bytes=parse_size(max_memory, MAX_MEMORY_BYTES),
            json=json,
        )
        if json != STDOUT:
            from xamba.proof.page import verdict_text

            print(folded("\n".join(map(verdict_text, verdicts)), page_width()))
        return
    chosen = [find(name) for name in words(DEFAULT if passes is None else passes)]
    unused = [field for field in given if not any(has_field(one, field) for one in chosen)]
    made = [_made(one, given, named=passes is not None) for one in chosen]
    done = run(
        source,
        output,
        made,
        check_answer=not no_verify,
        tolerance=tolerance,
        seed=seed,
        dims=parse_dims(dim),
        settings=parse_settings(set_),
        as_type=as_type,
        max_memory_bytes=parse_size(max_memory, MAX_MEMORY_BYTES),
        inline_functions=not keep_functions,
    )
    done.notes += [f"'{field}' changes nothing: none of the passes has it" for field in unused]
    prediction = _prediction(source, output, parse_dims(dim), parse_settings(set_)) if done.modified else None
    page = folded("\n".join(filter(None, (optimized_page.page(done, output), prediction))), page_width())
    content = optimized_page.plain(done) | {"prediction": prediction}
    answer("xamba.optimize", content, page, json, [source], seed=seed)


def verify(
    a: Annotated[str, typer.Argument(metavar="A", help="ONNX file.")],
    b: Annotated[str, typer.Argument(metavar="B", help="ONNX file that should answer the same.")],
    tolerance: Allowed = None,
    seed: Seed = 0,
    dim: Dims = None,
    set_: Set = None,
    as_type: As = None,
    max_memory: Memory = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="onnxruntime or onnx.reference.",
            autocompletion=completer(["onnxruntime", "onnx.reference"], several=False),
        ),
    ] = None,
    json: Json = None,
    output: Report = None,
) -> None:
    """Run two models on the same inputs of many kinds. Exit 0: the same within what rounding may do; 1: not."""
    check_json(json, [a, b], output)
    from xamba.proof.equivalence import MAX_MEMORY_BYTES
    from xamba.proof.equivalence import verify as run
    from xamba.proof.page import verdict_text

    verdict = run(
        a,
        b,
        tolerance=tolerance,
        seed=seed,
        dims=parse_dims(dim),
        runtime=runtime,
        as_type=as_type,
        max_memory_bytes=parse_size(max_memory, MAX_MEMORY_BYTES),
        settings=parse_settings(set_),
    )
    page = folded(verdict_text(verdict), page_width())
    answer("xamba.verify", verdict.as_dict(), page, json, [a, b], output, seed=seed)
    raise typer.Exit(0 if verdict.ok else 1)


def passes(
    markdown: Annotated[bool, typer.Option("--markdown", help="As the tables of docs/passes.md.")] = False,
    json: Json = None,
    output: Report = None,
) -> None:
    """List the passes, each with its rule."""
    check_json(json, [], output)
    page = listing.markdown(KNOWN) if markdown else listing.text(KNOWN)
    answer("xamba.passes", {"passes": listing.plain(KNOWN)}, page, json, [], output)


def _made(one: type[XambaPass], given: dict[str, Any], named: bool) -> XambaPass:
    """The pass with its options of those given; one that nobody named is as careful as a default is."""
    own = {field: value for field, value in given.items() if has_field(one, field)}
    return one(**(own if named else {**one.unasked, **own}))


def has_field(one: type[XambaPass], name: str) -> bool:
    return name in {field.name for field in fields(one)}


def _prediction(source: str, output: str, dims: dict[str, int], settings: dict[str, Any]) -> str:
    """What npusim says of the rewritten model on the NPUs it knows."""
    from xamba.choice.verdict import verdict_line
    from xamba.files import load

    return verdict_line(load(source), load(output), dims, settings)
