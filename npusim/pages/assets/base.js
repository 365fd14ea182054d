// What all pages share: data, colours, numbers as people read them, charts that zoom and answer to pointer and keys.
'use strict';
const DATA = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id), tip = $('tip');
const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const clamp = (v, lo, hi) => Math.max(lo, Math.min(hi, v));
const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) name in made && typeof value !== 'string' ? made[name] = value : made.setAttribute(name, value);
  made.append(...children);
  return made;
};

// As npusim.terminal.units: three significant digits, halves to even, and the unit that leaves the fewest zeros.
function fixed(v, d) {
  const twice = v * 2 ** (d + 1), tie = Number.isInteger(twice) && twice % 2 !== 0 && Number.isInteger(v * 10 ** d * 2);
  let s = v.toFixed(d);
  if (tie && +s[s.length - 1] % 2) s = (v - Math.sign(v) * 10 ** -(d + 2)).toFixed(d);
  return s.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}
function digits(v) {
  if (!v) return '0';
  const e = Math.floor(Math.log10(Math.abs(v)) + 1e-15), d = 2 - e;
  const rounded = d >= 0 ? +v.toFixed(Math.min(d, 100)) : Math.round(v / 10 ** -d) * 10 ** -d;
  return fixed(d >= 0 ? v : rounded, clamp(Math.abs(rounded) >= 10 ** (e + 1) ? d - 1 : d, 0, 100));
}
const scaled = v => { for (const [p, s] of [['T', 1e12], ['G', 1e9], ['M', 1e6], ['K', 1e3]]) if (Math.abs(v) >= .9995 * s) return digits(v / s) + ' ' + p; return (Number.isInteger(v) ? String(v) : digits(v)) + ' '; };
const nbytes = v => scaled(v) + 'B';
function time(us, sign) {
  const plus = sign && us >= .0005 ? '+' : '';
  if (Math.abs(us) < .0005) return '0 us';
  for (const [unit, one] of [['s', 1e6], ['ms', 1e3], ['us', 1]]) if (Math.abs(us) >= .9995 * one || unit === 'us') return plus + digits(us / one) + ' ' + unit;
}
const share = (part, whole) => whole ? fixed(100 * part / whole, 1).replace(/,/g, '') + '%' : '-';
const tickTime = (ticks, most) => { const [unit, one] = most >= 2e6 ? ['s', 1e6] : most >= 2e3 ? ['ms', 1e3] : ['us', 1]; return ticks.map(t => t === null ? '' : +(t / one).toPrecision(9) + ' ' + unit); };

function download(name, href) { element('a', {download: name, href}).click(); }
const csvCell = v => { const s = String(v); return /[",\n]/.test(s) ? '"' + s.replace(/"/g, '""') + '"' : s; };
const saveCsv = (name, rows) => download(name, 'data:text/csv;charset=utf-8,' + encodeURIComponent(rows.map(r => r.map(csvCell).join(',')).join('\n') + '\n'));

// uPlot counts its logarithmic ticks from the low end of the scale; people want them at 1, 2 and 5 of every decade.
function logTicks(lo, hi) {
  const of = steps => { const out = []; for (let e = Math.floor(Math.log10(lo)); e <= Math.log10(hi); e++) for (const s of steps) { const t = +(s * 10 ** e).toPrecision(6); if (t >= lo * .9999 && t <= hi * 1.0001) out.push(t); } return out; };
  for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]]) { const found = of(steps); if (found.length >= 4) return found; }
  const step = 10 ** Math.floor(Math.log10((hi - lo) / 2)), out = [];
  for (let t = Math.ceil(lo / step) * step; t <= hi; t += step) out.push(+t.toPrecision(9));
  return out;
}

