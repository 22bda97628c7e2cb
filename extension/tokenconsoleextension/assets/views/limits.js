import { html, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { change, go, subjects } from '../lib/url.js';
import { count, exact, share } from '../lib/format.js';
import { Pane } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { over } from '../ui/range.js';
import { Key, Route } from '../ui/keytoken.js';
import { Table } from '../ui/table.js';

export const title = () => 'Limits';

export function View({ query }) {
  const group = query.get('group') === 'route' ? 'route' : 'token', window = ['1m', '1h', '24h'].includes(query.get('window')) ? query.get('window') : '1m';
  const params = useMemo(() => { const p = over(query, '-30d'); p.set('group', group); p.set('window', window); return p; }, [query.toString()]);
  const url = address('limits', params), answer = useAnswer(url);
  const per = { '1m': 'minute', '1h': 'hour', '24h': 'day' }[window];
  const set = (changes) => go(change(changes), { keep: true });
  const columns = [
    group === 'token' ? { key: 'token', label: 'key', grow: true, value: (r) => r.label || r.hint || r.token || r.key, cell: (r) => html`<${Key} token=${r.token || r.key} label=${r.label || r.hint} />${r.owner ? html`<div class="second">${r.owner}</div>` : ''}` }
      : { key: 'route', label: 'route', grow: true, value: (r) => r.route || r.key, cell: (r) => html`<${Route} route=${r.route || r.key} />` },
    ...(['p50', 'p90', 'p99', 'max'].map((key) => ({ key, label: key, number: true, wide: key === 'p50' || key === 'p90', cell: (r) => count(r[key]) }))),
    { key: 'recommended', label: `recommended a ${per}`, number: true, cell: (r) => html`<b>${count(r.recommended)}</b>` },
    { key: 'would_refuse', label: 'would have refused', number: true, cell: (r) => html`<span title=${r.requests ? share(r.would_refuse / r.requests) + ' of its requests' : ''}>${exact(r.would_refuse)}</span>` },
    { key: 'requests', label: 'of requests', number: true, wide: true, cell: (r) => html`<span title=${exact(r.requests)}>${count(r.requests)}</span>` },
    { key: 'covered_days', label: 'days seen', number: true, wide: true, cell: (r) => exact(r.covered_days) },
  ];
  const exportUrl = (format) => { const p = new URLSearchParams(params); p.set('format', format); return '/api/v1/limits/export?' + p; };
  return html`<div class="head"><h1>Limits</h1><${Chips} query=${query} names=${subjects}><${Range} query=${query} initial="-30d" /><//></div>
    <p class="soft lead">What each ${group} really does in a ${per}, the rate limit that leaves it room, and how many requests that limit would have refused.</p>
    <div class="controls"><label><span class="soft">per</span><select value=${group} onChange=${(e) => set({ group: e.currentTarget.value === 'token' ? null : e.currentTarget.value })}><option value="token">token</option><option value="route">route</option></select></label>
      <label><span class="soft">window</span><select value=${window} onChange=${(e) => set({ window: e.currentTarget.value === '1m' ? null : e.currentTarget.value })}><option value="1m">a minute</option><option value="1h">an hour</option><option value="24h">a day</option></select></label>
      <span class="right"><span class="soft">config for</span> ${[['kong', 'Kong'], ['envoy', 'Envoy'], ['nginx', 'nginx']].map(([key, text]) => html`<a key=${key} href=${exportUrl(key)} download>${text}</a> `)}</span></div>
    <${Pane} answer=${answer} rows=${8}>${(data) => html`<${Table} columns=${columns} rows=${data.rows || []} id=${(r) => r.key} caption="Recommended limits" url=${url} limit=${50} empty="Nothing was used in this time, so there is nothing to limit." />`}<//>`;
}
