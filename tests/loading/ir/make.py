"""OpenVINO IR written by hand, as small as it can be."""

from __future__ import annotations

from pathlib import Path

TYPES = {"FP32": "f32", "I64": "i64", "BOOL": "boolean"}


def dims(shape: tuple[int, ...]) -> str:
    return "".join(f"<dim>{d}</dim>" for d in shape)


def port(number: int, shape: tuple[int, ...], precision: str = "FP32", names: str = "") -> str:
    named = f' names="{names}"' if names else ""
    return f'<port id="{number}" precision="{precision}"{named}>{dims(shape)}</port>'


def layer(
    number: int, kind: str, name: str, inside: str = "", data: str = "", version: str = "opset1"
) -> str:
    given = f"<data {data}/>" if data else ""
    return f'<layer id="{number}" name="{name}" type="{kind}" version="{version}">{given}{inside}</layer>'


def parameter(number: int, shape: str = "2,3", name: str = "x", sizes: tuple[int, ...] = (2, 3)) -> str:
    inside = f"<output>{port(0, sizes, names=name)}</output>"
    return layer(number, "Parameter", name, inside, f'shape="{shape}" element_type="f32"')


def unary(number: int, kind: str, name: str, sizes: tuple[int, ...] = (2, 3), data: str = "") -> str:
    inside = f"<input>{port(0, sizes)}</input><output>{port(1, sizes, names=name)}</output>"
    return layer(number, kind, name, inside, data)


def constant(
    number: int, offset: int, size: int, shape: str = "1", kind: str = "i64", name: str = "c"
) -> str:
    sizes = tuple(int(d) for d in shape.split(",") if d.strip().lstrip("-").isdigit())
    inside = f"<output>{port(0, sizes, 'I64' if kind == 'i64' else 'FP32')}</output>"
    return layer(
        number,
        "Const",
        name,
        inside,
        f'element_type="{kind}" shape="{shape}" offset="{offset}" size="{size}"',
    )


def result(number: int, sizes: tuple[int, ...] = (2, 3)) -> str:
    return layer(number, "Result", "result", f"<input>{port(0, sizes)}</input>")


def edge(source: int, source_port: int, target: int, target_port: int) -> str:
    return (
        f'<edge from-layer="{source}" from-port="{source_port}" to-layer="{target}" to-port="{target_port}"/>'
    )


def net(layers: list[str], edges: list[str], version: str = "11", head: str = '<?xml version="1.0"?>') -> str:
    body = f"<layers>{''.join(layers)}</layers><edges>{''.join(edges)}</edges>"
    return f'{head}<net name="net" version="{version}">{body}<rt_info/></net>'


def chain(*kinds: str) -> str:
    """x through these operations to a result."""
    layers = [
        parameter(0),
        *(unary(i + 1, kind, f"n{i}") for i, kind in enumerate(kinds)),
        result(len(kinds) + 1),
    ]
    edges = [edge(i, min(i, 1), i + 1, 0) for i in range(len(kinds) + 1)]
    return net(layers, edges)


def save(folder: Path, text: str | bytes, name: str = "m.xml", weights: bytes | None = None) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if weights is not None:
        path.with_suffix(".bin").write_bytes(weights)
    return path
