"""What every JSON document begins with, whichever command of whichever tool wrote it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from npusim_xamba.version import __version__

#: Of all documents together. 2: every document has the envelope; `hw show`, `ops` and `validate` moved under it.
SCHEMA_VERSION = "2"
#: The keys of the envelope, in the order in which they are written.
KEYS = ("schema", "schema_version", "versions", "model_sha256", "hardware", "compiler", "seed")


def versions() -> dict[str, str]:
    """What made a document: this package, NumPy, Python."""
    import numpy

    return {"npusim": __version__, "numpy": numpy.__version__, "python": platform.python_version()}


def envelope(
    schema: str,
    content: Mapping[str, Any],
    *,
    model_sha256: str | Sequence[str] | None = None,
    hardware: str | Sequence[str] | None = None,
    compiler: str | Sequence[str] | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """The document: the envelope's keys, then those of `content`, which may give any of them itself.

    Args:
        schema: what the document is: 'npusim.report', 'xamba.verify'.
        content: plain values for JSON.
        model_sha256: hash of the file that was asked about, or of each; None if there is none.
        hardware, compiler: the NPU and the compiler profile by name; None if the answer is of none.
        seed: of whatever was drawn at random; None if nothing was.
    """
    head = {
        "schema": schema,
        "schema_version": SCHEMA_VERSION,
        "versions": versions(),
        "model_sha256": model_sha256,
        "hardware": hardware,
        "compiler": compiler,
        "seed": seed,
    }
    return head | dict(content)


def text(document: Mapping[str, Any]) -> str:
    """The document as JSON text, ending in a newline. Raises ValueError for a number that is not finite."""
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
