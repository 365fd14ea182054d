"""`python -m npusim.measured.offline_compile MODEL PLATFORM OUT_FOLDER [KEY=VALUE ...]`

Compiles a model with the NPU compiler that OpenVINO can load (the Windows wheels carry one), for a platform that
need not be there, and leaves the compiler's schedule in OUT_FOLDER.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Makes the compiler write compileTimeScheduleTrace.json and strategy_out.json.
PARAMETERS = "enable-schedule-trace=true dump-task-stats=true write-strategy-to-json=true"


def main(arguments: list[str]) -> int:
    """Exit code 0 when the schedule is there, else 1 with a sentence on standard error."""
    if len(arguments) < 3:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 1
    from npusim.measured.measure import last_line

    model, platform, out = Path(arguments[0]).resolve(), arguments[1], Path(arguments[2])
    extra = dict(word.split("=", 1) for word in arguments[3:] if "=" in word)
    try:
        import openvino

        out.mkdir(parents=True, exist_ok=True)
        os.chdir(out)  # the compiler writes its schedule into the current folder, whatever it is told
        core = openvino.Core()
        if "NPU_PLATFORM" not in core.get_property("NPU", "SUPPORTED_PROPERTIES"):
            print("OpenVINO can load no NPU compiler here", file=sys.stderr)
            return 1
        properties = {
            "NPU_PLATFORM": platform,
            "NPU_COMPILER_TYPE": "PLUGIN",
            "NPU_COMPILATION_MODE_PARAMS": PARAMETERS,
        }
        core.compile_model(core.read_model(str(model)), "NPU", properties | extra)
    except Exception as error:  # whatever it is, it is one line of the caller's report
        print(last_line(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
