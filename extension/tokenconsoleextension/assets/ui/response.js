// What is done about a token: what waits for somebody's consent, what was done and proven, and all that happened. It is said through the journal.
import { html, useCallback, useContext, useEffect, useRef, useState } from '../lib/html.js';
import { address, post, useAnswer } from '../lib/api.js';
import { anomalyLink, link } from '../lib/url.js';
import { exact } from '../lib/format.js';
import { actStates, deeds, incidentStates } from '../lib/words.js';
import * as live from '../lib/live.js';
import { A, Empty, Pane, Severity, Time, Trouble } from './bits.js';
import { Me } from './traces.js';

export const mayRespond = (me) => (me.roles || []).some((r) => r === 'respond' || r === 'admin');

// useHeard counts what is said of incidents and acts that concern somebody.
export function useHeard(concerns) {
  const [n, set] = useState(0);
  useEffect(() => live.on('response', (e) => { if (!concerns || concerns(e)) set((m) => m + 1); }), [concerns]);
  return [n, useCallback(() => setTimeout(() => set((m) => m + 1), 400), [])];
}

// useSay sends what somebody wants, and says that it is on its way.
export function useSay(done) {
  const [state, set] = useState({});
  const say = async (path, body, words) => {
    set({ busy: words });
    try { await post(path, body); set({ said: words }); if (done) done(); return true; } catch (error) { set({ error }); return false; }
  };
  return [state, say];
}

export const ActState = ({ name }) => { const s = actStates[name] || { glyph: '·', word: name, about: '' }; return html`<span class=${'actstate a-' + name} title=${s.about}><i aria-hidden="true">${s.glyph}</i>${s.word}</span>`; };
export const IncidentState = ({ name }) => html`<span class=${'tag i-' + name} title=${incidentStates[name] || ''}>${name}</span>`;

