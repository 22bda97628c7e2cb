// What is asked for, as chips: each is a parameter of the address.
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { change, dimensions, filters, go } from '../lib/url.js';
import { address, get } from '../lib/api.js';
import { absolute, country, within } from '../lib/format.js';
import { dimension, outcomes } from '../lib/words.js';
import { Menu } from './bits.js';

const ranges = [['-1h', 'last hour', '1 h'], ['-6h', 'last 6 hours', '6 h'], ['-24h', 'last 24 hours', '24 h'], ['-7d', 'last 7 days', '7 d'], ['-30d', 'last 30 days', '30 d'], ['-90d', 'last 90 days', '90 d']];

const local = (ms) => new Date(ms).toISOString().slice(0, 16);

// Range says which time is looked at, and lets another be chosen.
export function Range({ query, initial = '-24h' }) {
  const from = query.get('from') || initial, to = query.get('to');
  const known = (!to || to === 'now') && ranges.find(([r]) => r === from);
  const at = within(query);
  const label = known ? known[1] : `${absolute(at.from).slice(0, 16)} – ${to && to !== 'now' ? absolute(at.to).slice(0, 16) : 'now'}`;
  const set = (changes) => go(change(changes), { keep: true });
  const custom = (event, close) => {
    event.preventDefault();
    const form = event.currentTarget;
    const a = new Date(form.elements.from.value + ':00Z'), b = new Date(form.elements.to.value + ':00Z');
    if (!(a < b)) { form.elements.to.setCustomValidity('The end has to come after the beginning.'); form.reportValidity(); form.elements.to.setCustomValidity(''); return; }
    set({ from: a.toISOString().replace('.000Z', 'Z'), to: b.toISOString().replace('.000Z', 'Z') });
    close();
  };
  return html`<${Menu} label=${html`<span class="sr">time range: </span>${label}<span aria-hidden="true"> ▾</span>`} class="range">${(close) => html`
    <ul class="choices">${ranges.map(([r, text]) => html`<li key=${r}><button type="button" class="plain" aria-pressed=${r === from && !!known ? 'true' : 'false'} onClick=${() => { set({ from: r === initial ? null : r, to: null }); close(); }}>${text}</button></li>`)}</ul>
    <form class="custom" onSubmit=${(e) => custom(e, close)}>
      <label>from (UTC)<input type="datetime-local" name="from" required value=${local(at.from)} /></label>
      <label>to (UTC)<input type="datetime-local" name="to" required value=${local(at.to)} /></label>
      <button type="submit">Show</button>
    </form>`}<//>`;
}

const fixed = { direction: ['inbound', 'outbound'], status: ['active', 'expired', 'revoked', 'leaked', 'decoy', 'unknown'], outcome: Object.keys(outcomes) };
const shown = (name, value) => (name === 'country' ? `${value} ${country(value) === value ? '' : country(value)}`.trim() : name === 'outcome' ? outcomes[value] || value : value);

// Chips shows the filter and changes it. names: what may be filtered by here.
export function Chips({ query, names = filters, children }) {
  const set = (changes) => go(change(changes), { keep: true });
  const on = ['q', ...filters].filter((name) => query.getAll(name).length);
  return html`<div class="chips">
    ${children}
    ${on.map((name) => query.getAll(name).map((value) => html`<span class="chip" key=${name + value}><span class="soft">${dimension[name]}</span> ${shown(name, value)}<button type="button" class="plain" aria-label=${`remove ${dimension[name]} ${value}`} onClick=${() => set({ [name]: query.getAll(name).filter((v) => v !== value) })}>×</button></span>`))}
    <${Menu} label="+ filter" class="add">${(close) => html`<${Adder} query=${query} names=${names} done=${(name, value) => {
      const changes = { [name]: [...new Set([...query.getAll(name), value])] };
      if (dimensions.includes(name)) for (const other of dimensions) if (other !== name) changes[other] = null;
      set(changes);
      close();
    }} />`}<//>
    ${on.length > 1 ? html`<button type="button" class="plain" onClick=${() => set(Object.fromEntries(on.map((name) => [name, null])))}>clear</button>` : ''}
  </div>`;
}

