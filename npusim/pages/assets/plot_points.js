// Points in the plane: a front with its steps, or a cloud coloured by a value.
const px = F.x.values, py = F.y.values, onFront = new Set(F.front), shades = F.colour.length > 0;
const clow = Math.min(...F.colour), chigh = Math.max(...F.colour), cLog = clow > 0 && chigh / clow > 8;
const shadeOf = cLog ? v => Math.log(v / clow) / Math.log(chigh / clow) : v => chigh > clow ? (v - clow) / (chigh - clow) : .5;
const walk = F.front.length ? F.front : [...px.keys()];            // what the arrow keys walk along
const [x0, x1] = extent(px, F.x.log), [y0, y1] = extent(py, F.y.log);
let at = -1;
const say = i => `${F.x.label} ${withUnit(px[i], F.x)}, ${F.y.label} ${withUnit(py[i], F.y)}: ${F.texts[i]}`
  + (F.bound.length ? `, bound by ${GROUPS[F.bound[i]]}` : '') + (F.front.length ? (onFront.has(i) ? '; on the front' : '; beaten by another') : '');
const ticksOf = (u, v) => v.map(t => t === null ? '' : tickText(t));
chart('plot', {
  cross: true, height: w => clamp(w * .55, 340, 560),
  scales: {x: {time: false, distr: F.x.log ? 3 : 1, range: (u, a, b) => [a ?? x0, b ?? x1]}, y: {distr: F.y.log ? 3 : 1, range: (u, a, b) => [a ?? y0, b ?? y1]}},
  data: [[x0, x1], [y0, y1]], series: [{}, hidden],
  axes: [{label: title(F.x), space: 60, values: ticksOf}, {size: 78, label: title(F.y), values: ticksOf}],
  draw(u) {
    g = u.ctx; const ratio = devicePixelRatio || 1, X = v => u.valToPos(v, 'x', true), Y = v => u.valToPos(v, 'y', true), {left, top, width, height} = u.bbox;
    g.beginPath(); g.rect(left, top, width, height); g.clip();
    px.forEach((x, i) => {
      if (onFront.has(i)) return;
      g.fillStyle = shades ? ramp(RAMP, shadeOf(F.colour[i])) : colour('soft'); g.globalAlpha = shades ? 1 : .45;
      g.beginPath(); g.arc(X(x), Y(py[i]), (shades ? 4.5 : 2.2) * ratio, 0, 7); g.fill(); g.globalAlpha = 1;
      if (shades) { g.strokeStyle = colour('soft'); g.lineWidth = .6 * ratio; g.stroke(); }
    });
    const steps = []; F.front.forEach((i, k) => { if (k) steps.push([X(px[i]), Y(py[F.front[k - 1]])]); steps.push([X(px[i]), Y(py[i])]); });
    if (steps.length > 1) line(steps, 'ink', 1.2 * ratio);
    for (const i of F.front) marker(F.bound.length ? F.bound[i] : 4, X(px[i]), Y(py[i]), 4.2 * ratio);
    if (at >= 0) { g.strokeStyle = colour('mark'); g.lineWidth = 2 * ratio; g.beginPath(); g.arc(X(px[at]), Y(py[at]), 8 * ratio, 0, 7); g.stroke(); }
    if (!shades) return;
    const wide = Math.min(260 * ratio, width / 2);
    for (let x = 0; x < wide; x++) { g.fillStyle = ramp(RAMP, x / wide); g.fillRect(left + width - wide - 8 * ratio + x, top + 6 * ratio, 1.5, 10 * ratio); }
    g.font = `${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`; g.fillStyle = colour('soft'); g.textAlign = 'right';
    g.fillText(`${F.colour_title}: ${tickText(+clow.toPrecision(3))} to ${tickText(+chigh.toPrecision(3))}`, left + width - 8 * ratio, top + 30 * ratio);
  },
  pick(u, x, y) {
    let best = -1, near = 24 ** 2;
    px.forEach((v, i) => { const d = (u.valToPos(v, 'x') - x) ** 2 + (u.valToPos(py[i], 'y') - y) ** 2 - (onFront.has(i) ? 60 : 0); if (d < near) { near = d; best = i; } });
    return best < 0 ? '' : say(best);
  },
  key(u, name) {
    const k = walk.indexOf(at), last = walk.length - 1;
    at = name === 'Escape' ? -1 : walk[{Home: 0, End: last, ArrowRight: Math.min(k + 1, last), ArrowUp: Math.min(k + 1, last), ArrowLeft: Math.max(k - 1, 0), ArrowDown: Math.max(k - 1, 0)}[name]];
    u.redraw(false); return at < 0 ? '' : say(at);
  },
  csv: tableCsv,
});