// Response is the part of a page about one token: how its incident stands, its acts, and what can be done.
export function Response({ token, incident }) {
  const me = useContext(Me);
  const concerns = useCallback((e) => e.token === token || (incident && e.incident === incident), [token, incident]);
  const [heard, again] = useHeard(concerns);
  const desk = useAnswer(address('response'), { every: 30_000, again: heard });
  const found = useAnswer(incident || !token ? null : address('incidents', new URLSearchParams([['token', token], ['limit', '1']])), { every: 30_000, again: heard });
  const id = incident || (found.data && (found.data.incidents[0] || {}).id);
  const one = useAnswer(id ? address('incidents/' + encodeURIComponent(id)) : null, { every: 30_000, again: heard });
  const [state, say] = useSay(again);
  const [order, setOrder] = useState('');
  const may = mayRespond(me), about = desk.data || {};
  const able = (action) => !about.heard || (about.targets || []).some((t) => t.actions.includes(action));
  const i = one.data, live1 = i && i.state !== 'resolved';
  return html`<section class="response" aria-label="Response"><div class="titled"><h2>Response</h2>${i ? html`<${IncidentState} name=${i.state} /><span class="soft">opened <${Time} at=${i.opened} /></span>` : ''}
      ${about.dry_run ? html`<span class="soft">dry run: acts are only described</span>` : ''}</div>
    <div class="deeds" role="group" aria-label="Acts">
      ${token ? Object.entries(deeds).map(([action, d]) => html`<button key=${action} type="button" class=${action} disabled=${!may || !!about.stopped || !able(action)} title=${able(action) ? d.about : 'No target of token_response can do this'} onClick=${() => setOrder(action)}>${d.label} …</button>`) : ''}
      ${live1 ? html`<span class="right">${i.state === 'open' ? html`<button type="button" disabled=${!may} onClick=${() => say('incidents/' + encodeURIComponent(i.id), { verb: 'acknowledge' }, 'acknowledged')}>Acknowledge</button>` : ''}
        <button type="button" disabled=${!may} onClick=${() => say('incidents/' + encodeURIComponent(i.id), { verb: 'resolve' }, 'resolved')}>Resolve</button></span>` : ''}
    </div>
    ${!may ? html`<p class="soft">You may read. Acts need the role respond.</p>` : ''}
    ${about.heard === false ? html`<p class="soft note">No token_response has been heard of: what is asked for here waits in the journal until one reads it.</p>` : ''}
    <p class="said" role="status">${state.busy ? 'Saying …' : state.said ? `✓ Said: ${state.said}. token_response takes it from here.` : ''}</p><${Trouble} error=${state.error} />
    ${i && i.acts.length ? html`<${Acts} list=${i.acts} say=${say} may=${may} />` : ''}
    ${id ? html`<${Pane} answer=${one} rows=${4}>${(d) => html`<${TimeLine} list=${d.time_line} />`}<//>` : html`<${Empty}>Nothing was done about it, and nobody was told by token_response.<//>`}
    ${order ? html`<${Order} action=${order} token=${token} incident=${live1 ? i.id : ''} close=${() => setOrder('')} done=${again} />` : ''}
  </section>`;
}

// Acts are shown with what can be answered to each.
export function Acts({ list, say, may }) {
  return html`<ol class="acts" aria-label="Acts so far">${[...list].reverse().map((a) => html`<li key=${a.id} class=${'act1 s-' + a.state}>
    <div><${ActState} name=${a.state} /> <b>${(deeds[a.action] || { label: a.action }).label}</b> at <b>${a.target}</b> <span class="soft"><${Time} at=${a.changed} />${a.by ? html`, ${a.by}` : ''}${a.rule ? html`, rule ${a.rule}` : ''}</span>
      ${a.expires ? html`<span class="soft">; ${a.state === 'proposed' ? 'expires ' : 'taken back by itself '}<${Time} at=${a.expires} /></span>` : ''}</div>
    ${a.why ? html`<p>${a.why}</p>` : ''}${a.blast ? html`<p class="soft">It would have refused ${exact(a.blast.refused)} of ${exact(a.blast.requests)} requests of the last ${a.blast.days} days.</p>` : ''}
    ${a.answer ? html`<details><summary>${a.state === 'dry_run' ? 'What would have been sent' : 'Answer'}</summary><pre class="sent" tabindex="0">${a.answer}</pre></details>` : ''}${a.proof ? html`<p>Proof: ${a.proof}</p>` : ''}
    <div class="deeds">${a.can_approve ? html`<${Answer} act=${a} verb="approve" label=${a.state === 'blocked' ? 'Do it all the same' : 'Approve'} main say=${say} may=${may} />` : ''}
      ${a.state === 'proposed' ? html`<${Answer} act=${a} verb="refuse" label="Refuse" say=${say} may=${may} />` : ''}
      ${a.can_undo ? html`<${Answer} act=${a} verb="undo" label="Undo" say=${say} may=${may} />` : ''}</div></li>`)}</ol>`;
}

const answered = { approve: 'approved', refuse: 'refused', undo: 'to be taken back' };

function Answer({ act, verb, label, main, say, may }) {
  return html`<button type="button" class=${main ? 'main' : ''} disabled=${!may} onClick=${() => say('acts/' + encodeURIComponent(act.id), { verb }, answered[verb])}>${label}<span class="sr"> ${act.action} at ${act.target}</span></button>`;
}

const kinds = { anomaly: 'noticed', feedback: 'answered', incident: 'incident', act: 'act', asked: 'asked', decided: 'decided' };

// TimeLine is all that happened, the latest last.
export function TimeLine({ list }) {
  if (!list.length) return html`<${Empty}>Nothing yet.<//>`;
  return html`<h3>Time line</h3><ol class="timeline">${list.map((h, n) => html`<li key=${h.sequence || h.anomaly || n} class=${'h-' + h.kind}>
    <span class="soft at"><${Time} at=${h.time} fine /></span> <span class="kind">${h.kind === 'act' ? html`<${ActState} name=${h.state} />` : h.kind === 'anomaly' ? html`<${Severity} name=${h.severity} />` : html`<span class="soft">${kinds[h.kind]}</span>`}</span>
    <span class="words">${h.anomaly ? html`<${A} href=${anomalyLink(h.anomaly)}>${h.words}<//>` : h.words || `${h.action} at ${h.target}`}${h.proof ? html` <span class="soft">Proof: ${h.proof}</span>` : ''}${h.by && h.kind !== 'asked' && h.by !== 'holter' ? html` <span class="soft">(${h.by})</span>` : ''}</span></li>`)}</ol>`;
}

