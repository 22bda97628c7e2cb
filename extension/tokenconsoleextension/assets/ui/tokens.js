// The list of tokens: only what can be seen is drawn, so that thousands scroll like ten.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../lib/html.js';
import { address, get } from '../lib/api.js';
import { absolute, count, exact, share, span } from '../lib/format.js';
import { tokenLink, change, go } from '../lib/url.js';
import { A, Country, Empty, Meter, State, Time, Trouble, useWidth, Waiting } from './bits.js';
import { Strip } from './strip.js';
import { Copies } from './copy.js';
import * as live from '../lib/live.js';
import { state as stateOf } from '../lib/words.js';
import { lastUse } from './lastuse.js';

const spare = 8;
const narrow = matchMedia('(max-width: 860px)');
const middle = matchMedia('(max-width: 1120px)');
const heightOfRow = () => (narrow.matches ? 56 : 40); // as in app.css
const sorts = { evidence: 'evidence', requests: 'requests ever', last_used: 'last used', first_seen: 'first seen', owner: 'owner', hint: 'key' };

// useTokens reads page after page as they come into sight.
function useTokens(params, limit) {
  const base = address('tokens', params);
  const [state, set] = useState({ base: '', rows: [], total: 0, next: '', error: null });
  const busy = useRef(false), now = useRef(base);
  now.current = base;
  const load = async (cursor) => {
    if (busy.current === base + cursor) return;
    busy.current = base + cursor;
    const asked = base;
    try {
      const query = new URLSearchParams(params);
      query.set('limit', limit);
      if (cursor) query.set('cursor', cursor);
      const answer = await get(address('tokens', query));
      if (now.current !== asked) return;
      set((s) => {
        const rows = cursor && s.base === asked ? [...s.rows, ...(answer.tokens || [])] : answer.tokens || [];
        return { base: asked, rows, total: Math.max(answer.total || 0, rows.length), next: answer.next || '', error: null };
      });
    } catch (error) {
      if (now.current === asked && error.name !== 'AbortError') set((s) => ({ ...s, base: asked, error }));
    } finally {
      if (busy.current === asked + cursor) busy.current = false;
    }
  };
  useEffect(() => { load(''); }, [base]);
  // What was read is read again now and then: strips move on. Only the first page: the others are read when they are scrolled to.
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden && scrollY < 600) load(''); }, 30_000);
    return () => clearInterval(timer);
  }, [base]);
  return { ...state, waiting: state.base !== base, more: () => state.next && state.base === base && load(state.next), again: () => load('') };
}

