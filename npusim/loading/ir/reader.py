"""Read the XML of an OpenVINO IR in one pass, without entities and in bounded memory.

Only what is asked for is kept: layers, ports, edges, bodies. A document type, and with it every entity, is refused, so
a file of a few bytes cannot grow; nesting and sizes have bounds of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn
from xml.parsers import expat

from npusim.errors import BadModel, TooLarge
from npusim.loading.ir.record import Layer, Net, Port, PortMap
from npusim_xamba.files import special

MOST_BYTES = 256 * 2**20  # the largest exports have 30 MB
MOST_DEPTH = 256  # of tags: a body inside a body takes three
MOST_NAME = 10_000  # characters of one attribute that is kept
MOST_RECORDS = (
    1_000_000  # layers, ports and edges: a few hundred bytes of memory each; large exports have 50,000
)
MOST_AXES = 64
CHUNK_BYTES = 2**20
BODIES = {"body": "", "then_body": "then_", "else_body": "else_"}
MAPS = {"port_map": "", "then_port_map": "then_", "else_port_map": "else_"}


def read_net(path: str) -> Net:
    """The net in the file at `path`.

    Raises `BadModel` for a file that is missing, a folder, unreadable, truncated, no XML or no OpenVINO IR of version
    10 or 11, or that has entities; `TooLarge` beyond `MOST_BYTES` or `MOST_DEPTH`.
    """
    try:
        what = special(path)
        if what:
            raise BadModel(f"'{path}' is {what}, no file; give a file with the whole model in it")
        size = os.stat(path).st_size
        if size > MOST_BYTES:
            raise TooLarge(
                f"'{path}' has {size:,} bytes; OpenVINO IR is read up to {MOST_BYTES:,} (weights lie in the .bin)"
            )
        with open(path, "rb") as file:
            return Reader(path).read(file)
    except FileNotFoundError:
        raise BadModel(f"'{path}': there is no such file") from None
    except IsADirectoryError:
        raise BadModel(f"'{path}' is a folder; give the .xml file in it") from None
    except OSError as error:
        raise BadModel(f"'{path}' cannot be read: {error.strerror or error}") from None


class Reader:
    """The state of one reading: which tags are open, and the records they stand for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.net: Net | None = None  # the innermost one that is open
        self.layer: Layer | None = None
        self.outer: list[tuple[Net, Layer]] = []  # around the body that is open
        self.ports: list[Port] | None = None
        self.port: Port | None = None
        self.map: PortMap | None = None
        self.edges = ""  # which list of edges is open
        self.depth = 0
        self.records = 0
        self.skipped = 0  # depth of the tag whose content is left out
        self.text: list[str] | None = None
        self.done: Net | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype

    def read(self, file: Any) -> Net:
        try:
            while chunk := file.read(CHUNK_BYTES):
                self.parser.Parse(chunk, False)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise BadModel(
                f"'{self.path}' is no XML or is cut off: {expat.ErrorString(error.code)} in line {error.lineno}"
            ) from None
        if self.done is None:
            self.wrong("it holds no net")
        return self.done

    def wrong(self, what: str) -> NoReturn:
        line = self.parser.CurrentLineNumber
        raise BadModel(f"'{self.path}' is no OpenVINO IR that can be read: {what} (line {line})")

    def doctype(self, *_: Any) -> None:
        self.wrong("it declares a document type, and with it entities; an IR has none")

    # Tags ----------------------------------------------------------------------------------------------
    def start(self, tag: str, given: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise TooLarge(f"'{self.path}' nests its tags more than {MOST_DEPTH} deep")
        if self.skipped:
            return
        if self.net is None:
            if tag != "net" or self.done is not None:
                self.wrong(f"it starts with <{tag}>, not with <net>")
            self.net = Net(
                self.kept(given.get("name", "")), self.number(given.get("version", "0"), "version")
            )
            if self.net.version not in (10, 11):
                self.wrong(f"its version is {self.net.version}; 10 and 11 are read, convert the model again")
            return
        handler = HANDLERS.get(tag)
        if handler is None or (tag == "edge" and not self.edges) or (tag == "rt_info" and self.layer):
            self.skipped = self.depth
        else:
            self.records += 1
            if self.records > MOST_RECORDS:
                raise TooLarge(f"'{self.path}' has more than {MOST_RECORDS:,} layers, ports and edges")
            handler(self, tag, given)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.skipped:
            if self.depth < self.skipped:
                self.skipped = 0
            return
        if tag == "dim":
            self.dim()
        elif tag == "port":
            self.port = None
        elif tag in ("input", "output"):
            self.ports = None
        elif tag in ("edges", "back_edges"):
            self.edges = ""
        elif tag in MAPS:
            self.map = None
        elif tag == "layer":
            self.layer = None
        elif tag in BODIES:
            self.net, self.layer = self.outer.pop()
        elif tag == "net":
            self.done, self.net = self.net, None

    def characters(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text[:32])

    # One handler a tag ---------------------------------------------------------------------------------
    def open_layer(self, tag: str, given: dict[str, str]) -> None:
        if self.net is None or self.layer is not None:
            self.wrong("a layer stands inside a layer")
        name, kind = self.kept(given.get("name", "")), self.kept(given.get("type", ""))
        self.layer = Layer(
            self.number(given.get("id"), "id of a layer"), name, kind, given.get("version", "")
        )
        self.net.layers.append(self.layer)

    def data(self, tag: str, given: dict[str, str]) -> None:
        if self.layer is not None:
            self.layer.attributes.update({k: self.kept(v) for k, v in given.items()})

    def side(self, tag: str, given: dict[str, str]) -> None:
        """<input> and <output>: of a layer, or one binding of a body."""
        if self.map is not None:
            (self.map.inputs if tag == "input" else self.map.outputs).append(given)
        elif self.layer is not None:
            self.ports = self.layer.inputs if tag == "input" else self.layer.outputs
        else:
            self.wrong(f"<{tag}> stands outside of a layer")

    def open_port(self, tag: str, given: dict[str, str]) -> None:
        if self.ports is None:
            self.wrong("a port stands outside of <input> and <output>")
        names = tuple(n for n in self.kept(given.get("names", "")).replace("\\,", "\0").split(",") if n)
        names = tuple(n.replace("\0", ",") for n in names)
        self.port = Port(self.number(given.get("id"), "id of a port"), given.get("precision", ""), names)
        self.ports.append(self.port)

    def open_dim(self, tag: str, given: dict[str, str]) -> None:
        self.text = []

    def dim(self) -> None:
        size = self.number("".join(self.text or []).strip(), "size")
        self.text = None
        if self.port is None:
            self.wrong("a size stands outside of a port")
        if len(self.port.dims) >= MOST_AXES:
            self.wrong(f"a port has more than {MOST_AXES} axes")
        self.port.dims = (*self.port.dims, size if size >= 0 else -1)

    def open_map(self, tag: str, given: dict[str, str]) -> None:
        if self.layer is None:
            self.wrong(f"<{tag}> stands outside of a layer")
        self.map = self.layer.port_maps.setdefault(MAPS[tag], PortMap())

    def open_edges(self, tag: str, given: dict[str, str]) -> None:
        self.edges = tag

    def edge(self, tag: str, given: dict[str, str]) -> None:
        source, target = (self.number(given.get(k), "end of an edge") for k in ("from-layer", "to-layer"))
        if self.edges == "back_edges":
            if self.layer is not None:
                self.layer.back_edges.append((source, target))
            return
        if self.net is None or self.layer is not None:
            self.wrong("edges stand inside a layer")
        port = self.number(given.get("from-port"), "port of an edge")
        goal = target, self.number(given.get("to-port"), "port of an edge")
        if self.net.edges.setdefault(goal, (source, port)) != (source, port):
            self.wrong(f"two edges lead to input {goal[1]} of layer {target}")

    def open_body(self, tag: str, given: dict[str, str]) -> None:
        if self.net is None or self.layer is None:
            self.wrong(f"<{tag}> stands outside of a layer")
        body = Net(self.layer.name, self.net.version)
        self.layer.bodies[BODIES[tag]] = body
        self.outer.append((self.net, self.layer))
        self.net, self.layer = body, None

    def cache(self, tag: str, given: dict[str, str]) -> None:
        if self.net is not None and not self.outer:
            self.net.cache = given.get("value", "")[:10]

    def nothing(self, tag: str, given: dict[str, str]) -> None:
        """A tag of which only the content counts."""

    # Values --------------------------------------------------------------------------------------------
    def number(self, text: str | None, what: str) -> int:
        digits = (text or "").removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
            self.wrong(f"'{(text or '')[:40]}' is no {what}")
        return int(text or "")

    def kept(self, text: str) -> str:
        if len(text) > MOST_NAME:
            self.wrong(f"an attribute has {len(text):,} characters, more than {MOST_NAME:,}")
        return text


Handler = Callable[[Reader, str, dict[str, str]], None]
HANDLERS: dict[str, Handler] = {
    "layers": Reader.nothing,
    "rt_info": Reader.nothing,  # of the whole file
    "runtime_options": Reader.nothing,
    "KV_CACHE_PRECISION": Reader.cache,
    "layer": Reader.open_layer,
    "data": Reader.data,
    "input": Reader.side,
    "output": Reader.side,
    "port": Reader.open_port,
    "dim": Reader.open_dim,
    "edges": Reader.open_edges,
    "back_edges": Reader.open_edges,
    "edge": Reader.edge,
    **dict.fromkeys(MAPS, Reader.open_map),
    **dict.fromkeys(BODIES, Reader.open_body),
}
