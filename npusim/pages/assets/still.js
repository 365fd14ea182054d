// Plots that are drawn as a whole and do not zoom: heat maps and bars; PNG and CSV all the same.
const box = $('plot'), readout = $('plot-readout');
const canvas = box.appendChild(document.createElement('canvas'));
g = canvas.getContext('2d');
// From a..b to the pixels p..q.
function scale(a, b, p, q, log) {
  const f = log ? Math.log : x => x, lo = f(a), hi = f(b) === lo ? lo + 1 : f(b);
  return v => p + (f(v) - lo) / (hi - lo) * (q - p);
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
  const button = (label, title, act) => element('button', {type: 'button', title, onclick: act}, label);
  readout.after(element('div', {class: 'tools'}, button('PNG', 'Save this plot as a picture', () => download('plot.png', picture({ctx: g}))),
    button('CSV', 'Save its numbers', () => saveCsv('plot.csv', tableCsv()))));
}
