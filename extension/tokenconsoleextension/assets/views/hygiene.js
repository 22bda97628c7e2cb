import { html, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { asked, change, go, subjects } from '../lib/url.js';
import { exact, share } from '../lib/format.js';
import { hygiene } from '../lib/words.js';
import { A, Empty, Pane, Time } from '../ui/bits.js';
import { Chips } from '../ui/filters.js';
import { Key, Owner, idOf, nameOf, ownerName } from '../ui/keytoken.js';
import { Table } from '../ui/table.js';

export const title = () => 'Hygiene';

export function View({ query }) {
  const days = query.get('days') || '90', kind = query.get('kind') || '';
  const params = useMemo(() => { const p = asked(query); p.delete('from'); p.delete('to'); p.set('days', days); return p; }, [query.toString()]);
  const url = address('hygiene', params), answer = useAnswer(url);
  return html`<div class="head"><h1>Hygiene</h1><${Chips} query=${query} names=${subjects} /></div>
    <div class="controls"><label><span class="soft">unused and unrotated means</span><select value=${days} onChange=${(e) => go(change({ days: e.currentTarget.value === '90' ? null : e.currentTarget.value }), { keep: true })}>${['7', '14', '30', '60', '90', '180', '365'].map((d) => html`<option key=${d} value=${d}>${d} days</option>`)}</select></label></div>
    <${Pane} answer=${answer} rows=${8}>${(data) => {
      const all = data.findings || [], counts = data.counts || {}, kinds = Object.keys(hygiene).filter((k) => counts[k] || all.some((f) => f.kind === k));
      if (!all.length) return html`<${Empty}>Nothing to tidy up: every token has an owner, is used, and is no older than it should be.<//>`;
      return html`<nav class="kinds" aria-label="Kinds of findings"><${A} href=${change({ kind: null })} keep aria-current=${kind ? undefined : 'true'}>all <b>${exact(all.length)}</b><//>${kinds.map((k) => html`<${A} key=${k} href=${change({ kind: k })} keep aria-current=${kind === k ? 'true' : undefined}>${hygiene[k][0].toLowerCase()} <b>${exact(counts[k] || all.filter((f) => f.kind === k).length)}</b><//>`)}</nav>
        ${kinds.filter((k) => !kind || k === kind).map((k) => html`<section key=${k}><div class="titled"><h2>${hygiene[k][0]} <span class="soft figure">${exact(counts[k] || 0)}</span></h2><span class="soft">${hygiene[k][1]}</span></div><${Findings} list=${all.filter((f) => f.kind === k)} url=${url} kind=${k} /></section>`)}`;
    }}<//>`;
}

function Findings({ list, url, kind }) {
  const columns = [
    { key: 'token', label: 'key', value: (f) => nameOf(f.token, f.hint), cell: (f) => html`<${Key} token=${f.token} label=${f.hint} />` },
    { key: 'owner', label: 'owner', value: (f) => ownerName(f.owner), cell: (f) => (ownerName(f.owner) ? html`<${Owner} owner=${f.owner} />` : f.guess ? html`<span title="A guess from the company that it keeps">${ownerName(f.guess.owner)}? <span class="soft">${share(f.guess.confidence)} sure</span></span>` : html`<span class="soft">no owner</span>`) },
    { key: 'words', label: 'what', grow: true, cell: (f) => html`${f.words}` },
    { key: 'since', label: 'since', value: (f) => f.since, cell: (f) => (f.since ? html`<${Time} at=${f.since} />` : html`<span class="soft">–</span>`) },
    { key: 'action', label: 'do', wide: true, cell: (f) => f.action },
  ];
  return html`<${Table} columns=${columns} rows=${list} id=${(f) => idOf(f.token) + f.since} caption=${hygiene[kind][0] + ' tokens'} url=${url} limit=${10} />`;
}
