// What plots of results share: the figure, its words and colours, markers that need no colour to be told apart.
const F = DATA, GROUPS = F.groups;
let g;                                                           // where they draw
const fmt = v => v === null ? 'does not fit' : typeof v === 'string' ? v
  : v && (Math.abs(v) >= 1e6 || Math.abs(v) < 1e-3) ? v.toPrecision(4)
  : v.toLocaleString('en', {maximumSignificantDigits: 5});
const tickText = v => Math.abs(v) >= 1e5 || (v && Math.abs(v) < 1e-3) ? v.toExponential(0).replace('e+', 'e')
  : v.toLocaleString('en', {maximumSignificantDigits: 4});
const withUnit = (v, axis) => axis.unit && typeof v === 'number' ? fmt(v) + ' ' + axis.unit : fmt(v);
const title = axis => axis.unit ? `${axis.label} (${axis.unit})` : axis.label;

function extent(values, log) {                                   // with a margin of 4 %
  const known = values.filter(v => v !== null), lo = Math.min(...known), hi = Math.max(...known);
  if (log) { const m = (hi / lo) ** .04; return [lo / m, hi * m]; }
  const m = (hi - lo || Math.abs(hi) || 1) * .04; return [lo - m, hi + m];
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
const RAMP = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'];
const PARTED = ['#b2182b', '#ef8a62', '#fddbc7', '#f3f3f3', '#d1e5f0', '#67a9cf', '#2166ac'];
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
function ramp(stops, share) {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
  const a = rgb(stops[i]), b = rgb(stops[i + 1]);
  return `rgb(${a.map((v, k) => Math.round(v + (b[k] - v) * (at - i))).join()})`;
}


const tableCsv = () => [...document.querySelectorAll('#numbers tr')].map(r => [...r.cells].map(c => c.textContent));
