"""Which ops OpenVINO's reader of ONNX files has no rule for, asked of the reader itself, one op a process.

Some malformed nodes end the process; such an op has a rule."""

import multiprocessing
from typing import Any

from onnx import TensorProto, defs, helper

from npusim.loading.contrib_schemas import CONTRIB

PATIENCE_S = 20
LATEST = 21  # of ai.onnx, beside another domain
NO_RULE = "No conversion rule found"


def _ask(answers: Any, kind: str, domain: str, opset: int) -> None:
    import openvino

    # A second op that nobody knows: the reader then lists all that it does not know before it converts anything.
    nodes = [
        helper.make_node(kind, ["x"], ["y"], domain=domain),
        helper.make_node("Nobody", ["y"], ["z"], domain="nobody.knows"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph(nodes, "ask", [x], [helper.make_empty_tensor_value_info("z")])
    versions = {"": LATEST, domain: opset, "nobody.knows": 1}
    opsets = [helper.make_opsetid(d, v) for d, v in versions.items()]
    try:
        openvino.Core().read_model(helper.make_model(graph, opset_imports=opsets).SerializeToString())
        answers.put("")
    except Exception as error:  # its own classes
        answers.put(str(error))


def unread() -> list[str]:
    """Ops without a rule, as `domain.op`."""
    newest: dict[str, int] = {}
    for schema in defs.get_all_schemas_with_history():
        if not schema.domain:
            newest[schema.name] = max(newest.get(schema.name, 13), schema.since_version)
    jobs = [(kind, "", version) for kind, version in newest.items()]
    jobs += [(kind, "com.microsoft", 1) for kind in CONTRIB]
    return sorted(name for name in (_unread(*job) for job in sorted(jobs)) if name)


def _unread(kind: str, domain: str, opset: int) -> str:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_ask, args=(answers, kind, domain, opset))
    process.start()
    process.join(PATIENCE_S)
    said = answers.get() if not answers.empty() else ""
    process.kill()
    name = f"{domain}.{kind}" if domain else kind
    lines = [line for line in said.splitlines() if NO_RULE in line]
    named = {word.strip().rsplit("-", 1)[0] for line in lines for word in line.split(":", 1)[1].split(",")}
    return name if name in named else ""
