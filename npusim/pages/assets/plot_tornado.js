// Bars to either side of zero, the longest on top. Narrow pages have the name above its bar.
const longest = Math.max(...F.bars.map(b => Math.abs(b.length)), 1e-9);
let row = 24, top0 = 22;
start({
  height: W => { row = W < 640 ? 38 : 24; return top0 + F.bars.length * row + 40; },
  draw(W, H) {
    const narrow = W < 640, left = narrow ? 8 : Math.min(430, W * .45), room = W - left - 8, ends = 52;
    const lo = Math.min(0, ...F.bars.map(b => b.length)), hi = Math.max(0, ...F.bars.map(b => b.length), lo + 1e-9);
    const X = scale(lo, hi, left + (lo < 0 ? ends : 0), W - 8 - (hi > 0 ? ends : 0));
    text('% latency per % of the number', left + room, 12, 'right', 'soft');
    line([[X(0), top0 - 4], [X(0), H - 34]], 'line');
    F.bars.forEach((b, k) => {
      const y = top0 + k * row, base = narrow ? y + 18 : y + 3, h = narrow ? 14 : row - 7;
      if (k === at) { g.fillStyle = colour('line'); g.fillRect(0, y, W, row); }
      const label = `${b.name}  ${b.text}`;
      text(label, narrow ? 8 : left - 10, narrow ? y + 13 : y + row / 2 + 4, narrow ? 'left' : 'right', 'ink', narrow ? W - 16 : left - 16);
      g.fillStyle = colour(b.length > 0 ? 'g1' : 'g0'); g.fillRect(Math.min(X(0), X(b.length)), base, Math.abs(X(b.length) - X(0)), h);
      const s = (b.length > 0 ? '+' : '−') + Math.abs(b.length).toFixed(3);
      text(s, X(b.length) + (b.length > 0 ? 5 : -5), base + h / 2 + 4, b.length > 0 ? 'left' : 'right', 'soft');
    });
    text('← more is faster', Math.max(left, Math.min(X(0) - 6, W - 8)), H - 12, X(0) - left > 120 ? 'right' : 'left', 'soft');
    if (W - X(0) > 130) text('more is slower →', X(0) + (X(0) - left > 120 ? 6 : 124), H - 12, 'left', 'soft');
  },
  pick: (x, y) => { const k = Math.floor((y - top0) / row); return k >= 0 && k < F.bars.length ? k : at; },
  move: (at, key) => at === null || key === 'Home' ? 0 : key === 'End' ? F.bars.length - 1
    : clamp(at + (key === 'ArrowDown' || key === 'ArrowRight' ? 1 : -1), 0, F.bars.length - 1),
  say: at => { const b = F.bars[at]; return `${b.name}, ${b.text} (${b.source}): 1 % more changes the latency by ${b.length.toFixed(4)} %`; },
});
