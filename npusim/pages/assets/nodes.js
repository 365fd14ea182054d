// The table of nodes: sorted by any column, filtered, searched; equal layers or the nodes of a layer as one row.
{
  const run = DATA.runs[0], N = run.nodes, body = $('nodes-body'), PAGE = 100, whole = run.latency_us;
  const NAMES = {mac_array: 'MAC', dsp: 'DSP', dma: 'DMA', none: '-'}, named = v => NAMES[v] || v;
  const columns = [['name', 'node', 0], ['op', 'op', 0], ['engine', 'on', 0], ['critical', 'time', 1], ['share', 'share', 1], ['busy', 'busy', 1], ['bytes', 'moved', 1], ['macs', 'MACs', 1], ['bound', 'bound', 0], ['source', 'source', 0]];
  let sort = 'critical', down = true, shown = PAGE;
  const open = new Set();
  const single = i => ({name: N.name[i], op: N.op[i], engine: named(N.engine[i]), critical: N.critical[i], share: N.critical[i], busy: N.busy[i], bytes: N.bytes[i], macs: N.macs[i], bound: named(N.bound[i]), source: N.source[i], members: [i]});
  function grouped(members, name) {
    const rows = members.map(single), one = key => { const all = [...new Set(rows.map(r => r[key]))]; return all.length === 1 ? all[0] : all.slice(0, 3).join(', ') + (all.length > 3 ? ', ...' : ''); };
    const sum = key => rows.reduce((s, r) => s + r[key], 0);
    return {name: rows.length > 1 ? `${rows.length}\u00a0×\u00a0${name}` : name, op: one('op'), engine: one('engine'), critical: sum('critical'), share: sum('critical'), busy: sum('busy'), bytes: sum('bytes'), macs: sum('macs'), bound: one('bound'), source: one('source'), members, key: name + members[0]};
  }
  function rows() {
    const words = $('search').value.trim().toLowerCase(), engine = $('on').value, bound = $('bound').value, by = $('rows').value;
    const kept = [...N.name.keys()].filter(i => (!engine || N.engine[i] === engine) && (!bound || N.bound[i] === bound)
      && (!words || `${N.name[i]}\n${N.op[i]}\n${N.reason[i] ? DATA.texts[N.reason[i]] : ''}\n${N.fused[i] || ''}`.toLowerCase().includes(words)));
    let found;
    if (by === 'node') found = kept.map(single);
    else {
      const groups = new Map();
      for (const i of kept) { const key = by === 'layer' ? DATA.texts[N.layer[i]] : N.group[i]; groups.has(key) ? groups.get(key).push(i) : groups.set(key, [i]); }
      found = [...groups].map(([key, members]) => grouped(members, by === 'layer' ? key : members.length > 1 ? DATA.texts[run.groups[key]] : N.name[members[0]]));
    }
    const order = down ? -1 : 1;
    return [found.sort((a, b) => order * (typeof a[sort] === 'string' ? a[sort].localeCompare(b[sort], 'en', {numeric: true}) : a[sort] - b[sort])), kept.length];
  }
  const cells = r => [r.op, r.engine, time(r.critical), share(r.share, whole), time(r.busy), nbytes(r.bytes), r.macs ? scaled(r.macs).trim() : '', r.bound, r.source];
  function line(r, inner) {
    const key = r.key || r.name, button = element('button', {type: 'button', 'aria-expanded': String(open.has(key)), onclick: () => { open.has(key) ? open.delete(key) : open.add(key); draw(); }}, (inner ? '\u2003' : '') + r.name);
    const head = element('th', {scope: 'row'}, inner ? element('span', {}, '\u2003' + r.name) : button);
    return element('tr', {}, head, ...cells(r).map((c, k) => element('td', columns[k + 1][2] ? {class: 'num'} : {}, c)));
  }
  function detail(i) {
    const told = [['why', N.reason[i] ? DATA.texts[N.reason[i]] : 'no reason given'], ['lowering', N.lowering[i]], ['split', `${N.split[i] || 'none'} over ${N.tiles[i]} tile${N.tiles[i] === 1 ? '' : 's'}, ${N.pieces[i]} piece${N.pieces[i] === 1 ? '' : 's'}${N.repeats[i] > 1 ? `, runs ${N.repeats[i]} times` : ''}`],
      ['span', `${time(N.start[i])} to ${time(N.start[i] + N.span[i])}`], ['scratchpad', N.held[i] ? nbytes(N.held[i]) + ' held' : ''], ['fused', N.fused[i]], ['replaces', N.origin[i]]];
    return element('tr', {class: 'more'}, element('td', {colSpan: columns.length}, ...told.filter(t => t[1]).map(([k, v]) => element('div', {}, element('b', {}, k + ' '), v))));
  }
  function draw() {
    const [found, count] = rows(), out = document.createDocumentFragment();
    for (const r of found.slice(0, shown)) {
      out.append(line(r));
      if (!open.has(r.key || r.name)) continue;
      out.append(detail(r.members[0]));
      if (r.members.length > 1) r.members.slice(0, 50).forEach(i => out.append(line(single(i), true)));
      if (r.members.length > 50) out.append(element('tr', {class: 'more'}, element('td', {colSpan: columns.length}, `and ${r.members.length - 50} more; search, or show every node`)));
    }
    body.replaceChildren(out);
    $('nodes-count').textContent = `${Math.min(shown, found.length)} of ${found.length} rows, ${count} of ${N.name.length} nodes`;
    $('nodes-more').hidden = found.length <= shown;
    document.querySelectorAll('#nodes-table thead th').forEach((th, k) => columns[k][0] === sort ? th.setAttribute('aria-sort', down ? 'descending' : 'ascending') : th.removeAttribute('aria-sort'));
  }
  if (body) {
    const again = () => { shown = PAGE; draw(); };
    document.querySelectorAll('#nodes-table thead button').forEach((b, k) => { b.onclick = () => { const key = columns[k][0]; down = key === sort ? !down : columns[k][2] === 1; sort = key; again(); }; });
    for (const id of ['search', 'on', 'bound', 'rows']) $(id).addEventListener('input', again);
    $('nodes-more').onclick = () => { shown += 10 * PAGE; draw(); };
    $('nodes-csv').onclick = () => saveCsv('nodes.csv', [columns.map(c => c[0]), ...N.name.map((_, i) => { const r = single(i); return columns.map(c => c[0] === 'share' ? r.critical / (whole || 1) : r[c[0]]); })]);
    draw();
  }
}