export function Tokens({ query, params }) {
  const sort = query.get('sort') || '-evidence';
  const asked = useMemo(() => { const p = new URLSearchParams(params); p.set('strip', '1'); p.set('sort', sort); return p; }, [params.toString(), sort]);
  const list = useTokens(asked, 60);
  const box = useRef(null), body = useRef(null);
  const width = useWidth(box);
  const [view, setView] = useState({ first: 0, last: 30 });

  // New facts of a token replace what the list has of it.
  const [fresh] = useState(() => new Map());
  const [, again] = useState(0);
  const held = useRef(list);
  held.current = list;
  useEffect(() => {
    let timer = 0;
    const off = live.on('token', (token) => {
      fresh.set(token.id, token);
      again((n) => n + 1);
      // One that is not listed may be new: the list is read again, at most every second.
      if (!timer && !held.current.rows.some((row) => row.id === token.id) && (scrollY < 600 || !held.current.rows.length)) timer = setTimeout(() => { timer = 0; held.current.again(); }, 1000);
    });
    return () => { clearTimeout(timer); off(); };
  }, []);
  useEffect(() => live.on('beat', (data) => { if (Object.keys(data.evidence || {}).length) again((n) => n + 1); }), []);

  const measure = () => {
    if (!body.current) return;
    const top = body.current.getBoundingClientRect().top, rowHeight = heightOfRow();
    const first = Math.max(0, Math.floor(-top / rowHeight) - spare), last = Math.ceil((innerHeight - top) / rowHeight) + spare;
    setView((v) => (Math.abs(v.first - first) < 3 && Math.abs(v.last - last) < 3 ? v : { first, last }));
    if (last > list.rows.length - 20) list.more();
  };
  useEffect(() => {
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => { removeEventListener('scroll', measure); removeEventListener('resize', measure); };
  });
  useLayoutEffect(measure, [list.rows.length]);

  // What the other columns leave, as in app.css.
  const stripWidth = narrow.matches ? Math.max(120, Math.floor((width - 24) * 0.56)) : Math.max(120, Math.min(560, width - (middle.matches ? 460 : 632)));
  const first = Math.min(view.first, list.rows.length), last = Math.min(view.last, list.rows.length);
  const shown = list.rows.slice(first, last);
  const by = sort.replace(/^-/, ''), rowHeight = heightOfRow();
  const head = (key, label, kind = '') => {
    const on = by === key ? (sort.startsWith('-') ? 'descending' : 'ascending') : undefined;
    const next = on === 'descending' ? key : '-' + key;
    return html`<th scope="col" class=${kind} aria-sort=${on}><button type="button" onClick=${() => go(change({ sort: next === '-evidence' ? null : next }), { keep: true })}>${label}${on && key === 'requests' ? ', by ever' : ''}<span class="arrow" aria-hidden="true">${on === 'descending' ? '↓' : on === 'ascending' ? '↑' : ''}</span></button></th>`;
  };
  const step = list.rows.length && list.rows[0].strip ? span(stepOf(list.rows[0].strip)) : '';
  return html`<section class="tokens" ref=${box} aria-label="Tokens">
    <div class="titled"><h2>Tokens <span class="soft figure">${list.rows.length ? exact(list.total) : ''}</span></h2>
      <span class="soft legend1">${step ? `a beat is ${step}; ` : ''}shade: what is normal; below the line: errors; right end: the last minute</span>
      <label class="sorter"><span class="soft">sort</span><select value=${by} onChange=${(e) => go(change({ sort: e.currentTarget.value === 'evidence' ? null : (['owner', 'hint'].includes(e.currentTarget.value) ? '' : '-') + e.currentTarget.value }), { keep: true })}>${Object.entries(sorts).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}</select></label></div>
    ${list.error ? html`<${Trouble} error=${list.error} again=${list.again} />` : ''}
    ${!list.rows.length && list.waiting && !list.error ? html`<${Waiting} rows=${12} />` : ''}
    ${!list.rows.length && !list.waiting && !list.error ? html`<${Empty}>No token meets this filter in this time. Take a chip away, or look at a longer time.<//>` : ''}
    ${list.rows.length ? html`<table class=${'list' + (list.waiting ? ' stale' : '')} aria-rowcount=${list.total + 1}>
      <caption class="sr">Tokens with their heartbeat</caption>
      <thead><tr aria-rowindex="1"><th scope="col" class="statecol"><span class="sr">state</span></th>${head('hint', 'key', 'key')}<th scope="col" class="stripcol">heartbeat</th>${head('requests', 'requests', 'number wide')}<th scope="col" class="number wide2 errorcol">errors</th>${head('evidence', 'evidence', 'wide evidencecol')}${head('last_used', 'last used', 'wide2 lastcol')}</tr></thead>
      <tbody ref=${body}>
        ${first > 0 ? html`<tr aria-hidden="true" class="spacer" key="above"><td colspan="7" style=${{ height: first * rowHeight + 'px' }}></td></tr>` : ''}
        ${shown.map((row, i) => html`<${Row} key=${row.id} row=${row} fresh=${fresh.get(row.id)} index=${first + i + 2} width=${stripWidth} />`)}
        ${last < list.rows.length ? html`<tr aria-hidden="true" class="spacer" key="below"><td colspan="7" style=${{ height: (list.rows.length - last) * rowHeight + 'px' }}></td></tr>` : ''}
      </tbody></table>
      <div class="under"><span class="soft">${list.next ? `${exact(list.rows.length)} of ${exact(list.total)} read; more come as you scroll` : `${exact(list.rows.length)} tokens`}</span>
      <a class="plain" href=${'/api/v1/export?' + new URLSearchParams([...params, ['what', 'tokens'], ['format', 'csv']])} download>Export all as CSV</a>
      <${Copies} what="tokens" rows=${list.rows} columns=${columns} url=${address('tokens', asked)} /></div>` : ''}
  </section>`;
}

const stepOf = (strip) => (typeof strip.step === 'number' ? strip.step * 1000 : 60_000);

const columns = [
  { key: 'id', label: 'id' }, { key: 'hint', label: 'key' }, { key: 'owner', label: 'owner', value: (r) => r.owner_name || r.owner_id || '' }, { key: 'owner_team', label: 'team' },
  { key: 'environment', label: 'environment' }, { key: 'state', label: 'state' }, { key: 'requests', label: 'requests' }, { key: 'errors', label: 'errors' },
  { key: 'nats', label: 'evidence (nats)', value: (r) => (r.evidence || {}).nats }, { key: 'last', label: 'last used', value: (r) => (r.last_use || {}).at },
  { key: 'country', label: 'country', value: (r) => (r.last_use || {}).country }, { key: 'network', label: 'network', value: (r) => (r.last_use || {}).network }, { key: 'client', label: 'client', value: (r) => (r.last_use || {}).client },
];

function Row({ row, fresh, index, width }) {
  const use = (fresh && fresh.last_use) || row.last_use || {}, weighed = live.evidenceOf(row.id) || row.evidence || {};
  const at = lastUse(row.id, use.at);
  const owner = row.owner_name || row.owner_id, name = row.hint || row.id;
  const requests = row.requests || 0, errors = row.errors || 0;
  return html`<tr data-row aria-rowindex=${index} class=${'s-' + (row.state || '')}>
    <td class="statecol"><${State} name=${row.state} bare /></td>
    <td class="key"><div class="named"><${A} href=${tokenLink(row.id)} data-j title=${name}>${name}<//>${row.environment === 'holter-demo' ? html`<span class="demo">demo</span>` : ''}${row.direction === 'outbound' ? html`<span class="tag" title="A key that your services use elsewhere">out</span>` : ''}</div><div class="second" title=${[owner, row.owner_team].filter(Boolean).join(', ')}>${owner || 'no owner'}${row.owner_team ? ' · ' + row.owner_team : ''}</div></td>
    <td class="stripcol"><${Strip} strip=${row.strip} id=${row.id} width=${width} height=${28} label=${`${exact(requests)} requests, ${exact(errors)} errors, ${stateOf(row.state).word}`} />
      <div class="narrowonly under-strip"><${Meter} ...${weighed} /></div></td>
    <td class="number wide" title=${exact(requests)}>${count(requests)}</td>
    <td class=${'number wide2' + (errors ? '' : ' soft')} title=${exact(errors)}>${requests ? share(errors / requests) : '–'}</td>
    <td class="wide"><${Meter} ...${weighed} /></td>
    <td class="wide2 last"><${Time} at=${at} /><div class="second" title=${[use.network, use.client, use.route].filter(Boolean).join(' · ') + ' · ' + absolute(use.at)}>${use.country ? html`<${Country} code=${use.country} /> ` : ''}${use.client || use.network || ''}</div></td>
  </tr>`;
}
