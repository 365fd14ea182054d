"""What is asked of a served model: prompts, answers and when they come, from a file.

One request a line, `prompt`, `prompt,tokens` or `prompt,tokens,arrival_ms`; or a header first, which names the columns
in any order. Lines that are empty or begin with '#' are passed over.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

from npusim.errors import BadArgument
from npusim_xamba.files import Refused, check_readable

COLUMNS = ("prompt", "tokens", "arrival_ms")
MOST = 100_000  # requests
MOST_TOKENS = 1 << 22  # of one prompt or answer


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt of so many tokens that comes at `arrival_us` and wants an answer of so many `tokens`."""

    prompt: int
    tokens: int
    arrival_us: float = 0.0


def read_requests(path: str, tokens: int) -> tuple[Request, ...]:
    """The requests of a file, by arrival; `tokens`: of answers whose length it does not say.

    Raises BadArgument with the line that is none."""
    try:
        check_readable(path, "a list of requests")
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            lines = [(number, line.strip()) for number, line in enumerate(file, 1)]
    except (Refused, OSError) as error:
        raise BadArgument(str(error)) from None
    rows = [(number, _cells(line)) for number, line in lines if line and not line.startswith("#")]
    if not rows:
        raise BadArgument(f"'{path}' holds no request; write one a line: prompt,tokens,arrival_ms")
    names = [cell.lower() for cell in rows[0][1]]
    columns: tuple[str, ...] = COLUMNS
    if not _is_number(names[0]):
        unknown = [name for name in names if name not in COLUMNS]
        if unknown or "prompt" not in names:
            raise BadArgument(
                f"'{path}': the columns are {', '.join(names)[:80]}; known are {', '.join(COLUMNS)}, "
                "and prompt is needed"
            )
        columns, rows = tuple(names), rows[1:]
    if not 0 < len(rows) <= MOST:
        raise BadArgument(f"'{path}' holds {len(rows):,} requests; give 1 to {MOST:,}")
    found = [
        _request(path, number, dict(zip(columns, cells, strict=False)), tokens) for number, cells in rows
    ]
    return tuple(sorted(found, key=lambda request: request.arrival_us))


def checked(requests: tuple[Request, ...]) -> tuple[Request, ...]:
    """Requests made in Python, by arrival. Raises BadArgument for sizes and times that are none."""
    if not 0 < len(requests) <= MOST:
        raise BadArgument(f"{len(requests):,} requests; give 1 to {MOST:,}")
    for k, request in enumerate(requests, 1):
        if not (1 <= request.prompt <= MOST_TOKENS and 1 <= request.tokens <= MOST_TOKENS):
            raise BadArgument(f"request {k}: prompt and tokens are whole numbers from 1 to {MOST_TOKENS:,}")
        if not 0 <= request.arrival_us < 1e15:
            raise BadArgument(f"request {k}: it arrives at {request.arrival_us:g} us; give 0 or more")
    return tuple(sorted(requests, key=lambda request: request.arrival_us))


def _request(path: str, number: int, cells: dict[str, str], tokens: int) -> Request:
    def whole(name: str, default: int) -> int:
        text = cells.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= MOST_TOKENS):
            raise BadArgument(
                f"'{path}', line {number}: {name} is '{text[:40]}'; give a whole number from 1 to {MOST_TOKENS:,}"
            )
        return int(text)

    if not cells.get("prompt"):
        raise BadArgument(f"'{path}', line {number}: there is no prompt; write prompt,tokens,arrival_ms")
    arrival = cells.get("arrival_ms", "") or "0"
    if not _is_number(arrival) or not 0 <= float(arrival) < 1e12:
        raise BadArgument(
            f"'{path}', line {number}: arrival_ms is '{arrival[:40]}'; give milliseconds from 0 on"
        )
    return Request(whole("prompt", 1), whole("tokens", tokens), float(arrival) * 1e3)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line]))]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
