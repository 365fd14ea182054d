// A heat map: cells, the lines where what bounds changes (or where the value crosses a level), a colour bar.
const nx = F.x.values.length, ny = F.y.values.length, flat = F.cells.flat().filter(v => v !== null);
const low = Math.min(...flat), high = Math.max(...flat), parted = F.level !== null;
const reach = parted ? Math.max(Math.abs(Math.log(low / F.level)), Math.abs(Math.log(high / F.level)), 1e-6) : 0;
const log = parted || (low > 0 && high / low > 8), V = log ? Math.log : v => v;
const from = parted ? Math.log(F.level) - reach : V(low), to = parted ? Math.log(F.level) + reach : V(high);
const shade = v => v === null ? colour('empty') : ramp(parted ? PARTED : RAMP, to > from ? (V(v) - from) / (to - from) : .5);
const classOf = (j, i) => F.cells[j][i] === null ? -1 : parted ? +(F.cells[j][i] >= F.level) : F.bound.length ? F.bound[j][i] : 0;
let P;
const X = i => P.l + i / nx * (P.r - P.l), Y = j => P.b - j / ny * (P.b - P.t);
function some(count, room) { const k = Math.max(1, Math.ceil(count / Math.max(2, Math.floor(room)))); return [...Array(count).keys()].filter(i => i % k === 0); }
start({
  height: W => Math.round(Math.max(340, Math.min(620, W * .62))),
  draw(W, H) {
    P = {l: 62, t: 74, r: W - 10, b: H - 44};
    const bar = Math.min(300, W - 150), unit = F.unit ? ` (${F.unit})` : '';
    text(F.value + unit, 4, 16);
    for (let x = 0; x < bar; x++) { g.fillStyle = ramp(parted ? PARTED : RAMP, x / bar); g.fillRect(110 + x, 6, 1.5, 12); }
    const S = scale(from, to, 110, 110 + bar), E = log ? Math.exp : v => v;
    const shown = parted ? [E(from), F.level, E(to)] : [low, E((from + to) / 2), high];
    shown.forEach((v, k) => text(tickText(+v.toPrecision(3)), S(V(v)), 32, ['left', 'center', 'right'][k], 'soft'));
    text(title(F.y), 4, P.t - 10, 'left', 'ink', W - 8);
    const ratio = devicePixelRatio || 1, whole = v => Math.round(v * ratio) / ratio;      // no seams between cells
    for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) {
      const x = whole(X(i)), y = whole(Y(j + 1));
      g.fillStyle = shade(F.cells[j][i]); g.fillRect(x, y, whole(X(i + 1)) - x, whole(Y(j)) - y);
    }
    for (const i of some(nx, (P.r - P.l) / 58)) text(short(F.x.values[i]), (X(i) + X(i + 1)) / 2, P.b + 16, 'center', 'soft');
    for (const j of some(ny, (P.b - P.t) / 30)) text(short(F.y.values[j]), P.l - 6, (Y(j) + Y(j + 1)) / 2 + 4, 'right', 'soft', 54);
    text(title(F.x), P.r, P.b + 36, 'right', 'ink', W - 8);
    for (const [ink, width] of parted ? [['#000', 2.5]] : [['#000', 3.4], ['#fff', 1.6]]) borders(ink, width);
    for (const [which, x, y] of F.labels || []) label(which, (X(x) + X(x + 1)) / 2, (Y(y) + Y(y + 1)) / 2);
    if (at !== null) {
      const i = at % nx, j = Math.floor(at / nx), r = [X(i), Y(j + 1), X(i + 1) - X(i), Y(j) - Y(j + 1)];
      g.lineWidth = 4; g.strokeStyle = '#000'; g.strokeRect(...r); g.lineWidth = 2; g.strokeStyle = '#fff'; g.strokeRect(...r);
    }
  },
  pick(x, y) {
    if (!P || x < P.l || x > P.r || y < P.t || y > P.b) return at;
    const i = clamp(Math.floor((x - P.l) / (P.r - P.l) * nx), 0, nx - 1), j = clamp(Math.floor((P.b - y) / (P.b - P.t) * ny), 0, ny - 1);
    return j * nx + i;
  },
  move(at, key) {
    if (at === null) return 0;
    const i = at % nx, j = Math.floor(at / nx);
    const [x, y] = {ArrowLeft: [i - 1, j], ArrowRight: [i + 1, j], ArrowUp: [i, j + 1], ArrowDown: [i, j - 1], Home: [0, j], End: [nx - 1, j]}[key];
    return clamp(y, 0, ny - 1) * nx + clamp(x, 0, nx - 1);
  },
  say(at) {
    const i = at % nx, j = Math.floor(at / nx), v = F.cells[j][i];
    const where = `${F.x.label} ${withUnit(F.x.values[i], F.x)}, ${F.y.label} ${withUnit(F.y.values[j], F.y)}`;
    const side = v !== null && F.bound.length ? `, bound by ${GROUPS[F.bound[j][i]]}` : '';
    return `${where}: ${F.value} ${withUnit(v, F)}${side}`;
  },
});
function short(v) { return typeof v === 'string' ? v : Number.isInteger(v) && Math.abs(v) < 1e6 ? v.toLocaleString('en') : tickText(+v.toPrecision(3)); }
function label(which, x, y) {
  const s = 'bound by ' + GROUPS[which], w = g.measureText(s).width + 12;
  x = Math.max(P.l + w / 2 + 2, Math.min(P.r - w / 2 - 2, x));
  g.fillStyle = 'rgba(0,0,0,.6)'; g.fillRect(x - w / 2, y - 10, w, 20);
  g.fillStyle = '#fff'; g.textAlign = 'center'; g.fillText(s, x, y + 4);
}
function borders(ink, width) {
  g.strokeStyle = ink; g.lineWidth = width; g.beginPath();
  for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) {
    if (i + 1 < nx && classOf(j, i) !== classOf(j, i + 1)) { g.moveTo(X(i + 1), Y(j)); g.lineTo(X(i + 1), Y(j + 1)); }
    if (j + 1 < ny && classOf(j, i) !== classOf(j + 1, i)) { g.moveTo(X(i), Y(j + 1)); g.lineTo(X(i + 1), Y(j + 1)); }
  }
  g.stroke();
}
