// Points in the plane: a front with its steps, or a cloud coloured by a value.
const px = F.x.values, py = F.y.values, onFront = new Set(F.front), shades = F.colour.length > 0;
const clow = Math.min(...F.colour), chigh = Math.max(...F.colour), cLog = clow > 0 && chigh / clow > 8;
const share = cLog ? v => Math.log(v / clow) / Math.log(chigh / clow) : v => chigh > clow ? (v - clow) / (chigh - clow) : .5;
const order = F.front.length ? F.front : [...px.keys()];           // what the arrow keys walk along
let P, X, Y;
start({
  height: W => Math.round(Math.max(340, Math.min(600, W * .6))) + (shades ? 40 : 0),
  draw(W, H) {
    P = {l: 62, t: shades ? 74 : 34, r: W - 14, b: H - 44};
    const [x0, x1] = extent(px, F.x.log), [y0, y1] = extent(py, F.y.log);
    X = scale(x0, x1, P.l, P.r, F.x.log); Y = scale(y0, y1, P.b, P.t, F.y.log);
    frame(P, ticks(x0, x1, F.x.log, (P.r - P.l) / 65), ticks(y0, y1, F.y.log, (P.b - P.t) / 45), X, Y, title(F.x), title(F.y));
    if (shades) {
      const bar = Math.min(300, W - 150); text(F.colour_title, 4, 16);
      for (let x = 0; x < bar; x++) { g.fillStyle = ramp(RAMP, x / bar); g.fillRect(110 + x, 6, 1.5, 12); }
      text(tickText(+clow.toPrecision(3)), 110, 32, 'left', 'soft'); text(tickText(+chigh.toPrecision(3)), 110 + bar, 32, 'right', 'soft');
    }
    px.forEach((x, i) => {
      if (onFront.has(i)) return;
      g.fillStyle = shades ? ramp(RAMP, share(F.colour[i])) : colour('soft'); g.globalAlpha = shades ? 1 : .45;
      g.beginPath(); g.arc(X(x), Y(py[i]), shades ? 4.5 : 2.2, 0, 7); g.fill(); g.globalAlpha = 1;
      if (shades) { g.strokeStyle = colour('soft'); g.lineWidth = .6; g.stroke(); }
    });
    const steps = []; F.front.forEach((i, k) => { if (k) steps.push([X(px[i]), Y(py[F.front[k - 1]])]); steps.push([X(px[i]), Y(py[i])]); });
    if (steps.length > 1) line(steps, 'ink', 1.2);
    for (const i of F.front) marker(F.bound.length ? F.bound[i] : 4, X(px[i]), Y(py[i]), 4.2);
    if (at !== null) { g.strokeStyle = colour('mark'); g.lineWidth = 2; g.beginPath(); g.arc(X(px[at]), Y(py[at]), 8, 0, 7); g.stroke(); }
  },
  pick(x, y) {
    if (!P) return at;
    let best = at, near = 30 ** 2;
    px.forEach((v, i) => { const d = (X(v) - x) ** 2 + (Y(py[i]) - y) ** 2 - (onFront.has(i) ? 60 : 0); if (d < near) { near = d; best = i; } });
    return best;
  },
  move(at, key) {
    const k = order.indexOf(at), last = order.length - 1;
    if (k < 0 || key === 'Home') return order[0];
    return order[key === 'End' ? last : clamp(k + (key === 'ArrowRight' || key === 'ArrowUp' ? 1 : -1), last)];
  },
  say: at => `${F.x.label} ${withUnit(px[at], F.x)}, ${F.y.label} ${withUnit(py[at], F.y)}: ${F.texts[at]}`
    + (F.bound.length ? `, bound by ${GROUPS[F.bound[at]]}` : '') + (F.front.length ? (onFront.has(at) ? '; on the front' : '; beaten by another') : ''),
});
