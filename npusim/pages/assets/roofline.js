// Work a second over work a byte of DDR, both logarithmic, under the roofs of MAC arrays, DSPs and DDR.
{
  const run = DATA.runs[0], N = run.nodes, P = run.peaks, points = [];
  N.name.forEach((name, i) => {
    const mac = N.engine[i] === 'mac_array', work = mac ? N.macs[i] : N.engine[i] === 'dsp' ? N.elements[i] : 0;
    if (!work || !N.busy[i]) return;
    points.push({i, mac, work, x: N.bytes[i] ? work / N.bytes[i] : Infinity, y: work / N.busy[i] * 1e6});
  });
  if (points.length && P.macs) {
    const near = points.map(p => p.x).filter(Number.isFinite), top = P.macs * 1e6, slope = P.ddr_bytes * 1e6;
    const decade = (v, up) => 10 ** (up ? Math.ceil : Math.floor)(Math.log10(v)), high = decade(top * 1.5, true);
    const lo = decade(Math.min(.1, ...near)), hi = decade(Math.max(top / slope * 4, ...near) * 3, true), low = decade(Math.min(P.dsp_elements * 1e6, ...points.map(p => p.y)) / 1.5);
    const shown = p => Math.min(p.x, hi / 1.6);
    const say = p => `${N.name[p.i]} (${N.op[p.i]}): ${scaled(p.y)}${p.mac ? 'MAC' : 'elements'}/s, ${share(p.y, (p.mac ? P.macs : P.dsp_elements) * 1e6)} of the ${p.mac ? 'MAC arrays' : 'DSPs'}; ` + (Number.isFinite(p.x) ? `${digits(p.x)} a byte of DDR` : 'nothing from or to DDR');
    const plainScaled = v => { const e = clamp(Math.floor(Math.log10(v * 1.0001) / 3), 0, 5); return +(v / 1000 ** e).toPrecision(3) + ['', ' K', ' M', ' G', ' T', ' P'][e]; };
    let at = -1;
    const order = [...points].sort((a, b) => N.critical[b.i] - N.critical[a.i]), most = Math.max(...N.critical, 1e-9);
    chart('roofline-chart', {cross: true, height: w => Math.round(clamp(w * .5, 320, 520)),
      scales: {x: {time: false, distr: 3, range: (u, a, b) => [a ?? lo, b ?? hi]}, y: {distr: 3, range: (u, a, b) => [a ?? low, b ?? high]}},
      data: [[lo, hi], [low, high]], series: [{}, hidden],
      axes: [{label: 'operations a byte of DDR traffic', values: (u, v) => v.map(x => x === null ? '' : x.toLocaleString('en', {maximumSignificantDigits: 3}))}, {size: 78, values: (u, v) => v.map(x => x === null ? '' : plainScaled(x))}],
      draw(u) {
        const g = u.ctx, ratio = devicePixelRatio || 1, X = v => u.valToPos(v, 'x', true), Y = v => u.valToPos(v, 'y', true), {left, top: t, width, height} = u.bbox;
        g.beginPath(); g.rect(left, t, width, height); g.clip(); g.font = `${12 * ratio}px system-ui, "DejaVu Sans", sans-serif`; g.lineWidth = 1.6 * ratio;
        for (const [roof, name, ink] of [[top, `MAC arrays ${scaled(top)}MAC/s`, 'g0'], [P.dsp_elements * 1e6, `DSPs ${scaled(P.dsp_elements * 1e6)}elements/s`, 'g1']]) {
          g.strokeStyle = g.fillStyle = colour(ink); g.beginPath(); g.moveTo(X(roof / slope), Y(roof)); g.lineTo(X(hi), Y(roof)); g.stroke();
          g.textAlign = 'right'; g.fillText(name, left + width - 8 * ratio, Y(roof) - 6 * ratio);
        }
        g.strokeStyle = g.fillStyle = colour('g2'); g.beginPath(); g.moveTo(X(lo), Y(lo * slope)); g.lineTo(X(top / slope), Y(top)); g.stroke();
        g.textAlign = 'left'; g.fillText(`DDR ${digits(P.ddr_bytes * 1e-3)} GB/s`, X(Math.max(lo, low * 2 / slope)) + 10 * ratio, Y(Math.max(lo, low * 2 / slope) * slope) + 4 * ratio);
        for (const p of points) {
          const r = (2.5 + 9 * Math.sqrt(N.critical[p.i] / most)) * ratio, x = X(shown(p)), y = Y(p.y);
          g.globalAlpha = .62; g.fillStyle = colour(p.mac ? 'g0' : 'g1'); g.beginPath(); p.mac ? g.arc(x, y, r, 0, 7) : g.rect(x - r * .85, y - r * .85, 1.7 * r, 1.7 * r); g.fill();
        }
        g.globalAlpha = 1;
        if (at >= 0) { const p = order[at]; g.strokeStyle = colour('mark'); g.lineWidth = 2 * ratio; g.beginPath(); g.arc(X(shown(p)), Y(p.y), 11 * ratio, 0, 7); g.stroke(); }
      },
      pick(u, x, y) {
        let best = null, distance = 18 ** 2;
        for (const p of points) { const d = (u.valToPos(shown(p), 'x') - x) ** 2 + (u.valToPos(p.y, 'y') - y) ** 2; if (d < distance) { distance = d; best = p; } }
        return best ? say(best) : '';
      },
      key(u, name) {
        at = name === 'Escape' ? -1 : clamp({ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: order.length - 1}[name], 0, order.length - 1);
        u.redraw(false); return at < 0 ? '' : say(order[at]);
      },
      csv: () => [['node', 'op', 'work', 'per_byte', 'per_s'], ...points.map(p => [N.name[p.i], N.op[p.i], p.work, Number.isFinite(p.x) ? p.x : '', p.y])]});
  }
}