// Order says what an act would break and what would be sent, and asks whether it is meant.
export function Order({ action, token, incident, close, done }) {
  const ref = useRef(null), d = deeds[action];
  useEffect(() => { ref.current.showModal(); }, []);
  const answer = useAnswer(address(`tokens/${encodeURIComponent(token)}/blast`, new URLSearchParams({ action })));
  const [target, setTarget] = useState(''), [why, setWhy] = useState('');
  const targets = (answer.data && answer.data.targets) || [];
  const where = target || (targets.length === 1 ? targets[0].name : '');
  const preview = usePreview(token, action, where, !!answer.data && (targets.length === 0 || !!where));
  const dry = (targets.find((t) => t.name === where) || {}).dry_run;
  const undo = (targets.find((t) => t.name === where) || {}).undo || [];
  const [state, say] = useSay(done);
  const confirm = async (event) => {
    event.preventDefault();
    const body = { action };
    if (where) body.target = where;
    if (incident) body.incident = incident;
    if (why) body.why = why;
    if (await say(`tokens/${encodeURIComponent(token)}/acts`, body, d.label)) ref.current.close();
  };
  return html`<dialog class="order" ref=${ref} onClose=${close} aria-labelledby="order-title"><form onSubmit=${confirm}>
    <div class="titled"><h2 id="order-title">${d.title}</h2><button type="button" class="plain right" onClick=${() => ref.current.close()}>close</button></div>
    <p>${d.about}.</p>
    <${Pane} answer=${answer} rows=${3}>${(r) => html`<div><h3>What it would break</h3>${r.blast ? html`<p class="blast">${r.blast.sentence}</p>` : html`<p class="trouble">${r.unknown}</p>`}
      ${r.grant ? html`<${Grant} g=${r.grant} />` : ''}
      ${r.targets.length > 1 ? html`<label>at <select value=${target} required onChange=${(e) => setTarget(e.currentTarget.value)}><option value="">choose</option>${r.targets.map((t) => html`<option key=${t.name} value=${t.name}>${t.name}</option>`)}</select></label>` : where ? html`<p>At <b>${where}</b>${undo.includes(action) ? ', which can take it back' : ', which cannot take it back'}.</p>` : html`<p class="soft">No target is known that can do this: token_response says so, if it is asked.</p>`}</div>`}<//>
    <h3>What would be sent</h3>${preview.answer ? html`<pre class="sent" tabindex="0">${preview.answer}</pre>` : html`<p class="soft" role="status">${preview.words}</p>`}
    <label class="wide1">why <input value=${why} maxlength="250" onInput=${(e) => setWhy(e.currentTarget.value)} placeholder="for the audit" /></label>
    <${Trouble} error=${state.error} />
    <div class="deeds"><button type="submit" class="main" disabled=${!!state.busy || !answer.data}>${dry ? d.label + ' (dry run)' : d.label}</button><button type="button" onClick=${() => ref.current.close()}>Cancel</button></div></form></dialog>`;
}

// usePreview asks what would be sent; it is a dry run, and on record.
function usePreview(token, action, target, ready) {
  const [state, set] = useState({ words: 'Choose where.' });
  useEffect(() => {
    if (!ready) return undefined;
    let over = false, sequence = 0;
    const heard = new Map(); // it may be said before the answer to the question is here
    const show = () => { if (!over && heard.has(sequence)) set({ answer: heard.get(sequence) }); };
    set({ words: 'Asking token_response …' });
    const off = live.on('response', (e) => { if (e.preview) { heard.set(e.preview, e.answer || e.body); show(); } });
    const late = setTimeout(() => { if (!over) set((s) => (s.answer ? s : { words: 'token_response has not said what it would send.' })); }, 10_000);
    const body = { action, preview: true };
    if (target) body.target = target;
    post(`tokens/${encodeURIComponent(token)}/acts`, body).then((n) => { sequence = n.sequence; show(); }, (error) => { if (!over) set({ words: error.message }); });
    return () => { over = true; off(); clearTimeout(late); };
  }, [token, action, target, ready]);
  return state;
}

// Grant is what a token would keep.
function Grant({ g }) {
  const parts = [['scopes', g.scopes], ['no more', g.idle_scopes], ['routes', g.routes], ['networks', g.networks], ['countries', g.countries]].filter(([, l]) => l && l.length);
  return html`<div class="grant"><h3>What it would keep</h3><p>${g.sentence}</p>${parts.length ? html`<dl class="pairs">${parts.map(([label, l]) => html`<div key=${label}><dt>${label}</dt><dd>${l.join(', ')}</dd></div>`)}</dl>` : ''}
    <p class="soft">Learned from ${exact(g.active_days)} active days of ${exact(g.days)} before the trouble.</p></div>`;
}

// Audit is who did what, and why.
export function Audit({ token }) {
  const [again] = useHeard(useCallback((e) => !token || e.token === token, [token]));
  const [more, setMore] = useState(0);
  const params = new URLSearchParams({ limit: String(50 + 50 * more) });
  if (token) params.set('token', token);
  const answer = useAnswer(address('audit', params), { again });
  return html`<${Pane} answer=${answer} rows=${4}>${(d) => (d.entries.length ? html`<ol class="timeline">${d.entries.map((e) => html`<li key=${e.sequence}><span class="soft at"><${Time} at=${e.time} fine /></span> <span class="kind soft">${e.by || ''}</span> <span class="words">${e.token && !token ? html`<${A} href=${link('/token/' + encodeURIComponent(e.token))}>${e.body}<//>` : e.body}</span></li>`)}</ol>${d.next ? html`<button type="button" onClick=${() => setMore((n) => n + 1)}>Older ones</button>` : ''}` : html`<${Empty}>Nothing is on record.<//>`)}<//>`;
}
