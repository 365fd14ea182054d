"""Write npusim/loading/contrib_schemas.py: attributes and input counts of ONNX Runtime's contributed ops.

    python docs/make_contrib_schemas.py

ONNX Runtime does not come with npusim, so what its wheel knows of each op is kept as a table of one line an op.
"""

from pathlib import Path

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema

LETTERS = {"FLOAT": "f", "INT": "i", "STRING": "s", "TENSOR": "t", "FLOATS": "F", "INTS": "I", "STRINGS": "S"}
HEAD = '''"""Contributed ops of ONNX Runtime (domain com.microsoft): least and most inputs, most outputs, attributes.

Written by docs/make_contrib_schemas.py from ONNX Runtime {version}. An attribute is `name:type`, type one of
f, i, s, t (float, int, string, tensor) or F, I, S (lists), `!` when it must be given. -1: any number.
"""

# ruff: noqa: E501

CONTRIB: dict[str, tuple[int, int, int, str]] = {{
'''


def line(schema) -> str:
    attributes = " ".join(
        f"{name}:{LETTERS.get(a.type.name, 'x')}{'!' * a.required}"
        for name, a in sorted(schema.attributes.items())
    )
    most = [-1 if n > 1000 else n for n in (schema.max_input, schema.max_output)]
    return f'    "{schema.name}": ({schema.min_input}, {most[0]}, {most[1]}, "{attributes}"),\n'


def main() -> None:
    newest = {}
    for schema in get_all_operator_schema():
        known = newest.get(schema.name, schema)
        if (
            schema.domain == "com.microsoft"
            and not schema.deprecated
            and schema.since_version >= known.since_version
        ):
            newest[schema.name] = schema
    text = (
        HEAD.format(version=onnxruntime.__version__)
        + "".join(line(newest[n]) for n in sorted(newest))
        + "}\n"
    )
    (Path(__file__).resolve().parents[1] / "npusim" / "loading" / "contrib_schemas.py").write_text(text)


if __name__ == "__main__":
    main()
