// Tables that stand in the page already: sorted by a click on a header, filtered by a search above them.
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0], lines = [...body.rows], box = table.closest('.scroll');
  const value = (row, k) => row.cells[k].dataset.v !== undefined ? +row.cells[k].dataset.v : row.cells[k].textContent;
  [...table.tHead.rows[0].cells].forEach((head, k) => {
    const button = element('button', {type: 'button'}, head.textContent);
    head.replaceChildren(button);
    button.onclick = () => {
      const down = head.getAttribute('aria-sort') !== 'descending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const order = down ? -1 : 1;
      body.append(...lines.sort((a, b) => { const x = value(a, k), y = value(b, k); return order * (typeof x === 'number' ? x - y : x.localeCompare(y, 'en', {numeric: true})); }));
    };
  });
  const count = element('span', {role: 'status'}, `${lines.length} rows`), search = element('input', {type: 'search', placeholder: 'search', 'aria-label': 'Search the table'});
  search.oninput = () => {
    const words = search.value.trim().toLowerCase();
    lines.forEach(row => { row.hidden = !row.textContent.toLowerCase().includes(words); });
    count.textContent = `${lines.filter(row => !row.hidden).length} of ${lines.length} rows`;
  };
  const save = element('button', {type: 'button', onclick: () => saveCsv('table.csv', [[...table.tHead.rows[0].cells].map(c => c.textContent), ...lines.map(r => [...r.cells].map((c, k) => value(r, k)))])}, 'CSV');
  box.before(element('div', {class: 'tools'}, search, save, count));
}
