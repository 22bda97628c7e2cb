import { html, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { subjects } from '../lib/url.js';
import { absolute, count, share } from '../lib/format.js';
import { A, Bar, Pane, Time } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { over } from '../ui/range.js';
import { tokenLink, link } from '../lib/url.js';
import { Table } from '../ui/table.js';

export const title = () => 'Capacity';

export function View({ query }) {
  const params = useMemo(() => over(query, '-30d'), [query.toString()]);
  const url = address('capacity', params), answer = useAnswer(url);
  const columns = [
    { key: 'key', label: 'token or route', grow: true, value: (r) => r.label || r.key, cell: (r) => html`<${A} class="clip" data-j href=${/^tok_/.test(r.key) ? tokenLink(r.key) : link('/explore', { route: r.key, group: 'token' })}>${r.label || r.key}<//>` },
    { key: 'now', label: 'now', number: true, cell: (r) => count(r.now) },
    { key: 'limit', label: 'limit', number: true, cell: (r) => count(r.limit) },
    { key: 'used', label: 'used', number: true, wide: true, value: (r) => (r.limit ? r.now / r.limit : null), cell: (r) => (r.limit ? html`${share(r.now / r.limit)} <${Bar} part=${r.now / r.limit} />` : '') },
    { key: 'slope_per_day', label: 'trend a day', number: true, cell: (r) => html`<span aria-hidden="true">${r.slope_per_day > 0 ? '↗' : r.slope_per_day < 0 ? '↘' : '→'}</span> ${r.slope_per_day > 0 ? '+' : ''}${count(r.slope_per_day)}` },
    { key: 'reaches', label: 'reaches it', value: (r) => (r.reaches ? r.reaches.at : ''), cell: (r) => (r.now >= r.limit ? html`<b class="alarm">▲ reached</b>` : r.reaches ? html`<b><${Time} at=${r.reaches.at} /></b><div class="soft">${absolute(r.reaches.low).slice(0, 10)} – ${r.reaches.high && !r.reaches.high.startsWith('0001') ? absolute(r.reaches.high).slice(0, 10) : 'later'}</div>` : html`<span class="soft">not in sight</span>`) },
  ];
  return html`<div class="head"><h1>Capacity</h1><${Chips} query=${query} names=${subjects}><${Range} query=${query} initial="-30d" /><//></div>
    <p class="soft lead">When a token or a route reaches its limit if it goes on as it does, with the interval in which nine of ten such guesses come true.</p>
    <${Pane} answer=${answer} rows=${8}>${(data) => html`<${Table} columns=${columns} rows=${data.rows || []} id=${(r) => r.key} order="reaches" caption="Capacity" url=${url} limit=${50} empty="There is nothing to extrapolate yet: it takes seven days of use, and a limit: the tag quota of a token in the registry, or a route that slows down when it is busy." />`}<//>`;
}
