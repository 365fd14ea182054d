"""What a command of xamba answers: its page, and the same as a JSON document in the envelope of both tools."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from npusim_xamba.envelope import envelope, text
from npusim_xamba.files import Refused, check_target, write_all
from xamba.errors import BadArgument, BadOutput

STDOUT = "-"
ENDINGS = (".json", ".txt")


def check_json(json: str | None, others: Iterable[str], output: str | None = None) -> None:
    """Raises BadOutput for a file of `--json` or `-o` that cannot be written, or is one of the `others`."""
    if json is not None and output is not None and (json == output or output.endswith(ENDINGS[0])):
        raise BadArgument(f"-o '{output}' and --json '{json}' ask for the same; give one of the two")
    if output not in (None, STDOUT) and not output.lower().endswith(ENDINGS):
        raise BadOutput(f"-o '{output}': name a file that ends in {' or '.join(ENDINGS)}")
    for option, path in (("--json", json), ("-o", output)):
        if path is not None and path != STDOUT:
            try:
                check_target(path, f"{option} '{path}'", {place: f"the file '{place}'" for place in others})
            except Refused as error:
                raise BadOutput(str(error)) from None


def answer(
    schema: str,
    content: Mapping[str, Any],
    page: str,
    json: str | None,
    models: Sequence[str],
    output: str | None = None,
    seed: int | None = None,
) -> None:
    """Write the files asked for, and print the page unless standard output holds one of them."""
    if output is not None and output.lower().endswith(ENDINGS[1]):
        _put(output, page + "\n")
    elif output is not None:
        json = output
    if json is not None:
        write(schema, content, json, models, seed)
    if STDOUT not in (json, output):
        print(page)


def write(
    schema: str, content: Mapping[str, Any], path: str, models: Sequence[str], seed: int | None = None
) -> None:
    """The JSON document of `content`, to a file or to standard output."""
    hashes = [_sha256(model) for model in models]
    known = hashes[0] if len(hashes) == 1 else hashes or None
    document = text(envelope(schema, content, model_sha256=known, seed=seed))
    _put(path, document)


def _put(path: str, content: str) -> None:
    if path == STDOUT:
        sys.stdout.write(content)
        return
    try:
        write_all({path: content})
    except Refused as error:
        raise BadOutput(str(error)) from None


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
