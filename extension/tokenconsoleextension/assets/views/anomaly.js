import { html, useMemo, useState } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { link, tokenLink } from '../lib/url.js';
import { absolute, country, duration, parse } from '../lib/format.js';
import { detector } from '../lib/words.js';
import { A, Empty, Pane, Severity, Time } from '../ui/bits.js';
import { BeatTable, Heartbeat } from '../ui/heartbeat.js';
import { Contributions } from '../ui/contributions.js';
import { Feedback } from '../ui/feedback.js';
import { CopyButton, Copies } from '../ui/copy.js';
import { Response } from '../ui/response.js';
import { Traces } from '../ui/traces.js';
import { attributesOf, hintOf, ownerOf } from './anomalies.js';

export const title = () => 'Anomaly';

export function View({ id }) {
  const [again, setAgain] = useState(0);
  const url = address('anomalies/' + encodeURIComponent(id)), answer = useAnswer(url, { again });
  return html`<${Pane} answer=${answer} rows=${8} name="Anomaly">${(e) => html`<${Anomaly} e=${e} url=${url} done=${() => setAgain((n) => n + 1)} />`}<//>`;
}

function Anomaly({ e, url, done }) {
  const a = attributesOf(e), at = parse(e.time);
  document.title = detector(e.name) + ' – Holter';
  const around = useMemo(() => { const p = new URLSearchParams(); if (at) { p.set('from', new Date(at - 36 * 36e5).toISOString()); p.set('to', new Date(Math.min(Date.now(), +at + 12 * 36e5)).toISOString()); } return p; }, [e.time]);
  const beatUrl = e.token ? address(`tokens/${encodeURIComponent(e.token)}/heartbeat`, around) : null, beat = useAnswer(beatUrl);
  const facts = [
    ['when', html`<${Time} at=${e.time} fine /> <span class="soft">${absolute(e.time, true)}</span>`],
    ['token', e.token ? html`<${A} href=${tokenLink(e.token)}>${hintOf(e)}<//>` : null], ['owner', ownerOf(e)],
    ['request', [a['http.request.method'], a['http.route']].filter(Boolean).join(' ')], ['service', [a['service.name'], a['service.version']].filter(Boolean).join(' ')], ['status', a['http.response.status_code']],
    ['from', [country(a['geo.country.iso_code']), a['client.as.number'] ? 'AS' + a['client.as.number'] : a['client.address']].filter((x) => x && x !== 'unknown').join(', ')], ['client', a['user_agent.name']],
    ['rule', [a['security_rule.name'], a['threat.technique.id']].filter(Boolean).join(', ')], ['suggested', a['anomaly.suggested_action']], ['trace', e.trace ? html`<${Traces} id=${e.trace} links=${e.links} />` : null],
  ].filter(([, v]) => v);
  return html`<div class="head"><div><h1><${Severity} name=${e.severity} /> ${detector(e.name)}</h1></div><div class="ids"><code>${e.id}</code> <${CopyButton} text=${e.id} label="copy" what="anomaly id" /></div></div>
    <p class="lead sentence1">${e.sentence || e.body}</p>
    <section class="act"><div class="deeds"><${Feedback} anomaly=${e} done=${done} /><span class="right"><a href=${e.incident_file || `/api/v1/anomalies/${encodeURIComponent(e.id)}/incident.html`} download>Incident file</a> ${e.token ? html`<${A} href=${link('/explore', { token: e.token, from: around.get('from'), to: around.get('to'), group: 'route' }, [])}>Explore around it<//>` : ''} <${Copies} data=${e} url=${url} rows=${[]} what="anomaly" /></span></div></section>
    <${Response} token=${e.token} incident=${e.incident} />
    <section><div class="titled"><h2>Why</h2></div>${(e.contributions || []).length ? html`<${Contributions} list=${e.contributions} event=${e} />` : html`<${Empty}>A rule was broken: no evidence is weighed.<//>`}</section>
    ${beatUrl ? html`<section><div class="titled"><h2>Around it</h2><span class="soft">36 hours before, 12 after</span></div><${Pane} answer=${beat} rows=${5}>${(b) => { const data = { from: Date.parse(b.from), step: duration(b.step), requests: (b.requests || []).map((v) => v || 0), errors: b.errors, low: b.low, high: b.high, p95: b.p95 && b.p95.some((v) => v) ? b.p95 : null, marks: b.marks }; return html`<${Heartbeat} data=${data} height=${140} label="Heartbeat around the anomaly" /><${BeatTable} data=${data} />`; }}<//></section>` : ''}
    <section><div class="titled"><h2>Facts</h2></div><dl class="pairs">${facts.map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl></section>
    ${(e.feedback || []).length ? html`<section><div class="titled"><h2>What was said</h2></div><ul class="events">${e.feedback.map((f) => html`<li key=${f.sequence}><${Time} at=${f.time} /> ${f.by ? html`<b>${f.by}</b>` : ''} ${f.body || JSON.stringify(f.attributes)}</li>`)}</ul></section>` : ''}`;
}
