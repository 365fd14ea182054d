// Tokens a second over the context: a line for each model, dashed ones for what the memory allows.
const CONTEXT = DATA.plot, CONTEXTS = CONTEXT.contexts, LINES = CONTEXT.lines;
const LEGEND = element('ul', {class: 'legend'}, ...LINES.map(s => {
  const key = element('i', {class: 'swatch'}); key.style.background = `var(--${s.ink})`;
  return element('li', {}, key, s.name + (s.dashed ? ' (dashed)' : ''));
}));
if ($('context')) $('context').before(LEGEND);
let chosen = -1;
const told = i => `context ${CONTEXTS[i].toLocaleString('en')}: ` + LINES.map(s => `${s.name} ${digits(s.values[i])} tokens/s`).join('; ');
chart('context', {
  height: w => clamp(w * .42, 260, 460),
  scales: {x: {time: false, distr: 3, range: (u, a, b) => [a ?? CONTEXTS[0], b ?? CONTEXTS[CONTEXTS.length - 1]]}, y: {range: () => [0, 1.06 * Math.max(...LINES.flatMap(s => s.values))]}},
  data: [CONTEXTS, ...LINES.map(s => s.values)],
  axes: [{label: 'context (rows of the cache a token reads)', space: 76, values: (u, v) => v.map(t => t === null ? '' : t.toLocaleString('en'))},
    {size: 62, label: 'tokens a second', values: (u, v) => v.map(t => t === null ? '' : String(+t.toPrecision(4)))}],
  series: [{}, ...LINES.map(s => ({stroke: () => colour(s.ink), width: s.dashed ? 1.4 : 2.2, dash: s.dashed ? [6, 5] : [], points: {show: false}}))],
  draw(u) {
    if (chosen < 0) return;
    const c = u.ctx, ratio = devicePixelRatio || 1; c.strokeStyle = colour('mark'); c.lineWidth = 2 * ratio;
    LINES.forEach(s => { c.beginPath(); c.arc(u.valToPos(CONTEXTS[chosen], 'x', true), u.valToPos(s.values[chosen], 'y', true), 6 * ratio, 0, 7); c.stroke(); });
  },
  pick: (u, x) => told(CONTEXTS.reduce((best, v, i) => Math.abs(u.valToPos(v, 'x') - x) < Math.abs(u.valToPos(CONTEXTS[best], 'x') - x) ? i : best, 0)),
  key(u, name) {
    const last = CONTEXTS.length - 1;
    chosen = {Escape: -1, Home: 0, End: last, ArrowRight: Math.min(chosen + 1, last), ArrowUp: Math.min(chosen + 1, last), ArrowLeft: Math.max(chosen - 1, 0), ArrowDown: Math.max(chosen - 1, 0)}[name];
    u.redraw(false); return chosen < 0 ? '' : told(chosen);
  },
  csv: () => [['context', ...LINES.map(s => s.name)], ...CONTEXTS.map((c, i) => [c, ...LINES.map(s => s.values[i])])],
});
