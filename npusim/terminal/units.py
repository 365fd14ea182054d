"""Numbers as people read them: three significant digits, with the unit that leaves the fewest zeros.

`254 us`, `2.23 s`, `134 MMAC`, `12.8 KB`. What a machine reads (JSON, CSV, traces) keeps its digits elsewhere.
"""

from __future__ import annotations

import math

TIMES = (("s", 1e6), ("ms", 1e3), ("us", 1.0))
COUNTS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3))
SMALLEST_US = 0.0005  # half a nanosecond: below it a report rounds to nothing


def digits(value: float) -> str:
    """Three significant digits without an exponent: 253.9 -> '254', 7.8761 -> '7.88', 12345 -> '12,300'."""
    if not value:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    if abs(rounded) >= 10 ** (math.floor(math.log10(abs(value))) + 1):
        decimals -= 1  # 9.996 is 10.0, not 10.00
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def time(us: float, sign: bool = False) -> str:
    """Microseconds in us, ms or s: 253.9 -> '254 us', 2229442.285 -> '2.23 s'. `sign`: '+' before a gain of time."""
    size = abs(us)
    plus = "+" if sign and us >= SMALLEST_US else ""
    if size < SMALLEST_US:
        return "0 us"
    for unit, one in TIMES:
        if size >= 0.9995 * one or unit == "us":
            return f"{plus}{digits(us / one)} {unit}"
    raise AssertionError(us)


def times(low_us: float, high_us: float) -> str:
    """Both ends of a band, with one unit, so that neither is below one: '820 to 1,230 us', '3.59 to 6.38 ms'."""
    found = ((u, o) for u, o in TIMES if high_us >= 9.995 * o or low_us >= 0.9995 * o or u == "us")
    unit, one = next(found)
    return f"{digits(low_us / one)} to {digits(high_us / one)} {unit}"


def scaled(count: float) -> str:
    """For a unit to follow: 4089184256 -> '4.09 G', 12800 -> '12.8 K'; decimal prefixes."""
    for prefix, size in COUNTS:
        if abs(count) >= 0.9995 * size:
            return f"{digits(count / size)} {prefix}"
    return f"{digits(count)} " if count != int(count) else f"{int(count)} "


def nbytes(count: float) -> str:
    """'1.55 MB', '512 B', '0 B'."""
    return f"{scaled(count)}B"


def rate(count: float, us: float, unit: str) -> str:
    """What is done in a second: (882560, 254, 'MAC/s') -> '3.47 GMAC/s'."""
    return f"{scaled(count * 1e6 / us)}{unit}"


def share(part: float, whole: float) -> str:
    """'12.3%'; a dash where there is no whole."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def per_second(us: float) -> str:
    """How often a second what takes so long: 360.2 -> '2,776 per second'; '' where a second is too short for one,
    since the time says it then: '0.0 per second' did not."""
    often = 1e6 / us if us else 0.0
    return f"{often:,.{0 if often >= 100 else 1}f} per second" if often >= 1 else ""
