import { html, useEffect, useMemo, useState } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { asked, subjects, link, tokenLink, anomalyLink } from '../lib/url.js';
import { changed, count, exact, share, times } from '../lib/format.js';
import { detector } from '../lib/words.js';
import * as live from '../lib/live.js';
import { A, Empty, Pane, Severity, Time } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { Tokens } from '../ui/tokens.js';

export const title = () => 'Overview';

export function View({ query }) {
  const params = useMemo(() => asked(query), [query.toString()]);
  const url = address('overview', params);
  const answer = useAnswer(url, { every: 15_000 });
  return html`
    <div class="head"><h1>Overview</h1><${Chips} query=${query} names=${subjects}><${Range} query=${query} /><//></div>
    <${Pane} answer=${answer} rows=${3}>${(data) => html`<${Totals} totals=${data.totals || {}} />`}<//>
    <div class="overview">
      <aside>
        <section><div class="titled"><h2>Anomalies now</h2><${A} href=${link('/anomalies')}>all<//></div>
          <${Pane} answer=${answer} rows=${4}>${(data) => html`<${Now} anomalies=${data.anomalies || []} />`}<//></section>
        <section><div class="titled"><h2>Top movers</h2></div>
          <${Pane} answer=${answer} rows=${4}>${(data) => html`<${Movers} movers=${data.movers || []} />`}<//></section>
      </aside>
      <${Tokens} query=${query} params=${params} />
    </div>`;
}

function Totals({ totals }) {
  const before = totals.previous || {};
  const rate = totals.requests ? totals.errors / totals.requests : 0, was = before.requests ? before.errors / before.requests : null;
  const figures = [
    ['requests', count(totals.requests), changed(totals.requests, before.requests), exact(totals.requests)],
    ['errors', share(rate), was === null ? `${exact(totals.errors)} requests` : `${exact(totals.errors)} requests, ${share(was)} before`, exact(totals.errors)],
    ['tokens in use', count(totals.active_tokens), `of ${exact(totals.tokens)} known` + (before.active_tokens ? `, ${exact(before.active_tokens)} before` : ''), exact(totals.active_tokens)],
    ['anomalies', count(totals.anomalies), before.anomalies === undefined ? '' : `${exact(before.anomalies)} in the period before`, exact(totals.anomalies)],
  ];
  return html`<dl class="totals">${figures.map(([label, figure, note, whole]) => html`<div key=${label} class=${label === 'anomalies' && totals.anomalies ? 'some' : ''}><dt>${label}</dt><dd class="big" title=${whole}>${label === 'anomalies' && totals.anomalies ? html`<span class="alarm" aria-hidden="true">▲ </span>` : ''}${figure}</dd><dd class="soft">${note}</dd></div>`)}</dl>`;
}

function Now({ anomalies }) {
  const [late, set] = useState([]);
  useEffect(() => live.on('anomaly', (event) => set((list) => [event, ...list.filter((e) => e.id !== event.id)].slice(0, 20))), []);
  const all = [...late.filter((e) => !anomalies.some((a) => a.id === e.id)), ...anomalies].slice(0, 8);
  if (!all.length) return html`<${Empty}>None in this time. Everybody behaves as they have learned to.<//>`;
  return html`<ul class="events">${all.map((e) => html`<li key=${e.id} data-row><div><${Severity} name=${e.severity} /> <${A} href=${anomalyLink(e.id)} data-j>${detector(e.name)}<//> <span class="soft right"><${Time} at=${e.time} /></span></div><p class="clip3">${e.sentence || e.body}</p></li>`)}</ul>`;
}

function Movers({ movers }) {
  if (!movers.length) return html`<${Empty}>Nobody moved much: this time looks like the one before it.<//>`;
  return html`<table class="movers"><caption class="sr">Tokens whose use changed most</caption><thead class="sr"><tr><th>key</th><th>before</th><th>now</th><th>ratio</th></tr></thead><tbody>${movers.slice(0, 8).map((m) => {
    const token = typeof m.token === 'string' ? { id: m.token } : m.token || {};
    const up = m.now >= m.before;
    return html`<tr key=${token.id} data-row><td><${A} href=${tokenLink(token.id)} class="clip" data-j>${token.hint || token.id}<//><div class="soft clip">${token.owner_name || token.owner_id || 'no owner'}</div></td>
      <td class="number soft">${count(m.before)}</td><td class="number"><span aria-hidden="true">→</span> ${count(m.now)}</td>
      <td class="number" title="against the period before"><span aria-hidden="true">${up ? '↗' : '↘'}</span> ${m.before === 0 ? 'new' : m.now === 0 ? 'silent' : times(m.ratio || m.now / m.before)}</td></tr>`;
  })}</tbody></table>`;
}
