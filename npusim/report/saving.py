"""A report as a file, in the form the ending says."""

from __future__ import annotations

import os
from importlib import import_module

from npusim.errors import BadOutput
from npusim.report.record import Report
from npusim.terminal.outputs import check_outputs, write_outputs

#: Ending -> module of this room and its function of a report; the longest ending that fits is taken.
FORMS = {
    ".json": ("json_report", "to_json"),
    ".csv": ("csv_report", "to_csv"),
    ".trace.json": ("trace", "to_trace"),
    ".trace": ("trace", "to_trace"),
    ".html": ("html", "to_html"),
    ".txt": ("text", "to_text"),
}


def save(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the report whole or not at all. Raises BadOutput."""
    name = os.fspath(path)
    endings = [ending for ending in FORMS if name.lower().endswith(ending)]
    if not endings:
        raise BadOutput(f"'{name}': name a file that ends in {', '.join(FORMS)}")
    check_outputs({"save": name})
    module, function = FORMS[max(endings, key=len)]
    write_outputs({name: getattr(import_module(f"npusim.report.{module}"), function)(report)})
