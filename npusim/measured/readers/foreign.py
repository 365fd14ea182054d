"""Foreign files in: bytes to text, JSON and numbers, with one clear sentence for whatever is wrong.

A user's profile is data of unknown origin: any byte of it may be anything.
"""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

from npusim.errors import NpusimError
from npusim_xamba.files import special

LARGEST_BYTES = 1 << 30
LONGEST_US = 1e10  # three hours: no inference
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class BadReport(NpusimError):
    """A profile or report that cannot be read, or must not be used for what was asked."""


def read_text(path: str | Path) -> str:
    """Text of a file; gzip and UTF-16 with a mark (as PowerShell writes it) are understood.

    Raises BadReport.
    """
    try:
        if what := special(path):
            raise BadReport(f"{path}: is {what}, no file")
        with open(path, "rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadReport(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if data[:2] == b"\x1f\x8b":
        data = _unzip(data, path)
    if len(data) > LARGEST_BYTES:
        raise BadReport(f"{path}: is larger than 1 GiB; no profile is")
    if not data.strip():
        raise BadReport(f"{path}: is empty")
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadReport(
            f"{path}: is no {encoding.removesuffix('-sig').upper()} text (byte {error.start}); "
            "save it as UTF-8, or send the file as it was written"
        ) from None
    if "\0" in text:
        raise BadReport(f"{path}: holds NUL characters; it is no text file")
    return text


def _unzip(data: bytes, path: str | Path) -> bytes:
    opened = zlib.decompressobj(wbits=31)
    try:
        plain = opened.decompress(data, LARGEST_BYTES + 1)
    except zlib.error as error:
        raise BadReport(f"{path}: is a damaged gzip file: {error}") from None
    if not opened.eof and len(plain) <= LARGEST_BYTES:
        raise BadReport(f"{path}: is a gzip file that ends too early")
    return plain


def parse_json(text: str, path: str | Path) -> Any:
    """JSON without NaN and infinities. Raises BadReport."""

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        words = "it nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadReport(f"{path}: is no JSON, or is cut off: {words}") from None


def mapping(value: Any, path: str | Path, what: str) -> dict[str, Any]:
    """`value` as a JSON object. Raises BadReport naming `what`."""
    if not isinstance(value, dict):
        raise BadReport(f"{path}: {what} should be an object, found {_kind(value)}")
    return value


def sequence(value: Any, path: str | Path, what: str) -> list[Any]:
    """`value` as a JSON list. Raises BadReport naming `what`."""
    if not isinstance(value, list):
        raise BadReport(f"{path}: {what} should be a list, found {_kind(value)}")
    return value


def text_of(value: Any, path: str | Path, what: str) -> str:
    """`value` as text. Raises BadReport naming `what`."""
    if not isinstance(value, str):
        raise BadReport(f"{path}: {what} should be text, found {_kind(value)}")
    return value


def time_us(value: Any, path: str | Path, what: str, scale: float = 1.0) -> float:
    """A time in microseconds: a number or its text, times `scale`. Raises BadReport naming `what`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadReport(f"{path}: {what} should be a time, found {_kind(value)}")
    try:
        time = float(value) * scale
    except (ValueError, OverflowError):
        raise BadReport(f"{path}: {what} should be a time, found '{str(value)[:40]}'") from None
    if not math.isfinite(time) or time < 0 or time > LONGEST_US:
        raise BadReport(f"{path}: {what} is {str(value)[:40]}, which is no time of an inference")
    return time


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), f"the number {str(value)[:40]}")
