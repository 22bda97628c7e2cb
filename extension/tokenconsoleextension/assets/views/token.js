import { html, useContext, useEffect, useMemo, useState } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { anomalyLink, change, go, link, timeOf, tokenLink } from '../lib/url.js';
import { absolute, count, country, duration, exact, parse, share, times } from '../lib/format.js';
import { detector } from '../lib/words.js';
import * as live from '../lib/live.js';
import { A, Bars, Country, Empty, Meter, Pane, Severity, State, Time } from '../ui/bits.js';
import { Range } from '../ui/filters.js';
import { BeatTable, Heartbeat } from '../ui/heartbeat.js';
import { Heatmaps } from '../ui/heatmap.js';
import { Table } from '../ui/table.js';
import { Copies, CopyButton } from '../ui/copy.js';
import { Contributions } from '../ui/contributions.js';
import { Feedback } from '../ui/feedback.js';
import { lastUse } from '../ui/lastuse.js';
import { Audit, Response } from '../ui/response.js';
import { Me, Traces } from '../ui/traces.js';

export const title = () => 'Token';

export function View({ query, id }) {
  const params = useMemo(() => timeOf(query), [query.toString()]);
  const path = 'tokens/' + encodeURIComponent(id);
  const [again, setAgain] = useState(0);
  const answer = useAnswer(address(path, params), { every: 20_000, again });
  const beatUrl = address(path + '/heartbeat', params), beat = useAnswer(beatUrl, { every: 20_000, again });
  const habitsUrl = address(path + '/habits', params), habits = useAnswer(habitsUrl, { again });
  const [fresh, setFresh] = useState(null);
  useEffect(() => live.on('token', (t) => { if (t.id === id) setFresh(t); }), [id]);
  live.useSecond(2);
  return html`<${Pane} answer=${answer} rows=${6} name="Token">${(data) => {
    const token = { ...data.token, ...fresh }, use = token.last_use || {};
    document.title = (token.hint || id) + ' – Holter';
    return html`
      <${Head} data=${data} id=${id} query=${query} />
      <${Sentence} data=${data} />
      <div class="facts"><${Facts} token=${token} use=${use} /></div>
      <section aria-label="Heartbeat"><div class="titled"><h2>Heartbeat</h2><${Range} query=${query} /></div>
        <${Pane} answer=${beat} rows=${6}>${(b) => html`<${Beat} b=${b} query=${query} url=${beatUrl} />`}<//></section>
      <${Act} token=${token} anomalies=${data.anomalies || []} done=${() => setAgain((n) => n + 1)} />
      <${Response} token=${id} />
      <section><div class="titled"><h2>Anomalies</h2>${(data.anomalies || []).length ? html`<${A} href=${link('/anomalies', { token: id })}>all of this token<//>` : ''}</div><${Anomalies} list=${data.anomalies || []} /></section>
      <${Pane} answer=${habits} rows=${8}>${(h) => html`<${Habits} h=${h} url=${habitsUrl} id=${id} />`}<//>
      <${Releases} list=${data.releases || []} />
      <section aria-label="Audit"><details><summary>Audit: who did what about this token</summary><${Audit} token=${id} /></details></section>
      <${Siblings} list=${data.siblings || []} token=${token} />`;
  }}<//>`;
}

