// What the scratchpads hold, and what crosses to and from DDR, over the same time axis as the timeline.
{
  const run = DATA.runs[0], N = run.nodes, T = run.tasks, end = run.latency_us || 1;
  const compute = [...T.start.keys()].filter(i => !T.engine[i].startsWith('dma') && T.node[i] >= 0).sort((a, b) => T.start[a] - T.start[b]);
  const xs = [0], held = [0];
  for (const i of compute) { xs.push(T.start[i]); held.push(N.held[T.node[i]]); }
  xs.push(end); held.push(held[held.length - 1]);
  const full = held.reduce((a, b) => Math.max(a, b), 0);
  const near = (list, t) => { let a = 0, b = list.length; while (a < b) { const m = (a + b) >> 1; list[m] <= t ? a = m + 1 : b = m; } return Math.max(0, a - 1); };
  const time_axis = {values: (u, v) => tickTime(v, u.scales.x.max), space: 70, size: 26};
  const flat = v => ({...hidden, paths: undefined, stroke: () => colour('soft'), dash: [6, 4], width: 1});
  const plain = {linked: true, height: w => w < 640 ? 150 : 170};
  const wide = {...plain, scales: {x: {time: false, range: (u, lo, hi) => [lo ?? 0, hi ?? 1]}, y: {range: (u, lo, hi) => [0, 1.08 * (full > run.capacity_bytes / 5 ? run.capacity_bytes : full) || 1]}}};
  let at = 0;
  const walk = (count, say) => (u, key) => { at = clamp({ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: count - 1, Escape: 0}[key], 0, count - 1); return say(at); };
  const sayHeld = k => `at ${time(xs[k])} the scratchpads hold ${nbytes(held[k])} of ${nbytes(run.capacity_bytes)} (${share(held[k], run.capacity_bytes)})`;
  chart('occupancy', {...wide, data: [xs, held, xs.map(() => run.capacity_bytes)],
    axes: [time_axis, {size: 86, values: (u, v) => v.map(nbytes)}],
    series: [{}, {stroke: () => colour('g3'), fill: () => colour('g3') + '44', width: 1.5, paths: uPlot.paths.stepped({align: 1}), points: {show: false}}, flat()],
    pick: (u, x) => sayHeld(near(xs, u.posToVal(x, 'x'))), key: walk(xs.length, sayHeld),
    csv: () => [['start_us', 'held_bytes'], ...xs.map((x, k) => [x, held[k]])]});
  const bins = 600, step = end / bins, rate = new Array(bins).fill(0);
  T.start.forEach((s, i) => {
    if (!T.bytes[i] || (T.from[i] !== 'DDR' && T.to[i] !== 'DDR')) return;
    const e = s + Math.max(T.time[i], 1e-9), a = clamp(Math.floor(s / step), 0, bins - 1), z = clamp(Math.floor(e / step), 0, bins - 1), whole = T.bytes[i] * (T.node[i] < 0 ? 1 : N.repeats[T.node[i]]);
    for (let b = a; b <= z; b++) rate[b] += whole * Math.max(0, Math.min(e, (b + 1) * step) - Math.max(s, b * step)) / (e - s);
  });
  const bx = [...rate.keys(), bins].map(b => b * step), by = [...rate.map(v => v / step * 1e-3), 0];
  const sayRate = k => `${time(bx[k])} to ${time(bx[k] + step)}: ${digits(by[k])} GB/s to and from DDR; it has ${digits(run.peaks.ddr_bytes * 1e-3)} GB/s`;
  chart('traffic', {...plain, scales: {x: {time: false, range: (u, lo, hi) => [lo ?? 0, hi ?? 1]}, y: {range: () => [0, 1.08 * Math.max(run.peaks.ddr_bytes * 1e-3, ...by) || 1]}},
    data: [bx, by, bx.map(() => run.peaks.ddr_bytes * 1e-3)], axes: [time_axis, {size: 86, values: (u, v) => v.map(x => digits(x) + ' GB/s')}],
    series: [{}, {stroke: () => colour('g2'), fill: () => colour('g2') + '44', width: 1.2, paths: uPlot.paths.stepped({align: 1}), points: {show: false}}, flat()],
    pick: (u, x) => sayRate(Math.min(near(bx, u.posToVal(x, 'x')), bins - 1)), key: walk(bins, sayRate),
    csv: () => [['start_us', 'gb_per_s'], ...by.map((v, k) => [bx[k], v])]});
}
