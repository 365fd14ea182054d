"""Sizes of memory as people write them."""

from __future__ import annotations


def parse_memory(text: str | int | float) -> int:
    """'2GB', '512 MiB' or bytes, by pydantic's `ByteSize`. Raises ValueError with what is wrong as a sentence."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        size = TypeAdapter(ByteSize).validate_python(str(text).strip().replace(" ", ""))
    except ValidationError:
        raise ValueError(f"memory '{text}' is no size; write for example 512MB or 2GB") from None
    if size < 1:
        raise ValueError(f"memory '{text}' is nothing; write for example 512MB or 2GB")
    return int(size)