// Whose is it?
function Head({ data, id }) {
  const t = data.token || {}, owner = t.owner_name || t.owner_id;
  return html`<div class="head token-head"><div><h1>${t.hint || id}${t.environment === 'holter-demo' ? html`<span class="demo">demo</span>` : ''}</h1>
    <p class="lead">${owner ? html`of <${A} href=${link('/explore', { owner: t.owner_id || owner })}><b>${owner}</b><//>${t.owner_type ? html` <span class="soft">(${t.owner_type})</span>` : ''}${t.owner_team ? html`, team <${A} href=${link('/explore', { team: t.owner_team })}>${t.owner_team}<//>` : ''}` : html`Nobody is known to own it. <${A} href=${link('/hygiene')}>Who might?<//>`}</p></div>
    <div class="ids"><code>${id}</code> <${CopyButton} text=${id} label="copy" what="token id" /></div></div>`;
}

// Is it all right now; what changed, since when, with which release?
function Sentence({ data }) {
  const weighed = live.evidenceOf((data.token || {}).id) || data.evidence || (data.token || {}).evidence || {};
  return html`<div class=${'verdict v-' + (data.state || '')}><${State} name=${data.state} /><p>${data.sentence}</p><${Meter} ...${weighed} wide /></div>`;
}

function Facts({ token, use }) {
  const tags = Object.entries(token.tags || {}), at = lastUse(token.id, use.at);
  const expires = parse(token.expires_at);
  const facts = [
    ['last used', html`<${Time} at=${at} fine />`],
    ['from', use.country || use.network ? html`${use.country ? html`${country(use.country)}, ` : ''}<span>${use.network || ''}</span>` : null],
    ['by', use.client], ['on', use.route], ['release', use.service ? [use.service, use.version].filter(Boolean).join(' ') : null], ['trace', use.trace ? html`<${Traces} id=${use.trace} />` : null],
    ['first seen', html`<${Time} at=${token.first_seen} />`],
    ['requests ever', exact(token.requests)],
    ['kind', [...new Set([token.type, token.format].filter(Boolean))].join(', ')], ['status', token.status], ['direction', token.direction === 'outbound' ? 'outbound: your services use it elsewhere' : token.direction],
    ['environment', token.environment], ['registry id', token.registry_id], ['expires', expires ? html`<${Time} at=${expires} />` : null],
    ['scopes', (token.scopes || []).join(', ')], ['tags', tags.length ? tags.map(([k, v]) => html`<${A} key=${k} class="tag" href=${link('/explore', { tag: k + ':' + v })}>${k}: ${v}<//> `) : null],
  ].filter(([, value]) => value);
  return html`<dl class="pairs">${facts.map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Beat({ b, query, url }) {
  const data = { from: Date.parse(b.from), step: duration(b.step), requests: (b.requests || []).map((v) => v || 0), errors: b.errors, low: b.low, high: b.high, p95: b.p95 && b.p95.some((v) => v) ? b.p95 : null, marks: b.marks };
  const zoom = (a, z) => go(change({ from: new Date(a).toISOString().replace('.000Z', 'Z'), to: new Date(z).toISOString().replace('.000Z', 'Z') }), { keep: true });
  const rows = data.requests.map((v, i) => ({ from: new Date(data.from + i * data.step).toISOString(), requests: v, errors: (data.errors || [])[i], low: (data.low || [])[i], high: (data.high || [])[i], p95: (data.p95 || [])[i] }));
  const columns = ['from', 'requests', 'errors', 'low', 'high', 'p95'].map((key) => ({ key, label: key }));
  return html`<${Heartbeat} data=${data} height=${168} label="Heartbeat" onZoom=${zoom} onOut=${query.get('from') ? () => go(change({ from: null, to: null }), { keep: true }) : null} markLink=${(m) => (m.kind === 'anomaly' && m.id ? anomalyLink(m.id) : null)} />
    <div class="under"><${BeatTable} data=${data} /><${Copies} rows=${rows} columns=${columns} data=${b} url=${url} what="heartbeat" /></div>`;
}

// What can I do?
function Act({ token, anomalies, done }) {
  const me = useContext(Me), latest = anomalies[0];
  return html`<section class="act"><div class="titled"><h2>What you can do</h2></div><div class="deeds">
    ${latest ? html`<${Feedback} anomaly=${latest} done=${done} compact />` : html`<span class="soft">Nothing needs an answer.</span>`}
    <span class="right"><${A} href=${link('/explore', { token: token.id, group: 'route' })}>Explore its requests<//>
    ${latest ? html`<a href=${`/api/v1/anomalies/${encodeURIComponent(latest.id)}/incident.html`} download>Incident file</a>` : ''}
    <a href=${'/api/v1/export?' + new URLSearchParams([['what', 'usage'], ['format', 'csv'], ['token', token.id]])} download>Export its usage</a></span></div>
    ${(me.roles || []).includes('respond') || (me.roles || []).includes('admin') ? '' : html`<p class="soft">You may read. Answers need the role respond.</p>`}</section>`;
}

function Anomalies({ list }) {
  if (!list.length) return html`<${Empty}>None in this time.<//>`;
  return html`<ol class="events full">${list.slice(0, 10).map((e, i) => html`<li key=${e.id} data-row><div><${Severity} name=${e.severity} /> <${A} href=${anomalyLink(e.id)} data-j>${detector(e.name)}<//> <span class="soft"><${Time} at=${e.time} /></span></div><p>${e.sentence || e.body}</p>${e.contributions && e.contributions.length ? html`<details open=${i === 0}><summary>Why: ${e.contributions.length} contributions</summary><${Contributions} list=${e.contributions} event=${e} /></details>` : ''}</li>`)}</ol>`;
}

// Baseline beside now.
function Habits({ h, url, id }) {
  const v = h.volume, note = h.learning ? 'Still learning: a token is judged after five active days.' : `Learned from ${exact(h.requests)} requests on ${exact(h.days)} days.`;
  return html`<section><div class="titled"><h2>Normal life, and now</h2><span class="soft">${note}</span><span class="right"><${Copies} data=${h} rows=${[]} url=${url} what="habits" /></span></div>
    ${v ? html`<${Volume} v=${v} />` : ''}
    <${Heatmaps} baseline=${h.hours && h.hours.baseline} now=${h.hours && h.hours.now} />
    <div class="habits">${[['routes', 'Routes', 'route'], ['countries', 'Countries', 'country'], ['networks', 'Networks', 'network'], ['clients', 'Clients', 'client']].map(([key, label, dim]) => html`<${Shares} key=${key} label=${label} list=${h[key] || []} dim=${dim} id=${id} learning=${h.learning} />`)}</div></section>`;
}