function Adder({ query, names, done }) {
  const [name, setName] = useState(names.includes('owner') ? 'owner' : names[0]);
  const [value, setValue] = useState('');
  const [known, setKnown] = useState({ of: '', values: [] }); // of another name, until this one's are there
  const input = useRef(null);
  useEffect(() => {
    const setFound = (values) => setKnown({ of: name, values });
    if (fixed[name]) { setFound(fixed[name].map((v) => ({ key: v, label: shown(name, v) }))); return undefined; }
    const control = new AbortController();
    const params = new URLSearchParams();
    for (const key of ['from', 'to', 'demo']) if (query.get(key)) params.set(key, query.get(key));
    const ofTokens = ['token', 'tag', 'owner', 'team', 'environment'].includes(name); // whatever they did in this time
    const url = ofTokens ? address('tokens', new URLSearchParams([...params, ['limit', '500'], ['sort', '-last_used']])) : address('top', new URLSearchParams([...params, ['group', name], ['measure', ['unit', 'model'].includes(name) ? 'units' : 'requests'], ['limit', '100']]));
    get(url, control.signal).then((answer) => {
      const distinct = (list) => [...new Map(list.filter((f) => f.key).map((f) => [f.key, f])).values()].sort((a, b) => a.label.localeCompare(b.label));
      if (name === 'owner') setFound(distinct((answer.tokens || []).map((t) => ({ key: t.owner_id, label: t.owner_name || t.owner_id }))));
      else if (name === 'team') setFound(distinct((answer.tokens || []).map((t) => ({ key: t.owner_team, label: t.owner_team }))));
      else if (name === 'environment') setFound(distinct((answer.tokens || []).map((t) => ({ key: t.environment, label: t.environment }))));
      else if (name === 'tag') setFound([...new Set((answer.tokens || []).flatMap((t) => Object.entries(t.tags || {}).map(([k, v]) => k + ':' + v)))].sort().map((key) => ({ key, label: key })));
      else if (name === 'token') setFound((answer.tokens || []).map((t) => ({ key: t.id, label: [t.hint, t.owner_name || t.owner_id].filter(Boolean).join(' · ') })));
      else setFound((answer.rows || []).filter((r) => r.key).map((r) => ({ key: r.key, label: r.label && r.label !== r.key ? r.label : shown(name, r.key), value: r.value })));
    }).catch((e) => { if (e.name !== 'AbortError') setFound([]); }); // a value can still be typed
    return () => control.abort();
  }, [name]);
  useEffect(() => { if (input.current) input.current.focus(); }, [name]);
  const clash = dimensions.includes(name) && dimensions.find((d) => d !== name && query.getAll(d).length);
  const waiting = known.of !== name, found = waiting ? [] : known.values;
  const text = value.toLowerCase();
  const list = found.filter((f) => !text || String(f.key).toLowerCase().includes(text) || String(f.label).toLowerCase().includes(text)).slice(0, 12);
  const submit = (event) => { event.preventDefault(); const v = value.trim() || ''; if (v) { const hit = found.find((f) => f.label === v || f.key === v); done(name, hit ? hit.key : v); } };
  return html`<form class="adder" onSubmit=${submit}>
    <label>by<select value=${name} onChange=${(e) => { setName(e.currentTarget.value); setValue(''); }}>${names.map((n) => html`<option key=${n} value=${n}>${dimension[n]}</option>`)}</select></label>
    <label>value<input ref=${input} name="value" value=${value} autocomplete="off" placeholder=${name === 'tag' ? 'key:value' : name === 'route' ? 'GET /v1/orders' : ''} onInput=${(e) => setValue(e.currentTarget.value)} /></label>
    ${clash ? html`<p class="note soft">${dimension[name]} takes the place of ${dimension[clash]}: they are counted apart.</p>` : ''}
    <ul class="choices" aria-busy=${waiting ? 'true' : 'false'}>${list.map((f) => html`<li key=${f.key}><button type="button" class="plain" onClick=${() => done(name, f.key)}>${f.label}</button></li>`)}</ul>
    ${!waiting && !found.length && !value ? html`<p class="note soft">None was seen in this time. You can type one.</p>` : ''}
    ${value.trim() && !list.length ? html`<button type="submit">Use “${value.trim()}”</button>` : ''}
  </form>`;
}
