(() => {
  'use strict';
  const text = (row, at) => {
    const cell = row.cells[at];
    return cell ? (cell.dataset.s ?? cell.textContent.trim()) : '';
  };
  const number = (value) => {
    const plain = value.replace(/,/g, '');
    return /^[-+]?\d+(\.\d+)?( |$)/.test(plain) ? parseFloat(plain) : null;
  };
  const empty = (value) => value === '' || value === '-';
  const compare = (a, b) => {
    const [m, n] = [number(a), number(b)];
    return m !== null && n !== null ? m - n : a.localeCompare(b, 'en', { numeric: true });
  };

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    heads.forEach((head, at) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const sorted = [...body.rows].sort((a, b) => {
          const [x, y] = [text(a, at), text(b, at)];
          // What has no value stays last, whichever way the others stand.
          if (empty(x) || empty(y)) return empty(x) - empty(y);
          return down ? compare(y, x) : compare(x, y);
        });
        body.append(...sorted);
      });
    });
  };

  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 11) return;
    const label = document.createElement('label');
    const input = document.createElement('input');
    const told = document.createElement('span');
    input.type = 'search';
    told.setAttribute('role', 'status');
    label.append('Filter ', input);
    label.className = 'filter';
    const name = table.caption.textContent;
    input.setAttribute('aria-label', `Filter: ${name}`);
    label.append(told);
    table.parentElement.before(label);
    input.addEventListener('input', () => {
      const wanted = input.value.trim().toLowerCase();
      let shown = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        shown += !row.hidden;
      }
      told.textContent = wanted ? `${shown} of ${rows.length}` : '';
    });
  };

  for (const table of document.querySelectorAll('table.data')) {
    sortable(table);
    filterable(table);
  }

  // What is folded away on the screen is printed.
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('details:not([open])')];
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener('afterprint', () => closed.forEach((details) => { details.open = false; }));
})();
