"""Read the structure of an ONNX file and leave its weights on disk.

A simulator needs shapes and types, not weights. `onnx.load` needs memory for all of them; for a file with
hundreds of MB of inline weights this reader maps the file, walks over its protobuf records and copies only
what is no tensor data, and a sample of that (`zeros`). Small files are parsed as they are.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from typing import Any

from npusim.errors import BadModel
from npusim.loading.tensors import KEEP_ELEMENTS
from npusim.loading.zeros import sample
from npusim.messages import messages
from npusim_xamba.files import special

PARSE_WHOLE_BYTES = 8 * 2**20  # below this one parse in C++ is quicker than a walk in Python
KEEP_BYTES = KEEP_ELEMENTS * 10 + 512  # a small constant of the widest encoding, with its name

# Which field of a message holds which message (field numbers of onnx.proto). A record of one of these
# kinds that is longer than KEEP_BYTES is opened, everything else is copied.
CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "function": {7: "node"},
    "tensor": {},
}
TENSOR_DATA = frozenset({4, 5, 6, 7, 9, 10, 11})  # float_data .. uint64_data, raw_data
CHUNK = 2**20
SAMPLED = frozenset({4, 9})  # whose bytes are the numbers


def read_model(path: str | os.PathLike[str], parse_whole_bytes: int = PARSE_WHOLE_BYTES) -> Any:
    """The `onnx.ModelProto` at `path`; of tensors longer than `KEEP_BYTES` a sample comes if the file is big.

    Raises `BadModel` for a file that is missing, a folder, unreadable, truncated or no ONNX model.
    """
    from google.protobuf.message import DecodeError

    try:
        what = special(path)
        if what:
            raise BadModel(f"'{os.fspath(path)}' is {what}, no file; give a file with the whole model in it")
        size = os.stat(path).st_size
        with open(path, "rb") as file:
            if size <= parse_whole_bytes:
                content = file.read()
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                    content = strip(mapped, 0, len(mapped), "model")
    except FileNotFoundError:
        raise BadModel(f"'{path}': there is no such file") from None
    except IsADirectoryError:
        raise BadModel(f"'{path}' is a folder; give the .onnx file in it") from None
    except OSError as error:
        raise BadModel(f"'{path}' cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadModel(f"'{path}' is no ONNX model or is cut off: {error}") from None
    model = messages().ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, ValueError) as error:
        raise BadModel(f"'{path}' is no ONNX model or is cut off ({size} bytes): {error}") from None
    if not model.HasField("graph") or not model.opset_import:
        raise BadModel(f"'{path}' is no ONNX model: it holds no graph or no opset ({size} bytes)")
    return model


def strip(data: Any, start: int, end: int, kind: str) -> bytes:
    """The message of this kind at ``data[start:end]``, of the data of its long tensors a sample."""
    kept = []
    children = CHILDREN[kind]
    for number, wire_type, record, payload, record_end in fields(data, start, end):
        child = children.get(number)
        if kind == "tensor" and number in TENSOR_DATA:
            if number in SAMPLED and wire_type == 2:
                part = sample(data, payload, record_end)
                if part.count(1) == len(part) and not of_ones(data, payload, record_end):
                    part = b""  # a mask that hides something between the samples
                kept += [encode(number << 3 | 2), encode(len(part)), part]
            continue
        if child is None or wire_type != 2 or record_end - payload <= KEEP_BYTES:
            kept.append(data[record:record_end])
        else:
            body = strip(data, payload, record_end, child)
            kept += [encode(number << 3 | 2), encode(len(body)), body]
    return b"".join(kept)


def of_ones(data: Any, start: int, end: int) -> bool:
    """Whether all bytes are one, as those of a mask that hides nothing."""
    parts = (data[at : min(at + CHUNK, end)] for at in range(start, end, CHUNK))
    return all(part.count(1) == len(part) for part in parts)


def fields(data: Any, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Field number, wire type, record start, payload start and record end of each field of a message."""
    at = start
    while at < end:
        key, payload = decode(data, at)
        wire_type = key & 7
        if wire_type == 0:
            _, stop = decode(data, payload)
        elif wire_type == 1:
            stop = payload + 8
        elif wire_type == 5:
            stop = payload + 4
        elif wire_type == 2:
            length, payload = decode(data, payload)
            stop = payload + length
        else:
            raise ValueError(f"byte {at} starts no protobuf field")
        if stop > end:
            raise ValueError(f"the field at byte {at} ends at byte {stop}, its message at byte {end}")
        yield key >> 3, wire_type, at, payload, stop
        at = stop


def decode(data: Any, at: int) -> tuple[int, int]:
    """A protobuf varint and the position behind it."""
    result = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError(f"byte {at} ends no number")
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return result, at


def encode(number: int) -> bytes:
    """A protobuf varint."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
