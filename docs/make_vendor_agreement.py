"""Write docs/vendor_agreement.md: our schedules beside those of Intel's compiler.

    python docs/make_vendor_agreement.py

Needs the graphs beside the project (../shared); without them it leaves the page as it is and says so.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.measured.agreement import RENAMED, compared, row_of, write_golden  # noqa: E402
from tests.measured.reference import reference_rows  # noqa: E402
from tests.vendor import bars, nets, pages, signs, verdicts  # noqa: E402
from tests.vendor.judge import PROFILE  # noqa: E402
from tests.vendor.judge import verdicts as judged_rows  # noqa: E402
from tests.vendor.tables import EXPORTED  # noqa: E402
from tests.vendor.test_placement import KNOWN  # noqa: E402

PAGE = Path(__file__).with_name("vendor_agreement.md")
TEMPLATE = Path(__file__).with_name("vendor_agreement.template.md")
SHARE_BAR = 0.98
#: Largest error of bytes and of MAC-array time, by kind and the start of the network's name.
BYTES_BARS = {"transformer int8": 0.25}
MAC_BARS = (("resnet", 0.10), ("mbv2", 0.20), ("", 0.35))


def main():
    rows = [row_of(*key) for key in compared()]
    if not rows:
        print(
            "docs/vendor_agreement.md is left as it is: the graphs are not beside the project (../shared/graphs)"
        )
        return
    write_golden(rows)
    everything = rows + reference_rows()
    renamed = "\n".join(
        f"- {op} on {ours}, there {theirs}: {why}" for (op, ours, theirs), why in RENAMED.items()
    )
    rest = {key: why for key, why in KNOWN.items() if key not in RENAMED}
    known = "\n".join(
        f"- {op}: {ours} here, {theirs} there: {why}" for (op, ours, theirs), why in rest.items()
    )
    page = TEMPLATE.read_text(encoding="utf-8").format(
        summary="\n".join(_summary(rows)),
        table="\n".join(_table(everything)),
        renamed=renamed,
        known=known,
        **_at_real_sizes(),
    )
    PAGE.write_text(page, encoding="utf-8")
    print(f"docs/vendor_agreement.md: {len(everything)} schedules")


def _judged(profile: str):
    """Every row of the tables, judged in a profile."""
    return judged_rows(profile=profile)


def _exported(profile: str):
    """Every row of the networks as PyTorch's exporters leave them."""
    return judged_rows((EXPORTED,), profile=profile)


def _at_real_sizes():
    """The parts of the page about ops, layers and networks at real sizes, and about rewrites."""
    with ProcessPoolExecutor(2) as pool:  # a profile each
        found, default = pool.map(_judged, (PROFILE, "2026"))
        exported, exported_default = pool.map(_exported, (PROFILE, "2026"))
    verdicts.write(found)
    paid = list(signs.compared())
    signs.write_golden(paid)
    aside = [v for v in found if v.row.name in {*nets.NOT_LOOKED_AT, *nets.language.NOT_LOOKED_AT}]
    parts = {
        "judged": bars.summary(found),
        "default": bars.summary(default),
        "engines": bars.engine_lines(found),
        "classes": bars.class_lines(found),
        "below": pages.below_lines(found),
        "aside": bars.summary(aside),
        "aside_classes": bars.class_lines(aside),
        "looked_at": [str(len(nets.LOOKED_AT))],
        "not_looked_at": [str(len(nets.NOT_LOOKED_AT))],
        "exported": bars.summary(exported),
        "exported_default": bars.summary(exported_default),
        "exported_engines": bars.engine_lines(exported),
        "exported_classes": bars.class_lines(exported),
        "exported_nets": pages.network_lines([v for v in exported if v.row.half == "fit"], EXPORTED),
        "far": pages.far_ops(found),
        "blocks": pages.network_lines(found, "blocks"),
        "nets": pages.network_lines(found, "nets"),
        "signs": pages.sign_lines(paid),
    }
    return {name: "\n".join(lines) for name, lines in parts.items()}


def _summary(rows):
    groups = {"all": list(rows)}
    for title, of in (("NPU {}", lambda row: row.platform), ("{}", lambda row: row.kind)):
        for key in sorted(set(map(of, rows))):
            groups[title.format(key)] = [row for row in rows if of(row) == key]
    yield "| | schedules | ops | same engine | bytes: middle error | MAC time: middle error |"
    yield "|---|---|---|---|---|---|"
    for name, own in groups.items():
        share = sum(r.same for r in own) / sum(r.ops for r in own)
        middle = lambda errors: sorted(map(abs, errors))[len(errors) // 2]
        bytes_error, mac_error = middle([r.bytes_error for r in own]), middle([r.mac_error for r in own])
        yield (
            f"| {name} | {len(own)} | {sum(r.ops for r in own)} | {_mark(share >= SHARE_BAR, f'{share:.1%}')} | "
            f"{bytes_error:.0%} | {mac_error:.0%} |"
        )


def _table(rows):
    columns = (
        "network, NPU, tiles, ops, same engine, MB, MAC us, DSP us, total us, given no time by the vendor"
    )
    yield "| " + " | ".join(columns.split(", ")) + " |"
    yield "|" + "---|" * 10
    for r in rows:
        bytes_ok = abs(r.bytes_error) <= BYTES_BARS.get(r.kind, 0.15)
        mac_ok = abs(r.mac_error) <= next(bar for start, bar in MAC_BARS if r.net.startswith(start))
        yield " | ".join(
            (
                f"| {r.net}",
                r.platform,
                str(r.tiles),
                str(r.ops),
                _mark(r.share >= SHARE_BAR, f"{r.share:.1%}"),
                _mark(bytes_ok, f"{r.mb:.2f} / {r.vendor_mb:.2f}"),
                _mark(
                    mac_ok,
                    f"{r.mac_us:,.0f} / {r.vendor_mac_us:,.0f}"
                    if r.mac_us >= 20
                    else f"{r.mac_us:.1f} / {r.vendor_mac_us:.1f}",
                ),
                f"{r.dsp_us:,.0f} / {r.vendor_dsp_us:,.0f}",
                f"{r.total_us:,.0f} / {r.vendor_total_us:,.0f}",
                f"{r.free_kernels.replace(' ', ', ').replace(', (MAC)', ' (MAC)')} |",
            )
        )


def _mark(ok, text):
    return text if ok else f"{text} !"


if __name__ == "__main__":
    main()
