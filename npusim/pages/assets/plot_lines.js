// Lines over one number: markers and colours say what bounds, dashes say which line.
const words = F.x.values.some(v => typeof v === 'string'), xs = words ? F.x.values.map((_, i) => i) : F.x.values;
const DASHES = [[], [7, 4], [9, 3, 2, 3], [2, 3]], all = F.series.flatMap(s => s.values).filter(v => v !== null);
const yLog = all.length > 0 && Math.min(...all) > 0 && Math.max(...all) / Math.min(...all) > 8;
const [x0, x1] = words ? [-.4, xs.length - .6] : extent(xs, F.x.log), [y0, y1] = all.length ? extent(all, yLog) : [0, 1];
const xOrder = [...xs.keys()].sort((a, b) => xs[a] - xs[b]);
let at = -1;
const say = i => `${F.x.label} ${withUnit(F.x.values[i], F.x)}: ` + F.series.map(s =>
  `${s.name ? s.name + ' ' : ''}${F.value} ${withUnit(s.values[i], F)}${s.values[i] !== null && s.bound.length ? ', bound by ' + GROUPS[s.bound[i]] : ''}`).join('; ');
chart('plot', {
  height: w => clamp(w * .5, 320, 520),
  scales: {x: {time: false, distr: F.x.log ? 3 : 1, range: (u, a, b) => [a ?? x0, b ?? x1]}, y: {distr: yLog ? 3 : 1, range: () => [y0, y1]}},
  data: [[x0, ...xOrder.map(i => xs[i]), x1], ...F.series.map(s => [null, ...xOrder.map(i => s.values[i]), null])],
  axes: [{label: title(F.x), space: 60, values: (u, v) => words ? v.map(t => Number.isInteger(t) ? F.x.values[t] ?? '' : '') : v.map(t => t === null ? '' : tickText(t))},
    {size: 78, label: F.unit ? `${F.value} (${F.unit})` : F.value, values: (u, v) => v.map(t => t === null ? '' : tickText(t))}],
  series: [{}, ...F.series.map((s, k) => ({stroke: () => colour('soft'), width: 1.4, dash: DASHES[k % 4], points: {show: false}}))],
  draw(u) {
    g = u.ctx; const ratio = devicePixelRatio || 1, r = (u.bbox.width / ratio / xs.length < 9 ? 2.4 : 4) * ratio;
    F.series.forEach(s => s.values.forEach((v, i) => v === null || marker(s.bound.length ? s.bound[i] : 4, u.valToPos(xs[i], 'x', true), u.valToPos(v, 'y', true), r)));
    if (F.x.now !== null && F.x.now >= x0 && F.x.now <= x1) {
      const x = u.valToPos(F.x.now, 'x', true), {top, height} = u.bbox;
      line([[x, top], [x, top + height]], 'soft', ratio, [4 * ratio, 4 * ratio]);
      g.font = `${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`; g.fillStyle = colour('soft'); g.textAlign = 'left'; g.fillText('today ' + fmt(F.x.now), x + 4 * ratio, top + 12 * ratio);
    }
    if (at < 0) return;
    g.strokeStyle = colour('mark'); g.lineWidth = 2 * ratio;
    F.series.forEach(s => { if (s.values[at] !== null) { g.beginPath(); g.arc(u.valToPos(xs[at], 'x', true), u.valToPos(s.values[at], 'y', true), 7 * ratio, 0, 7); g.stroke(); } });
  },
  pick: (u, x) => say(xs.reduce((best, v, i) => Math.abs(u.valToPos(v, 'x') - x) < Math.abs(u.valToPos(xs[best], 'x') - x) ? i : best, 0)),
  key(u, name) {
    const k = xOrder.indexOf(at), last = xs.length - 1;
    at = name === 'Escape' ? -1 : xOrder[{Home: 0, End: last, ArrowRight: Math.min(k + 1, last), ArrowUp: Math.min(k + 1, last), ArrowLeft: Math.max(k - 1, 0), ArrowDown: Math.max(k - 1, 0)}[name]];
    u.redraw(false); return at < 0 ? '' : say(at);
  },
  csv: tableCsv,
});
