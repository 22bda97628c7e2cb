import { html, useContext, useState } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { anomalyLink, tokenLink } from '../lib/url.js';
import { deeds } from '../lib/words.js';
import { A, Empty, Pane, Time, Trouble } from '../ui/bits.js';
import { ActState, Acts, Audit, IncidentState, mayRespond, useHeard, useSay } from '../ui/response.js';
import { Table } from '../ui/table.js';
import { Me } from '../ui/traces.js';

export const title = () => 'Response';

export function View() {
  const me = useContext(Me), may = mayRespond(me), admin = (me.roles || []).includes('admin');
  const whole = !(me.tenants || []).length && !(me.teams || []).length;
  const [heard, again] = useHeard();
  const desk = useAnswer(address('response'), { every: 15_000, again: heard });
  const list = useAnswer(address('incidents', new URLSearchParams({ limit: '200' })), { every: 15_000, again: heard });
  const letters = useAnswer(may && whole ? address('letters') : null, { every: 30_000, again: heard });
  const [state, say] = useSay(again);
  return html`<div class="head"><h1>Response</h1></div>
    <${Pane} answer=${desk} rows=${2}>${(d) => html`<${Desk} d=${d} may=${may} admin=${admin} whole=${whole} say=${say} />`}<//>
    <p class="said" role="status">${state.busy ? 'Saying …' : state.said ? `✓ Said: ${state.said}. token_response takes it from here.` : ''}</p><${Trouble} error=${state.error} />
    <${Pane} answer=${list} rows=${6}>${(d) => {
      const waiting = d.incidents.flatMap((i) => i.acts.filter((a) => a.state === 'proposed').map((a) => ({ ...a, incident: i })));
      return html`<section aria-label="Waiting"><div class="titled"><h2>Waiting for somebody's consent</h2></div>${waiting.length ? waiting.map((a) => html`<div key=${a.id}><p><${Of} i=${a.incident} /></p><${Acts} list=${[a]} say=${say} may=${may} /></div>`) : html`<${Empty}>Nothing waits.<//>`}</section>
        <section><div class="titled"><h2>Incidents</h2></div><${Incidents} list=${d.incidents} /></section>`;
    }}<//>
    ${may && whole ? html`<section aria-label="Dead letters"><div class="titled"><h2>Not delivered</h2></div><${Pane} answer=${letters} rows=${2}>${(d) => html`<${Letters} list=${d.letters} say=${say} />`}<//></section>` : ''}
    ${admin ? html`<section aria-label="Audit"><div class="titled"><h2>Audit</h2></div><${Audit} /></section>` : ''}`;
}

const Of = ({ i }) => html`${i.token ? html`<${A} href=${i.anomalies.length ? anomalyLink(i.anomalies[i.anomalies.length - 1]) : tokenLink(i.token)} data-j>${i.hint || i.token}<//>` : 'many tokens'} <span class="soft">${i.owner || ''}</span>`;

// Desk is the switch that stops all acts, and what can act.
function Desk({ d, may, admin, whole, say }) {
  const targets = d.targets.map((t) => `${t.name} (${t.actions.map((a) => (deeds[a] || { label: a }).label.toLowerCase()).join(', ')}${t.dry_run ? '; dry run' : ''})`);
  return html`<div class="verdict"><p>${d.heard ? html`${d.open} open, ${d.waiting} waiting${whole && may ? `, ${d.dead_letters} not delivered` : ''}. ${d.dry_run ? 'Dry run: acts are only described. ' : ''}${targets.length ? 'Acts: ' + targets.join('; ') + '.' : 'No target acts on tokens.'}` : 'No token_response has been heard of.'}</p>
    ${d.stopped ? html`<button type="button" disabled=${!admin || !whole} onClick=${() => say('response', { verb: 'resume' }, 'acts go again')}>Let acts go again</button>`
    : html`<button type="button" class="alarm" disabled=${!may || !whole} title="No act goes out until it is taken back. What was done stays" onClick=${() => say('response', { verb: 'stop' }, 'all acts are stopped')}>Stop all acts</button>`}</div>`;
}

function Incidents({ list }) {
  const columns = [
    { key: 'state', label: 'state', cell: (i) => html`<${IncidentState} name=${i.state} />` },
    { key: 'updated', label: 'when', cell: (i) => html`<${Time} at=${i.updated} />` },
    { key: 'token', label: 'key', value: (i) => i.hint || i.token, cell: (i) => html`<${Of} i=${i} />` },
    { key: 'severity', label: 'severity', wide: true },
    { key: 'sentence', label: 'what', grow: true, cell: (i) => html`<p class="sentence">${i.sentence}</p>` },
    { key: 'acts', label: 'acts', sort: false, value: (i) => i.acts.map((a) => `${a.action} ${a.state}`).join(', '), cell: (i) => i.acts.map((a) => html`<span key=${a.id}><${ActState} name=${a.state} /> <span class="soft">${a.action} at ${a.target}</span> </span>`) },
  ];
  return html`<${Table} columns=${columns} rows=${list} id=${(i) => i.id} caption="Incidents" limit=${20} empty="None so far." />`;
}

function Letters({ list, say }) {
  const [open, set] = useState({});
  const columns = [
    { key: 'time', label: 'when', cell: (l) => html`<${Time} at=${l.time} />` }, { key: 'target', label: 'to' }, { key: 'state', label: 'state' },
    { key: 'words', label: 'why', grow: true, cell: (l) => l.words || l.answer },
    { key: 'again', label: 'again', sort: false, bare: true, cell: (l) => (l.state === 'dead' ? html`<button type="button" disabled=${!!open[l.id + l.target]} onClick=${() => { set((o) => ({ ...o, [l.id + l.target]: true })); say(`letters/${encodeURIComponent(l.id)}/replay`, { target: l.target }, 'sent again'); }}>Send again</button>` : html`<span class="soft">look at ${l.target}: it may have been done</span>`) },
  ];
  return html`<${Table} columns=${columns} rows=${list} id=${(l) => l.id + l.target} caption="Dead letters" limit=${20} empty="Everything arrived." />`;
}
