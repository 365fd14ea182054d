"""Arguments and options of language models, declared once, as those of all commands are in `options.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.choices import StoredCache, StoredWeights
from npusim.commands.option_parts import chosen

LanguageModel = Annotated[
    list[str],
    typer.Argument(
        metavar="CONFIG|PROMPT DECODE",
        help="A Hugging Face config.json or its folder; or two model files, the prompt's pass and a token's.",
        show_default=False,
    ),
]
Prompt = Annotated[
    int | None, typer.Option("--prompt", metavar="N", help="Tokens of the question; 1024, or as exported.")
]
AnswerTokens = Annotated[int, typer.Option("--tokens", metavar="N", help="Tokens of the answer.")]
WeightsOption = Annotated[StoredWeights, chosen(StoredWeights, "--weights", "How matrices are stored.")]
Group = Annotated[
    int,
    typer.Option(
        "--group", metavar="N", help="Inputs that share a scale with int4 and nf4; -1: all of them."
    ),
]
Cache = Annotated[StoredCache, chosen(StoredCache, "--cache", "How keys and values are stored.")]
Context = Annotated[
    int | None,
    typer.Option("--context", metavar="N", help="Rows of the static cache; prompt and answer by default."),
]
Growing = Annotated[
    bool, typer.Option("--growing", help="A cache that grows by a row a token, not a static one.")
]
ChunkOption = Annotated[
    int, typer.Option("--chunk", metavar="N", help="Most tokens of one pass over the prompt.")
]
Batch = Annotated[int, typer.Option("--batch", metavar="N", help="Sequences side by side.")]
Draft = Annotated[
    str | None,
    typer.Option("--draft", metavar="CONFIG", help="A smaller model that proposes tokens: a what-if."),
]
Accept = Annotated[float, typer.Option("--accept", metavar="P", help="How often a proposed token is right.")]
Ahead = Annotated[int, typer.Option("--ahead", metavar="N", help="Tokens the draft proposes in a round.")]
AgainstModel = Annotated[
    str | None,
    typer.Option("--against", metavar="CONFIG", help="Another model: from which context on is it faster?"),
]
Measured = Annotated[
    float | None,
    typer.Option("--measured", metavar="N", help="Tokens a second somebody measured: possible, or untuned?"),
]
CurveOption = Annotated[
    bool, typer.Option("--curve", help="Tokens a second over the context, 128 to 32,768.")
]
SaveGraphs = Annotated[
    str | None, typer.Option("--save", metavar="FOLDER", help="Write the built graphs, without weights.")
]
MachineMemory = Annotated[
    str | None,
    typer.Option("--memory", metavar="SIZE", help="What the machine has, such as 32GB; 16GB assumed."),
]
VaryHere = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="NAME=VALUES",
        help="The answer on many NPUs: start:stop:count[:log] or a,b,c for a dotted name; may be repeated.",
    ),
]
