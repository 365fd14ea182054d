"""What all what-ifs share: a supposition is a frozen record, its fields are its options.

Three shapes, by what a question overrides:

* `apply` turns graph and hardware into others: it changes what the graph says of its tensors and nodes (zeros, stored
  widths, which engine), which works then carry as counts, or numbers of the hardware;
* `rewritten` turns an ONNX model into another, before it is loaded: shapes that have to stay consistent, `--save`;
* `Runs.run` composes several simulations, for what one run cannot say: two machines, a mix of lengths.

No cost function knows a question by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.report.record import Report

if TYPE_CHECKING:
    import onnx

Value = float | str
#: How well an option's default is known, when it is no neutral 'nothing changes'.
NEUTRAL = "the question"


def option(default: Any, doc: str, *, source: str = NEUTRAL, **bounds: Any) -> Any:
    """A field of a supposition: what it means with its unit, where its default is from, and bounds (`ge`, `le`, ...).

    `source` of a default that is a claim about a machine reads 'published (VPUNN: ...)' or 'assumed: ...'."""
    return Field(default, description=doc, json_schema_extra={"source": source}, **bounds)


def _offered(annotation: Any) -> tuple[str, ...]:
    """Words of a `Literal`, also of one that may be None; none for anything else. All are written small."""
    kinds = (annotation, *get_args(annotation))
    return next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())


class Supposition(BaseModel):
    """A what-if with its options. A subclass stands in `questions/<name>.py` and says `name`, `needs` and `came_from`.

    A default of every option changes nothing, or is marked `assumed` with its reason in `option(..., source=)`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    #: Word on the command line; the file's name too.
    name: ClassVar[str]
    #: What the hardware (or its compiler) would need for this; shown as assumed. Empty: nothing it has not.
    needs: ClassVar[str] = ""
    #: The work that asks the question.
    came_from: ClassVar[str] = ""
    #: Names of the files `--save` writes, where it is more than one.
    parts: ClassVar[tuple[str, ...]] = ()
    #: Other words for options, as `in` for `memory`.
    synonyms: ClassVar[dict[str, str]] = {}
    #: The option that a value without a name is of, as in `engine:FILE.py`.
    bare: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """Text of an option that holds several values, at its commas; a word on offer, in whatever case."""
        if not isinstance(given, dict):
            return given
        found = dict(given)
        for key, value in given.items():
            known = cls.model_fields.get(key)
            if not known or not isinstance(value, str):
                continue
            if get_origin(known.annotation) is tuple:
                found[key] = tuple(part.strip() for part in value.split(",") if part.strip())
            elif value.lower() in _offered(known.annotation):
                found[key] = value.lower()
        return found

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        """Graph and hardware under the supposition. Raises BadArgument with what is wrong and what to do."""
        return graph, hw

    def apply_under(
        self, graph: Graph, hw: Hardware, compiler: str, precision: str
    ) -> tuple[Graph, Hardware]:
        """The same for questions whose answer depends on how the graph is compiled."""
        return self.apply(graph, hw)

    def rewritten(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """The model under the supposition, valid ONNX, for what is loaded afterwards and for `--save`."""
        raise BadArgument(
            f"what-if '{self.name}' changes no ONNX file: what it supposes is not part of a graph; leave --save out"
        )

    def rewritten_parts(self, model: onnx.ModelProto) -> dict[str, onnx.ModelProto]:
        """The models of `parts`."""
        raise NotImplementedError

    def says(self, before: Graph, after: Graph, hw: Hardware) -> str:
        """One sentence for the page: what was supposed of this graph, with numbers."""
        return ", ".join(f"{key} {value}" for key, value in self.options().items())

    def requires(self, hw: Hardware) -> str:
        """What `hw` would need for these options; the class's `needs` where that does not depend on them."""
        return self.needs

    def options(self) -> dict[str, str]:
        """All options with the values in use, as one writes them; those that are None are left out."""
        return {key: text for key in type(self).model_fields if (text := written(getattr(self, key)))}

    @property
    def asked(self) -> str:
        """The supposition as one writes it, without what was left at its default."""
        given = [f"{key}={written(getattr(self, key))}" for key in type(self).model_fields if self._gave(key)]
        return f"{self.name}:{','.join(given)}" if given else self.name

    def _gave(self, key: str) -> bool:
        return key in self.model_fields_set and bool(written(getattr(self, key)))

    @classmethod
    def rewrites_model(cls) -> bool:
        """Whether the question is asked of the file, before it is loaded."""
        return cls.rewritten is not Supposition.rewritten


class Simulate(Protocol):
    """One simulation under the caller's conditions: compiler, precision, mode. The questions before it in the list are
    applied already; those after it that compose runs happen inside."""

    @property
    def compiler(self) -> str: ...

    @property
    def precision(self) -> str: ...

    @property
    def what_ifs(self) -> Sequence[Supposition]:
        """Those that come behind."""
        ...

    def alone(self, graph: Graph, hw: Hardware) -> Report:
        """The same without those behind."""
        ...

    def __call__(self, graph: Graph, hw: Hardware) -> Report: ...


@dataclass(frozen=True)
class Found:
    """What composing runs found. `report`: the one the page shows. `numbers` and `tables` (rows of named cells) go into
    JSON; `lines` onto the page."""

    report: Report
    sentence: str
    lines: tuple[str, ...] = ()
    numbers: dict[str, float] = field(default_factory=dict)
    tables: dict[str, tuple[dict[str, Value], ...]] = field(default_factory=dict)


class Runs(Supposition):
    """A what-if that needs several simulations. `answer`: which of the numbers it finds stands for the latency in a
    sweep; none: the latency of its report does. `counts_only`: that report is of the graph as it came; what is found
    stands beside it."""

    answer: ClassVar[str] = ""
    counts_only: ClassVar[bool] = False

    def run(self, graph: Graph, hw: Hardware, simulate: Simulate) -> Found:
        """What the runs say together. Raises BadArgument."""
        raise NotImplementedError


def written(value: Any) -> str:
    """A value of an option as one types it; empty for None and an empty list."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, tuple | list):
        return ",".join(map(written, value))
    return "" if value is None else str(value)


def refuse_runs(what_ifs: Iterable[Supposition]) -> None:
    """Raises BadArgument if one of them composes runs: it changes neither graph nor NPU."""
    for one in what_ifs:
        if isinstance(one, Runs):
            raise BadArgument(
                f"what-if '{one.name}' composes several runs; ask it with run, compare or npusim.suppose"
            )