// A chart: uPlot's scales, axes, zoom and cursor. `spec`: {height(width), scales, axes, series, data, draw(u), pick(u, x, y),
// key(u, name), cross}; `pick` and `key` return what the readout says, or nothing.
const charts = [];
function chart(id, spec) {
  const box = $(id), readout = $(id + '-readout');
  if (!box) return null;
  const say = words => { if (words !== undefined) readout.textContent = words; };
  const ink = (axis, k) => ({...(spec.scales[k ? 'y' : 'x'].distr === 3 ? {splits: (u, i, lo, hi) => logTicks(lo, hi), filter: (u, v) => v} : {}), stroke: () => colour('soft'), grid: {stroke: () => colour('line'), width: 1}, ticks: {stroke: () => colour('line'), width: 1, size: 4}, font: '12px system-ui, "DejaVu Sans", sans-serif', labelFont: '12px system-ui, "DejaVu Sans", sans-serif', labelSize: 18, ...axis});
  const size = () => ({width: Math.max(200, box.clientWidth), height: Math.round(spec.height(Math.max(200, box.clientWidth)))});
  const u = new uPlot({
    ...size(), scales: spec.scales, axes: spec.axes.map(ink), series: spec.series, legend: {show: false}, padding: [8, 26, 0, 0],
    cursor: {y: !!spec.cross, points: {show: false}, drag: {x: true, y: !!spec.cross, setScale: true, uni: 30}, ...(spec.cursor || {})},
    hooks: {draw: [u => { if (spec.draw) { u.ctx.save(); spec.draw(u); u.ctx.restore(); } }], setScale: spec.linked ? [link] : []},
  }, spec.data, box);
  u.home = () => { u.setScale('x', {min: spec.data[0][0], max: spec.data[0][spec.data[0].length - 1]}); if (spec.cross) u.setData(spec.data); };
  u.zoom = (factor, at) => {
    const {min, max, distr} = u.scales.x, lo = spec.data[0][0], hi = spec.data[0][spec.data[0].length - 1];
    const f = distr === 3 ? Math.log : v => v, g = distr === 3 ? Math.exp : v => v;
    const c = f(at ?? g((f(min) + f(max)) / 2));
    u.setScale('x', {min: Math.max(lo, g(c - (c - f(min)) * factor)), max: Math.min(hi, g(c + (f(max) - c) * factor))});
  };
  u.pan = part => {
    const {min, max} = u.scales.x, d = clamp((max - min) * part, spec.data[0][0] - min, spec.data[0][spec.data[0].length - 1] - max);
    u.setScale('x', {min: min + d, max: max + d});
  };
  u.over.addEventListener('wheel', e => {
    if (!e.ctrlKey && document.activeElement !== box) return;
    e.preventDefault(); u.zoom(Math.exp(clamp(e.deltaY, -200, 200) / 400), u.posToVal(e.offsetX, 'x'));
  }, {passive: false});
  u.over.addEventListener('pointermove', e => {
    const words = spec.pick && spec.pick(u, e.offsetX, e.offsetY);
    if (words) { say(words); tip.textContent = words; tip.hidden = false; place(e); } else tip.hidden = true;
  });
  u.over.addEventListener('pointerdown', () => box.focus({preventScroll: true}));
  u.over.addEventListener('pointerleave', () => { tip.hidden = true; });
  box.addEventListener('keydown', e => {
    const done = {'+': () => u.zoom(.5), '=': () => u.zoom(.5), '-': () => u.zoom(2), '0': u.home, PageUp: () => u.pan(-.5), PageDown: () => u.pan(.5)}[e.key];
    if (done) { e.preventDefault(); return done(); }
    if (spec.key && ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'Escape'].includes(e.key)) { e.preventDefault(); say(spec.key(u, e.key) || ''); }
  });
  const tools = element('div', {class: 'tools'});
  const button = (label, title, act) => tools.append(element('button', {type: 'button', title, onclick: act}, label));
  button('+', 'Zoom in (+)', () => u.zoom(.5)); button('−', 'Zoom out (-)', () => u.zoom(2)); button('All', 'Show all (0)', u.home);
  button('PNG', 'Save this chart as a picture', () => download(id + '.png', picture(u)));
  if (spec.csv) button('CSV', 'Save the numbers of this chart', () => saveCsv(id + '.csv', spec.csv()));
  readout.after(tools); u.tools = tools;
  let width = box.clientWidth;
  new ResizeObserver(() => { if (box.clientWidth !== width) { width = box.clientWidth; u.setSize(size()); } }).observe(box);
  if (spec.linked) u.linked = true;
  charts.push(u);
  return u;
}
function picture(u) {                                   // a canvas is clear where nothing is drawn; a picture is not
  const copy = document.createElement('canvas'); copy.width = u.ctx.canvas.width; copy.height = u.ctx.canvas.height;
  const c = copy.getContext('2d'); c.fillStyle = colour('paper'); c.fillRect(0, 0, copy.width, copy.height); c.drawImage(u.ctx.canvas, 0, 0);
  return copy.toDataURL('image/png');
}
function place(e) {
  const w = tip.offsetWidth, h = tip.offsetHeight;
  tip.style.left = clamp(e.clientX + 14, 4, innerWidth - w - 4) + 'px';
  tip.style.top = (e.clientY + 18 + h > innerHeight ? e.clientY - h - 10 : e.clientY + 18) + 'px';
}
let linking = false;
function link(u, key) {                                 // charts of one run share their time axis
  if (key !== 'x' || linking) return;
  linking = true;
  for (const other of charts) if (other !== u && other.linked) other.setScale('x', {min: u.scales.x.min, max: u.scales.x.max});
  linking = false;
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(u => u.redraw(false, true)));
const hidden = {paths: () => null, points: {show: false}};