function Volume({ v }) {
  const words = v.unit || 'requests a day', most = Math.max(v.high || 0, v.now || 0, 1) * 1.05, odd = v.high && v.now > v.high;
  const part = (x) => (100 * x / most).toFixed(1) + '%';
  return html`<div class="volume"><span><b class=${odd ? 'alarm' : ''}>${odd ? '▲ ' : ''}${count(v.now)}</b> ${words}${v.high ? `, usually ${count(v.low)}–${count(v.high)}` : ''}${odd && v.median ? ` (${times(v.now / v.median)} the median)` : ''}</span>
    <span class="band" aria-hidden="true">${v.high ? html`<i class="usual" style=${{ left: part(v.low), width: (100 * (v.high - v.low) / most).toFixed(1) + '%' }}></i><i class="median" style=${{ left: part(v.median) }}></i>` : ''}<i class="now" style=${{ left: part(v.now) }}></i></span></div>`;
}

function Shares({ label, list, dim, id, learning }) {
  const text = (value) => (dim === 'country' ? country(value) : value);
  const rows = [...list].sort((a, b) => Math.max(b.now_share || 0, b.baseline_share || 0) - Math.max(a.now_share || 0, a.baseline_share || 0));
  const columns = [
    { key: 'value', label: label.toLowerCase(), grow: true, cell: (r) => html`<${A} href=${link('/explore', { token: id, [dim]: r.value, group: dim })} class="clip" data-j>${text(r.value)}<//>${r.new ? html` <span class="new" title="Never seen while it was learned">new</span>` : ''}` },
    { key: 'bars', label: 'usual, now', sort: false, bare: true, wide: true, cell: (r) => html`<${Bars} usual=${r.baseline_share} now=${r.now_share} />` },
    { key: 'baseline_share', label: 'usual', number: true, cell: (r) => (learning ? html`<span class="soft">–</span>` : share(r.baseline_share || 0)) },
    { key: 'now_share', label: 'now', number: true, cell: (r) => (r.now_share === null ? html`<span class="soft">not counted</span>` : html`<span title=${exact(r.now_requests) + ' requests'}>${share(r.now_share || 0)}</span>`) },
  ];
  const uncounted = list.length > 0 && list.every((r) => r.now_share === null);
  return html`<div><h3>${label}</h3>${uncounted ? html`<p class="soft note">${dim === 'network' ? html`Networks are counted by their number, which takes a database: <code>geo::asn_db</code> of token_identity.` : 'Not counted now.'}</p>` : ''}<${Table} columns=${columns} rows=${rows} id=${(r) => r.value} caption=${label + ', usual and now'} limit=${6} empty="None yet." /></div>`;
}

// With which release?
function Releases({ list }) {
  if (!list.length) return '';
  const from = Math.min(...list.map((r) => Date.parse(r.first))), to = Math.max(...list.map((r) => Date.parse(r.last)), from + 1);
  const columns = [
    { key: 'service', label: 'service' }, { key: 'version', label: 'version' },
    { key: 'first', label: 'first', cell: (r) => html`<${Time} at=${r.first} />` }, { key: 'last', label: 'last', wide: true, cell: (r) => html`<${Time} at=${r.last} />` },
    { key: 'requests', label: 'requests', number: true, cell: (r) => count(r.requests) },
    { key: 'along', label: 'along time', sort: false, bare: true, wide: true, grow: true, cell: (r) => html`<span class="along" role="img" aria-label=${`${absolute(r.first)} to ${absolute(r.last)}`}><i style=${{ left: (100 * (Date.parse(r.first) - from) / (to - from)).toFixed(1) + '%', width: Math.max(0.5, 100 * (Date.parse(r.last) - Date.parse(r.first)) / (to - from)).toFixed(1) + '%' }}></i></span>` },
  ];
  return html`<section><div class="titled"><h2>Releases along time</h2></div><${Table} columns=${columns} rows=${list} order="-last" id=${(r) => r.service + r.version} caption="Releases that it called" limit=${8} /></section>`;
}

function Siblings({ list, token }) {
  if (!list.length) return '';
  const columns = [
    { key: 'hint', label: 'key', cell: (t) => html`<${A} href=${tokenLink(t.id)} data-j>${t.hint || t.id}<//>` }, { key: 'type', label: 'kind', wide: true }, { key: 'status', label: 'status', wide: true },
    { key: 'last', label: 'last used', value: (t) => (t.last_use || {}).at, cell: (t) => html`<${Time} at=${(t.last_use || {}).at} />` },
    { key: 'country', label: 'from', value: (t) => (t.last_use || {}).country, cell: (t) => html`<${Country} code=${(t.last_use || {}).country} />` },
    { key: 'requests', label: 'requests ever', number: true, cell: (t) => count(t.requests) },
  ];
  return html`<section><div class="titled"><h2>Other tokens of ${token.owner_name || token.owner_id || 'this owner'}</h2></div><${Table} columns=${columns} rows=${list} order="-last" id=${(t) => t.id} caption="Other tokens of the owner" limit=${8} /></section>`;
}
