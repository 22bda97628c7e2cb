import { html, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { subjects } from '../lib/url.js';
import { count, exact, money, share } from '../lib/format.js';
import { Bar, Pane } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { over } from '../ui/range.js';
import { Owner } from '../ui/keytoken.js';
import { Table } from '../ui/table.js';

export const title = () => 'Plans';

export function View({ query }) {
  const params = useMemo(() => over(query, '-30d'), [query.toString()]);
  const url = address('plans', params), answer = useAnswer(url);
  const totalOf = (t) => (t && typeof t === 'object' ? t.requests : t);
  const columns = [
    { key: 'owner', label: 'owner', grow: true, value: (r) => r.owner_name || r.owner, cell: (r) => html`<${Owner} owner=${r.owner && { id: r.owner, name: r.owner_name }} />` },
    { key: 'plan', label: 'plan', cell: (r) => r.plan || html`<span class="soft">none</span>` },
    { key: 'requests', label: 'requests', number: true, cell: (r) => exact(r.requests) },
    { key: 'quota', label: 'quota', number: true, wide: true, cell: (r) => (r.quota ? exact(r.quota) : html`<span class="soft">none</span>`) },
    { key: 'used_share', label: 'used', number: true, cell: (r) => (r.quota ? html`<span class=${r.alert && r.alert !== 'none' ? 'alarm' : ''}>${String(r.alert) === '100' ? '◆ ' : String(r.alert) === '80' ? '▲ ' : ''}${share(r.used_share)}</span> <${Bar} part=${r.used_share} />` : '') },
    { key: 'units', label: 'units', wide: true, sort: false, value: (r) => JSON.stringify(r.units || {}), cell: (r) => Object.entries(r.units || {}).map(([unit, n]) => html`<span key=${unit}>${count(n)} <span class="soft">${unit.replace(/_/g, ' ')}</span> </span>`) },
    { key: 'cost', label: 'cost', number: true, wide: true, cell: (r) => (r.cost ? money(r.cost, r.currency) : '') },
  ];
  return html`<div class="head"><h1>Plans</h1><${Chips} query=${query} names=${subjects}><${Range} query=${query} initial="-30d" /><//></div>
    <p class="soft lead">Usage by owner, to the last request: what an invoice can be written from. ▲ from 80 % of the quota, ◆ from 100 %. Plan and quota are the tags <code>plan</code> and <code>quota</code> of tokens in the registry; a quota is of an owner's requests in a calendar month.</p>
    <${Pane} answer=${answer} rows=${8}>${(data) => html`<${Table} columns=${columns} rows=${data.rows || []} order="-requests" id=${(r) => r.owner + '/' + r.plan} caption="Usage by owner and plan" url=${url} limit=${100} empty="Nothing was used in this time."><span>together <b>${exact(totalOf(data.total))}</b> requests</span><//>`}<//>`;
}
