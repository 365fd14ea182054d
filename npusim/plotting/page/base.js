// What all kinds of plot share: canvas, colours of the page, scales, ticks, the cursor.
'use strict';
const F = JSON.parse(document.getElementById('data').textContent);
const box = document.getElementById('plot'), readout = document.getElementById('readout');
const canvas = box.appendChild(document.createElement('canvas')), g = canvas.getContext('2d');
const GROUPS = ['MAC array', 'DSP', 'DMA', 'dispatch of steps', 'none'];
const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const fmt = v => v === null ? 'does not fit' : typeof v === 'string' ? v
  : v && (Math.abs(v) >= 1e6 || Math.abs(v) < 1e-3) ? v.toPrecision(4)
  : v.toLocaleString('en', {maximumSignificantDigits: 5});
const tickText = v => Math.abs(v) >= 1e5 || (v && Math.abs(v) < 1e-3) ? v.toExponential(0).replace('e+', 'e')
  : String(+v.toPrecision(4));
const withUnit = (v, axis) => axis.unit && typeof v === 'number' ? fmt(v) + ' ' + axis.unit : fmt(v);
const title = axis => axis.unit ? `${axis.label} (${axis.unit})` : axis.label;

// From a..b to the pixels p..q.
function scale(a, b, p, q, log) {
  const f = log ? Math.log : x => x, lo = f(a), hi = f(b) === lo ? lo + 1 : f(b);
  return v => p + (f(v) - lo) / (hi - lo) * (q - p);
}
function ticks(a, b, log, most) {
  if (!(b > a)) return [a];
  const out = [];
  if (log && b / a > 4) {
    const decades = Math.log10(b / a), steps = decades * 3 <= most ? [1, 2, 5] : decades * 2 <= most ? [1, 3] : [1];
    const skip = Math.ceil(decades * steps.length / most);
    for (let e = Math.floor(Math.log10(a)); e <= Math.log10(b); e += skip)
      for (const s of steps) if (s * 10 ** e >= a * .999 && s * 10 ** e <= b * 1.001) out.push(s * 10 ** e);
    return out;
  }
  const raw = (b - a) / most, unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find(s => s * unit >= raw);
  for (let t = Math.ceil(a / step - 1e-9) * step; t <= b + step * 1e-9; t += step) out.push(+t.toPrecision(12));
  return out;
}
function extent(values, log) {                                   // with a margin of 4 %
  const known = values.filter(v => v !== null), lo = Math.min(...known), hi = Math.max(...known);
  if (log) { const m = (hi / lo) ** .04; return [lo / m, hi * m]; }
  const m = (hi - lo || Math.abs(hi) || 1) * .04; return [lo - m, hi + m];
}
function text(s, x, y, align = 'left', ink = 'ink', most) {
  g.fillStyle = colour(ink); g.textAlign = align; g.fillText(cut(s, most), x, y);
}
function cut(s, most) {                                          // the middle gives way
  if (!most || g.measureText(s).width <= most) return s;
  let keep = s.length;
  while (keep > 3 && g.measureText(s.slice(0, keep / 2) + '…' + s.slice(-keep / 2)).width > most) keep -= 2;
  return s.slice(0, Math.ceil(keep / 2)) + '…' + s.slice(-Math.floor(keep / 2));
}
function line(xy, ink, width = 1, dash = []) {
  g.strokeStyle = colour(ink); g.lineWidth = width; g.setLineDash(dash); g.beginPath();
  xy.forEach(([x, y], i) => i ? g.lineTo(x, y) : g.moveTo(x, y)); g.stroke(); g.setLineDash([]);
}
function marker(which, x, y, r) {                                // a shape for every group, so colour is not alone
  g.fillStyle = g.strokeStyle = colour('g' + which); g.lineWidth = 1.6; g.beginPath();
  if (which === 0) g.arc(x, y, r, 0, 7);
  else if (which === 1) g.rect(x - r * .9, y - r * .9, r * 1.8, r * 1.8);
  else if (which === 2) { g.moveTo(x, y - r * 1.1); g.lineTo(x + r * 1.1, y + r); g.lineTo(x - r * 1.1, y + r); }
  else if (which === 3) { g.moveTo(x, y - r * 1.2); g.lineTo(x + r * 1.2, y); g.lineTo(x, y + r * 1.2); g.lineTo(x - r * 1.2, y); }
  else { g.moveTo(x - r, y - r); g.lineTo(x + r, y + r); g.moveTo(x + r, y - r); g.lineTo(x - r, y + r); return g.stroke(); }
  g.fill();
}
function frame(P, xTicks, yTicks, X, Y, xTitle, yTitle) {        // P: left, top, right, bottom in pixels
  g.lineWidth = 1;
  for (const t of yTicks) { line([[P.l, Y(t)], [P.r, Y(t)]], 'line'); text(tickText(t), P.l - 6, Y(t) + 4, 'right', 'soft'); }
  for (const t of xTicks) { line([[X(t), P.b], [X(t), P.b + 4]], 'soft'); text(tickText(t), X(t), P.b + 17, 'center', 'soft'); }
  line([[P.l, P.t], [P.l, P.b], [P.r, P.b]], 'soft');
  text(yTitle, 4, P.t - 12, 'left', 'ink', P.r - 8);
  text(xTitle, P.r, P.b + 36, 'right', 'ink', P.r - 8);
}
const RAMP = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'];
const PARTED = ['#b2182b', '#ef8a62', '#fddbc7', '#f3f3f3', '#d1e5f0', '#67a9cf', '#2166ac'];
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
function ramp(stops, share) {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
  const a = rgb(stops[i]), b = rgb(stops[i + 1]);
  return `rgb(${a.map((v, k) => Math.round(v + (b[k] - v) * (at - i))).join()})`;
}

// A plot is {height(width), draw(width, height), pick(x, y), move(at, key), say(at)}; `at` is its cursor or null.
let at = null, waiting = false;
function start(plot) {
  let width = 0;
  const draw = () => {
    waiting = false;
    const height = plot.height(width), ratio = devicePixelRatio || 1;
    canvas.width = width * ratio; canvas.height = height * ratio;
    canvas.style.width = width + 'px'; canvas.style.height = height + 'px';
    g.setTransform(ratio, 0, 0, ratio, 0, 0); g.font = '12px system-ui, "DejaVu Sans", sans-serif';
    plot.draw(width, height);
  };
  const ask = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };
  const put = next => { if (next !== at) { at = next; readout.textContent = at === null ? '' : plot.say(at); ask(); } };
  box.addEventListener('pointermove', e => { const r = canvas.getBoundingClientRect(); put(plot.pick(e.clientX - r.left, e.clientY - r.top)); });
  box.addEventListener('pointerdown', e => { const r = canvas.getBoundingClientRect(); put(plot.pick(e.clientX - r.left, e.clientY - r.top)); });
  box.addEventListener('keydown', e => {
    if (e.key === 'Escape') return put(null);
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(e.key)) return;
    e.preventDefault(); put(plot.move(at, e.key));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ask);
  new ResizeObserver(() => { if (box.clientWidth !== width) { width = box.clientWidth; draw(); } }).observe(box);
}
const clamp = (v, most) => Math.max(0, Math.min(most, v));
