import { html, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { count, exact, seconds, share } from '../lib/format.js';
import { Bar, Empty, Pane, Time } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { over } from '../ui/range.js';
import { Key, Owner, Route, idOf, nameOf, ownerName } from '../ui/keytoken.js';
import { Scatter } from '../ui/scatter.js';
import { Spark } from '../ui/strip.js';
import { Table } from '../ui/table.js';

export const title = () => 'Routes';

const howMany = (o) => (Array.isArray(o) ? o.length : o);

export function View({ query }) {
  const params = useMemo(() => over(query, '-7d'), [query.toString()]);
  const url = address('routes', params), answer = useAnswer(url);
  return html`<div class="head"><h1>Routes</h1><${Chips} query=${query} names=${['route', 'environment', 'direction']}><${Range} query=${query} initial="-7d" /><//></div>
    <${Pane} answer=${answer} rows=${8}>${(data) => html`
      <section><div class="titled"><h2>Under stress</h2><span class="soft">p95 latency against request rate; the line is where it begins to suffer</span></div><${Stress} list=${data.stress || []} url=${url} /></section>
      <section><div class="titled"><h2>Where to invest</h2><span class="soft">owners × demand × errors × latency</span></div><${Table} columns=${invest} rows=${data.invest || []} order="-score" id=${(r) => r.route} caption="Where to invest" url=${url} limit=${15} empty="No route was used in this time." /></section>
      <section><div class="titled"><h2>Adoption</h2><span class="soft">routes that are new, and who takes them up</span></div><${Table} columns=${adoption} rows=${data.adoption || []} order="-first" id=${(r) => r.route} caption="Adoption of new routes" url=${url} limit=${15} empty="No route is new in this time." /></section>
      <section><div class="titled"><h2>Deprecated, and still called</h2></div><${Deprecated} list=${data.deprecated || []} url=${url} /></section>`}<//>`;
}

function Stress({ list, url }) {
  if (!list.length) return html`<${Empty}>No route slows down when it is busy.<//>`;
  return html`<div class="multiples">${list.map((r) => html`<figure key=${r.route}><figcaption><${Route} route=${r.route} /></figcaption>
    <${Scatter} points=${r.points || []} threshold=${r.threshold_rate} label=${`${r.route}: p95 against requests a minute${r.threshold_rate ? ', suffers from ' + count(r.threshold_rate) + ' a minute on' : ''}`} />
    <p>${r.threshold_rate ? html`suffers from <b>${count(r.threshold_rate)}</b>/min on` : html`<span class="soft">no limit in sight</span>`}</p>
    <ul class="plainlist">${(r.tokens || []).slice(0, 3).map((t) => html`<li key=${idOf(t.token)}><${Key} token=${t.token} label=${t.label || t.hint} /> <span class="soft">${share(t.share)} of it</span></li>`)}</ul>
    <details class="numbers"><summary>In numbers</summary><div class="scroll tall" tabindex="0" role="region" aria-label=${r.route + ' in numbers'}><table><thead><tr><th scope="col" class="number">a minute</th><th scope="col" class="number">p95</th></tr></thead><tbody>${(r.points || []).slice(0, 200).map((q, i) => html`<tr key=${i}><td class="number">${count(q.rate)}</td><td class="number">${seconds(q.p95)}</td></tr>`)}</tbody></table></div></details></figure>`)}</div>`;
}

const invest = [
  { key: 'route', label: 'route', grow: true, cell: (r) => html`<${Route} route=${r.route} />` },
  { key: 'score', label: 'worth', number: true, cell: (r) => html`${count(r.score)} <${Bar} part=${r.score > 1 ? 1 : r.score} />` },
  { key: 'owners', label: 'owners', number: true, value: (r) => howMany(r.owners), cell: (r) => exact(howMany(r.owners)) },
  { key: 'requests', label: 'requests', number: true, cell: (r) => html`<span title=${exact(r.requests)}>${count(r.requests)}</span>` },
  { key: 'error_rate', label: 'errors', number: true, cell: (r) => share(r.error_rate) },
  { key: 'p95', label: 'p95', number: true, cell: (r) => seconds(r.p95) },
];
const adoption = [
  { key: 'route', label: 'route', grow: true, cell: (r) => html`<${Route} route=${r.route} />` },
  { key: 'first', label: 'first seen', cell: (r) => html`<${Time} at=${r.first} />` },
  { key: 'owners', label: 'owners', number: true, value: (r) => howMany(r.owners), cell: (r) => exact(howMany(r.owners)) },
  { key: 'series', label: 'requests over time', sort: false, bare: true, cell: (r) => html`<${Spark} points=${((r.series || {}).points || []).map((v) => v || 0)} width=${200} label=${r.route + ' over time'} />` },
];

function Deprecated({ list, url }) {
  if (!list.length) return html`<${Empty}>No deprecated route is called any more, or none is listed in the configuration.<//>`;
  const rows = list.flatMap((r) => (r.callers || []).map((c) => ({ ...c, route: r.route, since: r.since })));
  const columns = [
    { key: 'route', label: 'route', grow: true, cell: (r) => html`<${Route} route=${r.route} /><div class="soft">deprecated <${Time} at=${r.since} /></div>` },
    { key: 'token', label: 'key', value: (r) => nameOf(r.token, r.hint), cell: (r) => html`<${Key} token=${r.token} label=${r.hint} />` },
    { key: 'owner', label: 'owner', value: (r) => ownerName(r.owner), cell: (r) => html`<${Owner} owner=${r.owner} />` },
    { key: 'requests', label: 'requests', number: true, cell: (r) => exact(r.requests) },
    { key: 'last', label: 'last', cell: (r) => html`<${Time} at=${r.last} />` },
  ];
  return html`<${Table} columns=${columns} rows=${rows} order="-requests" id=${(r) => r.route + idOf(r.token)} caption="Callers of deprecated routes" url=${url} limit=${30} />`;
}
