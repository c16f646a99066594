// Measures the page that it was put into, and leaves what it found in the page as JSON.
addEventListener('load', () => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      const [, , , alpha] = channels(color);
      if (alpha === undefined || alpha > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const pale = [];
  let texts = 0;
  let overlong = [];
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  for (const e of document.body.querySelectorAll('*')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || e.closest('script, style, .hidden, .skip') || !e.getClientRects().length) continue;
    texts += 1;
    const style = getComputedStyle(e);
    const ink = e.namespaceURI.endsWith('svg') ? style.fill : style.color;
    const [a, b] = [luminance(ink), luminance(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) pale.push(`${ratio.toFixed(2)} ${e.tagName} ${e.className.baseVal ?? e.className}: ${e.textContent.slice(0, 40)}`);
    if (e.tagName === 'text') {
      const box = e.getBBox();
      const view = e.ownerSVGElement.viewBox.baseVal;
      if (box.x < -1 || box.x + box.width > view.width + 1 || box.y < -1 || box.y + box.height > view.height + 1) overlong.push(e.textContent);
    }
  }
  // Texts of one line of a chart must not run into one another.
  for (const chart of document.querySelectorAll('svg.chart')) {
    const boxes = [...chart.querySelectorAll('text')].map((t) => [t.getBBox(), t.textContent]);
    boxes.forEach(([a, x], i) => boxes.slice(i + 1).forEach(([b, y]) => {
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y + 3 < b.y + b.height && b.y + 3 < a.y + a.height) overlong.push(`${x} | ${y}`);
    }));
  }
  const nameless = [...document.querySelectorAll('svg')]
    .filter((s) => s.getAttribute('aria-hidden') !== 'true' && !s.getAttribute('aria-label')).length;
  const tables = [...document.querySelectorAll('table')];
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  const table = [...document.querySelectorAll('table.data')].find((t) => t.rows.length > 11);
  const column = (at) => [...table.tBodies[0].rows].map((r) => r.cells[at].textContent.trim());
  let sorted = null;
  let filtered = null;
  if (table) {
    const before = column(0);
    const button = table.tHead.rows[0].cells[0].querySelector('button');
    button.click();
    const up = column(0);
    button.click();
    const down = column(0);
    sorted = { before, up, down, said: table.tHead.rows[0].cells[0].getAttribute('aria-sort') };
    const input = table.parentElement.previousElementSibling.querySelector('input');
    input.value = before[0];
    input.dispatchEvent(new Event('input'));
    filtered = {
      wanted: before[0],
      shown: [...table.tBodies[0].rows].filter((r) => !r.hidden).map((r) => r.textContent),
      said: input.parentElement.textContent,
    };
  }
  const found = {
    width: innerWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    scroll: document.documentElement.scrollWidth,
    resources: performance.getEntriesByType('resource').map((r) => r.name),
    wide: [...document.body.querySelectorAll('*')]
      .filter((e) => !e.closest('.scroll, .skip, .hidden, thead') && e.getBoundingClientRect().right > innerWidth + 1)
      .map((e) => `${e.tagName} ${e.className.baseVal ?? e.className}: ${e.textContent.slice(0, 40)}`),
    texts, pale, overlong, nameless, sorted, filtered,
    uncaptioned: tables.filter((t) => !t.caption).length,
    unscoped: [...document.querySelectorAll('th:not([scope])')].length,
    doubled: ids.filter((id, at) => ids.indexOf(id) !== at),
    dead: [...document.querySelectorAll('a[href^="#"]')].filter((a) => !document.getElementById(a.hash.slice(1))).length,
    landmarks: ['header', 'main', 'footer', 'h1'].map((tag) => document.querySelectorAll(`body > ${tag}, h1:is(${tag})`).length),
  };
  const pre = document.createElement('pre');
  pre.id = 'probe';
  pre.textContent = JSON.stringify(found).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
  parent.document.body.append(pre);
});
