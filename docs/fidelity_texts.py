"""What docs/fidelity.md says around its numbers: its head, what is known, why a bar is missed."""

HEAD = """# How far the predictions are off

Written by `make fidelity` from `npusim validate`; do not edit. {reference}

Errors are percent of the reference value. **MAPE**, **median**, **p90** (of the absolute error) and **bias** (mean of
the signed error) are over all rows. **Roofline** is the MAPE of MACs over peak rate, bytes over bandwidth or elements
over vector lanes on the same rows. **Unseen** is the MAPE over the half of the rows that no constant was fitted to;
the **bar** is held against it. A row belongs to its half by the hash of its workload (ground truth: of its regression
test), on every machine and in every folder. DSP lines are Intel's own and nothing was fitted to whole layers: there,
all rows are unseen.

Bars met: **{met} of {barred}**.
"""

KNOWN = """## What is known and what is assumed

| NPU | published | measured | fitted | assumed |
|---|---|---|---|---|
{sources}

Numbers of a hardware file by the kind of their source (`npusim hw show NAME` lists each with its origin).

- The nets are predictions themselves: two of Intel's nets for one device differ by 5 % (NPU 3720) to 34 % (NPU 4000),
  and on NPU 4000 9 % of the net's dense convolutions run faster than the MAC array can.
- NPU 5010 is fitted to the profiled table beside the net, not to the net: the rows "net" above show how far the two
  are apart.
- There is no ground truth for NPU 5010, and none for DSP kernels and whole layers of any NPU.
- Intel's net for NPU 4000 slows a DMA port down when the other is busy (rows "both ports"); on 3720 and 5010 its nets
  do not, and no measured transfer tells. The ratio is kept (`both_ports_rate_ratio`), but plans are priced without it.
- What a plan adds (compute steps, host time) is not judged here but by the published networks.
- How far plans are from those of Intel's compiler (engines, bytes, MAC time), and why where they differ, has a page of
  its own: [vendor_agreement.md](vendor_agreement.md).
"""

TABLES = """## Tables of a reference folder

`npusim validate --reference FOLDER` reads these, CSV or gzipped CSV, for whichever generations G are there; lines
that begin with # in front of the header are notes. What comes along with npusim is a sample of each but the last two.

| table | of what | columns it needs |
|---|---|---|
| `mac_array_npuG` | one workload of the MAC array by Intel's net | sizes, `in_dtype`, `cycles` |
| `mac_array_npu5010_lut` | the same of NPU 5010's profiled table | sizes, `in_dtype`, `cycles_lut` |
| `mac_array_npuG_ground_truth` | the same, measured | `test`, sizes, `in_dtype`, `gt_cycles` |
| `dma_npuG` | transfers by the net | `direction`, `bytes`, `us_nn`; `engines` |
| `dma_ground_truth` | transfers, measured | `device`, `src`, `dst`, `bytes`, `us_at_975MHz` |
| `dsp_npuG` | one kernel on one DSP | `provider`, `op`, `n_elems`, `n_inputs`, `dpu_mhz`, `us` |
| `layer_npuG` | whole layers on one tile and more | sizes, `in_dtype`, `strategy`, `n_tiles`, `cycles`, `best` |
| `published_latency` | latencies, published | `hardware`, `npu_gen`, `model`, `precision`, `metric`, `value`, `unit` |
| `networks` | the graph of each of those models | `model`, `graph` |

Sizes are `op`, `in_w`, `in_h`, `in_c`, `out_w`, `out_h`, `out_c`, `kw`, `kh`, `sw` and `sh` (kernel and stride).
"""

COVERAGE = """## How often the band holds

The band (P10 to P90) of a single op is that of the block that prices it, of a kernel its own; judged are rows no
constant was fitted to. Spreads are the P80 of the errors of the other half of the net's tables (NPU 5010: a little
more than that of the profiled table, which the net disagrees with). Of networks, all published figures with a graph.

| NPU | rows of | against | judged | inside the band |
|---|---|---|---|---|"""

COVERAGE_NOTES = """
Measured workloads (ground truth) are nearer than the nets, so the band, which follows the nets, holds nearly all of
them. "Other kernels" (of two inputs, or no line in elements) have profiles a factor of a hundred apart: each takes the
line of one of them and is far off the others (MAPE 154 % and more); no bar is held against them. No
published figure of a network with a graph is known for NPU 4000 and 5010, so nothing judges their bands of whole
networks; a profile of ResNet-50 on NPU 4000 with counters on (3.27 ms synchronous, 2.73 at best) lies above.

Beside Intel's compiler, whose totals of single ops are estimates with other prices, the band is too narrow: of the half
of `tests/data/vendor_ops_judge.csv` whose kernels have a price there, 38 % are inside on NPU 3720 (of 160) and 58 % on
NPU 5010 (of 161), the step set aside (26 November 2026; not remade with this page)."""

#: Why a bar is missed, by (generation, engine, what, against).
REASONS = {
    ("4000", "DMA", "ddr to scratchpad", "net"): (
        "the net is 12 % faster than the measured transfers, which the constants follow (table below)"
    ),
    ("4000", "DMA", "ddr to scratchpad", "ground truth"): (
        "the timer's step (51 cycles) is an eighth of a short transfer; all 19 rows together are within the bar"
    ),
    ("4000", "DMA", "ddr to ddr", "net"): (
        "the net and the measured transfers contradict each other (table below); measured ones are preferred"
    ),
    ("4000", "DMA", "ddr to ddr", "ground truth"): (
        "few rows, read with a timer step of 51 cycles; all 19 rows together are within the bar"
    ),
    ("4000", "DMA", "scratchpad to ddr", "ground truth"): (
        "the timer's step (51 cycles) is a quarter of a short transfer, and 6144 bytes take longer than 8192"
    ),
    ("4000", "DMA", "scratchpad to scratchpad", "ground truth"): (
        "the timer's step (51 cycles) is a quarter to a third of a short transfer"
    ),
    ("5010", "DMA", "scratchpad to scratchpad", "net"): (
        "the net lets 1 KiB take 31 ns and 80 bytes 53 ns; the best curve that never falls with size is 6.5 % off"
    ),
    ("5010", "Layers", "all", "layer model"): (
        "Intel's layer model prices with the net, which is faster than the profiled table the constants rest on: "
        "matrix products one pixel wide stream up to 250 weight bytes a cycle there, 134 in the profiled table "
        "(without those products: the row 'wider than one pixel')"
    ),
}
