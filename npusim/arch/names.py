"""Names in a file, and where they are written."""

KeyPath = tuple[str | int, ...]
Places = dict[KeyPath, str]  # where a name is written: "file:line"


def dotted(path: KeyPath) -> str:
    """`("dma", "latency_ns")` as `dma.latency_ns`; the whole file is `(file)`."""
    return ".".join(map(str, path)) or "(file)"
