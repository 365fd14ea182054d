// All engines and tiles over time. uPlot has no bars with a start and an end; they are drawn in its hook, one bar a pixel
// column at most, so that 100,000 bars stay smooth; axes, zoom and cursor are uPlot's.
for (const run of DATA.runs) {
  const N = run.nodes, T = run.tasks, rows = run.tracks.map(() => []);
  T.start.forEach((_, i) => {
    const kind = T.engine[i], tiles = T.tiles[i], dsps = T.dsps[i];
    if (kind === 'dma0' || kind === 'dma1' || kind.startsWith('dma')) rows[run.track[kind]].push(i);
    else if (kind === 'mac_array') for (let t = 0; t < tiles; t++) rows[run.track['mac' + t]].push(i);
    else for (let t = 0; t < tiles; t++) for (let d = 0; d < dsps; d++) rows[run.track['dsp' + t + '.' + d]].push(i);
  });
  rows.forEach(r => r.sort((a, b) => T.start[a] - T.start[b]));
  const first = (r, t) => { let a = 0, b = r.length; while (a < b) { const m = (a + b) >> 1; T.start[r[m]] + T.time[r[m]] < t ? a = m + 1 : b = m; } return a; };
  let at = null, chain = false;
  const words = i => {
    const n = T.node[i], moved = T.bytes[i] ? `, ${nbytes(T.bytes[i])} ${T.from[i]} to ${T.to[i]}` : '';
    const told = n < 0 ? T.label[i] : `${N.name[n]} (${N.op[n]})`;
    const part = n >= 0 && T.label[i] && T.label[i] !== N.name[n] ? ` ${T.label[i]}` : '';
    const why = n >= 0 ? `; bound by ${N.bound[n]}${N.reason[n] ? ': ' + DATA.texts[N.reason[n]] : ''}` : '';
    return `${told}${part}: ${time(T.time[i])} from ${time(T.start[i])}${moved}${why}`;
  };
  const lane = (u, y) => clamp(Math.floor(y / u.over.clientHeight * rows.length), 0, rows.length - 1);
  const hit = (u, x, y) => { const r = rows[lane(u, y)], t = u.posToVal(x, 'x'), k = first(r, t); return k < r.length && T.start[r[k]] <= t ? r[k] : -1; };
  const u = chart(run.id, {
    linked: true,
    height: () => 46 + rows.length * (rows.length > 16 ? 19 : 25),
    scales: {x: {time: false, range: (u, lo, hi) => [lo ?? 0, hi ?? 1]}, y: {range: [0, rows.length]}},
    data: [[0, Math.max(DATA.span_us || 0, run.latency_us) || 1], [0, 0]],
    axes: [{values: (u, v) => tickTime(v, u.scales.x.max), space: 70, size: 26},
      {size: 86, splits: () => rows.map((_, k) => rows.length - k - .5), values: () => run.tracks, grid: {show: false}, ticks: {show: false}}],
    series: [{}, hidden],
    draw(u) {
      const g = u.ctx, {left, top, width, height} = u.bbox, ratio = devicePixelRatio || 1;
      const {min, max} = u.scales.x, scale = width / (max - min), h = height / rows.length, inks = DATA.colours.map(colour);
      g.beginPath(); g.rect(left, top, width, height); g.clip();
      g.font = `${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`; g.textBaseline = 'middle'; g.textAlign = 'left';
      rows.forEach((r, k) => {
        const y = top + k * h + 1.5 * ratio, tall = h - 3 * ratio;
        let end = -1;
        for (let j = first(r, min); j < r.length && T.start[r[j]] < max; j++) {
          const i = r[j], a = Math.max(left, left + (T.start[i] - min) * scale), z = Math.min(left + width, left + (T.start[i] + T.time[i] - min) * scale);
          if (z <= end && !(chain && T.path[i])) continue;
          const w = Math.max(1, z - a - (z - a > 4 * ratio ? ratio * .5 : 0));
          g.globalAlpha = chain && !T.path[i] ? .18 : 1;
          g.fillStyle = inks[T.node[i] < 0 ? 0 : DATA.colour_of[N.op[T.node[i]]] ?? inks.length - 1]; g.fillRect(a, y, w, tall); end = w <= 1 ? a + 1 : z;
          if (w > 52 * ratio && T.node[i] >= 0) {
            g.save(); g.beginPath(); g.rect(a, y, w - 3 * ratio, tall); g.clip();
            g.fillStyle = colour('paper'); g.fillText(N.name[T.node[i]].split('/').slice(-2).join('/'), a + 4 * ratio, y + tall / 2); g.restore();
          }
        }
      });
      g.globalAlpha = 1;
      if (at) {
        const i = rows[at[0]][at[1]], x = left + (T.start[i] - min) * scale;
        g.strokeStyle = colour('mark'); g.lineWidth = 2 * ratio; g.strokeRect(x, top + at[0] * h + 1, Math.max(2, T.time[i] * scale), h - 2);
      }
    },
    pick(u, x, y) { const i = hit(u, x, y); return i < 0 ? '' : words(i); },
    key(u, name) {
      if (name === 'Escape') { at = null; u.redraw(false); return ''; }
      if (!rows.some(r => r.length)) return '';
      let [k, j] = at || [rows.findIndex(r => r.length), -1];
      if (name === 'ArrowUp' || name === 'ArrowDown') {
        const t = j < 0 ? 0 : T.start[rows[k][j]], step = name === 'ArrowUp' ? -1 : 1;
        let next = k + step; while (rows[next] && !rows[next].length) next += step;
        if (rows[next]) { k = next; j = Math.min(first(rows[k], t), rows[k].length - 1); }
      } else j = {ArrowLeft: j - 1, ArrowRight: j + 1, Home: 0, End: rows[k].length - 1}[name];
      at = [k, clamp(j, 0, rows[k].length - 1)];
      const i = rows[at[0]][at[1]], {min, max} = u.scales.x, middle = T.start[i] + T.time[i] / 2;
      if (middle < min || middle > max) u.pan((middle - (min + max) / 2) / (max - min));
      u.redraw(false);
      return `${run.tracks[at[0]]}: ${words(i)}`;
    },
    csv: () => [['node', 'task', 'engine', 'start_us', 'duration_us', 'bytes', 'path_us'], ...T.start.map((s, i) => [T.node[i] < 0 ? '' : N.name[T.node[i]], T.label[i] || '', T.engine[i], s, T.time[i], T.bytes[i], T.path[i]])],
  });
  if (!u) continue;
  const box = element('input', {type: 'checkbox', onchange: e => { chain = e.target.checked; u.redraw(false); }});
  u.tools.append(element('label', {}, box, ' only what decides the end'));
}
