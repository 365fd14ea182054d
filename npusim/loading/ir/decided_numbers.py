"""What sizes say of single numbers in a .bin that is not there: lengths, factors, exponents, trips, frames."""

from __future__ import annotations

from npusim.loading.ir.case import Case
from npusim.loading.ir.decided import NONE, count, from_file
from npusim.loading.ir.table import Values, decides


@decides("HardSigmoid", "Selu", "Swish", "ScaledDotProductAttention")
def numbers(c: Case) -> Values:
    """Factors that cost the same whatever they are."""
    given = {"HardSigmoid": {1: 0.2, 2: 0.5}, "Selu": {1: 1.67, 2: 1.05}, "Swish": {1: 1.0}}
    return given.get(c.layer.type, {4: max(c.dims()[-1], 1) ** -0.5 if c.dims() else 1.0})


@decides("RandomUniform")
def random_uniform(c: Case) -> Values:
    return {0: list(c.out_port().dims)}


@decides("Multinomial")
def multinomial(c: Case) -> Values:
    return {1: c.out_port().dims[-1]}


@decides("Eye")
def eye(c: Case) -> Values:
    *batch, rows, columns = c.out_port().dims
    return {0: rows, 1: columns, 2: 0, 3: batch}


@decides("DFT", "IDFT", "RDFT")
def fourier(c: Case) -> Values:
    out, many = c.out_port().dims, count(c, 1)
    end = c.rank() - (c.layer.type != "RDFT")
    axes = list(range(end - many, end))
    sizes = [out[a] for a in axes]
    if c.layer.type == "RDFT":
        sizes[-1] = c.dims()[axes[-1]] if c.dims()[axes[-1]] // 2 + 1 == sizes[-1] else 2 * (sizes[-1] - 1)
    if c.rank() > many + (c.layer.type != "RDFT"):
        c.t.shared.doubts.append(f"axes {axes} of '{c.layer.name}' ({c.layer.type})")
    return {1: axes, 2: sizes}


@decides("STFT")
def stft(c: Case) -> Values:
    a, b = c.out_port().dims[-3:-1]
    bins, frames = (a, b) if c.flag("transpose_frames") else (b, a)
    size = max(2 * (bins - 1), count(c, 1))
    return {2: size, 3: (c.dims()[-1] - size) // (frames - 1) if frames > 1 else 1}


@decides("Loop")
def trips(c: Case) -> Values:
    """As often as a result has parts, or an input that is cut."""
    ports = c.layer.port_maps.get("")
    for given, sides in ((ports.outputs, c.layer.outputs), (ports.inputs, c.layer.inputs)) if ports else ():
        for side in given:
            for port in sides:
                if "axis" in side and side.get("external_port_id") == str(port.id):
                    return {0: port.dims[int(side["axis"])], 1: True}
    return NONE


@decides("Divide")
def reciprocal(c: Case) -> Values:
    return {0: 1.0} if from_file(c, 0) else NONE


@decides("Power")
def exponent(c: Case) -> Values:
    """A square where a sum follows or nothing is known, else the root that ends a norm."""
    if not from_file(c, 1):
        return NONE
    readers = c.t.readers.get((c.layer.id, c.out_port().id), [])
    if any(c.t.layers[goal[0]].type.startswith("Reduce") for goal in readers):
        return {1: 2.0}
    before = c.t.producer(c.layer, 0)
    root = (
        before is not None and before.type == "Add" and any(from_file(Case(before, c.t), k) for k in (0, 1))
    )
    c.t.shared.doubts.append(f"exponent {-0.5 if root else 2} of '{c.layer.name}' (Power)")
    return {1: -0.5 if root else 2.0}


@decides("IRDFT")
def fourier_back(c: Case) -> Values:
    end, out = c.rank() - 1, c.out_port().dims
    axes = list(range(end - count(c, 1), end))
    if end > len(axes):
        differ = [k for k in range(end) if c.dims()[k] != out[k]]
        axes = differ if len(differ) == len(axes) else axes
    return {1: axes, 2: [out[a] for a in axes]}


@decides("ISTFT")
def istft(c: Case) -> Values:
    bins, frames = c.dims()[-3:-1]
    size, length = 2 * (bins - 1), c.out_port().dims[-1]
    rest = length if c.flag("center") else length - size
    return {2: size, 3: rest // (frames - 1) if frames > 1 else 1, 4: length}
