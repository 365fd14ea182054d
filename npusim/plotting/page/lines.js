// Lines over one number: markers and colours say what bounds, dashes say which line.
const words = F.x.values.some(v => typeof v === 'string'), xs = words ? F.x.values.map((_, i) => i) : F.x.values;
const DASHES = [[], [7, 4], [9, 3, 2, 3], [2, 3]], all = F.series.flatMap(s => s.values).filter(v => v !== null);
const yLog = Math.min(...all) > 0 && Math.max(...all) / Math.min(...all) > 8;
let P, X, Y;
start({
  height: W => Math.round(Math.max(320, Math.min(540, W * .56))),
  draw(W, H) {
    P = {l: 62, t: 34, r: W - 14, b: H - 44};
    const [x0, x1] = extent(xs, F.x.log), [y0, y1] = extent(all, yLog);
    X = scale(x0, x1, P.l, P.r, F.x.log); Y = scale(y0, y1, P.b, P.t, yLog);
    frame(P, words ? [] : ticks(x0, x1, F.x.log, (P.r - P.l) / 65), ticks(y0, y1, yLog, (P.b - P.t) / 45), X, Y,
      title(F.x), F.unit ? `${F.value} (${F.unit})` : F.value);
    if (words) F.x.values.forEach((v, i) => text(v, X(i), P.b + 17, 'center', 'soft'));
    F.series.forEach((s, k) => {
      let run = [];
      const flush = () => { if (run.length > 1) line(run, 'soft', 1.4, DASHES[k % 4]); run = []; };
      s.values.forEach((v, i) => v === null ? flush() : run.push([X(xs[i]), Y(v)])); flush();
      const r = (P.r - P.l) / xs.length < 9 ? 2.4 : 4;
      s.values.forEach((v, i) => v === null || marker(s.bound.length ? s.bound[i] : 4, X(xs[i]), Y(v), r));
    });
    if (at !== null) {
      line([[X(xs[at]), P.t], [X(xs[at]), P.b]], 'mark', 1);
      F.series.forEach(s => { if (s.values[at] !== null) { g.strokeStyle = colour('mark'); g.lineWidth = 2; g.beginPath(); g.arc(X(xs[at]), Y(s.values[at]), 7, 0, 7); g.stroke(); } });
    }
  },
  pick(x) { return P ? xs.reduce((best, v, i) => Math.abs(X(v) - x) < Math.abs(X(xs[best]) - x) ? i : best, 0) : at; },
  move: (at, key) => at === null ? 0 : key === 'Home' ? 0 : key === 'End' ? xs.length - 1
    : clamp(at + (key === 'ArrowRight' || key === 'ArrowUp' ? 1 : -1), xs.length - 1),
  say: at => `${F.x.label} ${withUnit(F.x.values[at], F.x)}: ` + F.series.map(s =>
    `${s.name ? s.name + ' ' : ''}${F.value} ${withUnit(s.values[at], F)}${s.values[at] !== null && s.bound.length ? ', bound by ' + GROUPS[s.bound[at]] : ''}`).join('; '),
});
