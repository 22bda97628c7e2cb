import { html, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { change, go, link, subjects, tokenLink } from '../lib/url.js';
import { count, exact, money, share } from '../lib/format.js';
import { A, Bar, Pane } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { over } from '../ui/range.js';
import { Table } from '../ui/table.js';

export const title = () => 'Spend';

export function View({ query }) {
  const group = ['token', 'owner', 'model'].includes(query.get('group')) ? query.get('group') : 'owner';
  const params = useMemo(() => { const p = over(query, '-30d'); p.set('group', group); return p; }, [query.toString()]);
  const url = address('spend', params), answer = useAnswer(url);
  const to = (r) => (group === 'token' ? tokenLink(r.key) : link('/explore', { [group]: r.key, measure: 'cost', group: 'token' }));
  return html`<div class="head"><h1>Spend</h1><${Chips} query=${query} names=${[...subjects, 'model']}><${Range} query=${query} initial="-30d" /><//></div>
    <p class="soft lead">What language models and other priced units cost, by who used them.</p>
    <div class="controls"><label><span class="soft">by</span><select value=${group} onChange=${(e) => go(change({ group: e.currentTarget.value === 'owner' ? null : e.currentTarget.value }), { keep: true })}>${['owner', 'token', 'model'].map((g) => html`<option key=${g} value=${g}>${g}</option>`)}</select></label></div>
    <${Pane} answer=${answer} rows=${8}>${(data) => {
      const rows = data.rows || [], most = Math.max(1e-9, ...rows.map((r) => r.cost || 0)), sum = rows.reduce((a, r) => a + (r.cost || 0), 0) || 1;
      const units = [...new Set(rows.flatMap((r) => Object.keys(r.units || {})))];
      const columns = [
        { key: 'label', label: group, grow: true, value: (r) => r.label || r.key, cell: (r) => (r.key ? html`<${A} href=${to(r)} class="clip" data-j>${r.label || r.key}<//>` : 'none') },
        { key: 'cost', label: 'cost', number: true, cell: (r) => html`<b>${money(r.cost, r.currency)}</b>` },
        { key: 'share', label: 'share', number: true, wide: true, value: (r) => r.cost / sum, cell: (r) => html`${share(r.cost / sum)} <${Bar} part=${r.cost / most} />` },
        ...units.map((u) => ({ key: u, label: u.replace(/_/g, ' '), number: true, wide: units.length > 1 && u !== units[0], value: (r) => (r.units || {})[u], cell: (r) => html`<span title=${exact((r.units || {})[u])}>${count((r.units || {})[u])}</span>` })),
      ];
      const total = data.total && typeof data.total === 'object' ? data.total.cost : data.total;
      return html`<${Table} columns=${columns} rows=${rows} order="-cost" id=${(r) => r.key} caption=${'Spend by ' + group} url=${url} limit=${50} empty="Nothing priced was used in this time. Prices come from the file that token_behavior is given."><span>together <b>${money(total, (rows[0] || {}).currency)}</b></span><//>`;
    }}<//>`;
}
