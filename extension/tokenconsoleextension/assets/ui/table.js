// Tables that sort, link and can be taken along.
import { html, useState } from '../lib/html.js';
import { Copies } from './copy.js';

// columns: {key, label, cell(row), value(row), number, wide: left out on a phone, sort: false, bare: not in copies, hidden: only there}
export function Table({ columns: given, rows, id, caption, order, url, data, what, empty, limit = 0, children }) {
  const columns = given.filter((c) => !c.hidden);
  const [sort, set] = useState(order || null); // '-key' from the greatest
  const [all, showAll] = useState(false);
  let sorted = rows;
  if (sort) {
    const down = sort.startsWith('-'), column = columns.find((c) => c.key === sort.replace(/^-/, ''));
    if (column) {
      const of = column.value || ((row) => row[column.key]);
      sorted = [...rows].sort((a, b) => {
        const x = of(a), y = of(b);
        if (x === y) return 0;
        if (x === null || x === undefined || x === '') return 1;
        if (y === null || y === undefined || y === '') return -1;
        return (x < y ? -1 : 1) * (down ? -1 : 1);
      });
    }
  }
  const shown = limit && !all ? sorted.slice(0, limit) : sorted;
  if (!rows.length && empty) return html`<p class="empty">${empty}</p>`;
  return html`<div class="tablebox">
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table class="data" role="table"><caption class="sr">${caption}</caption>
      <thead role="rowgroup"><tr role="row">${columns.map((c) => {
        const on = sort === c.key ? 'ascending' : sort === '-' + c.key ? 'descending' : undefined;
        const kind = (c.number ? 'number ' : '') + (c.wide ? 'wide ' : '') + (c.grow ? 'grow' : '');
        if (c.sort === false || !(c.value || c.key)) return html`<th key=${c.key || c.label} scope="col" role="columnheader" class=${kind + ' still'}>${c.label}</th>`;
        return html`<th key=${c.key} scope="col" role="columnheader" class=${kind} aria-sort=${on}><button type="button" onClick=${() => set(on === 'descending' ? c.key : on === 'ascending' ? '-' + c.key : c.number ? '-' + c.key : c.key)}>${c.label}<span class="arrow" aria-hidden="true">${on === 'descending' ? '↓' : on === 'ascending' ? '↑' : ''}</span></button></th>`;
      })}</tr></thead>
      <tbody role="rowgroup">${shown.map((row, i) => html`<tr key=${id ? id(row) : i} role="row" data-row>${columns.map((c) => html`<td key=${c.key || c.label} role="cell" data-label=${c.label} class=${(c.number ? 'number ' : '') + (c.wide ? 'wide ' : '') + (c.grow ? 'grow' : '')}>${c.cell ? c.cell(row) : c.value ? c.value(row) : row[c.key]}</td>`)}</tr>`)}</tbody>
    </table></div>
    <div class="under">${limit && rows.length > limit ? html`<button type="button" class="plain" onClick=${() => showAll(!all)}>${all ? 'Show fewer' : `Show all ${rows.length}`}</button>` : html`<span></span>`}${children}<${Copies} columns=${given} rows=${sorted} data=${data} url=${url} what=${what || caption} /></div>
  </div>`;
}
