import { html, useMemo, useState, useEffect } from '../lib/html.js';
import { address, get, useAnswer } from '../lib/api.js';
import { anomalyLink, change, go, subjects, tokenLink } from '../lib/url.js';
import { detector, detectors, severities } from '../lib/words.js';
import { A, Pane, Severity, Time, Trouble } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { over } from '../ui/range.js';
import { Table } from '../ui/table.js';
import { Feedback } from '../ui/feedback.js';
import { Traces } from '../ui/traces.js';

export const title = () => 'Anomalies';

export function View({ query }) {
  const names = query.getAll('detector'), grave = query.getAll('severity');
  const params = useMemo(() => { const p = over(query, '-7d'); for (const d of names) p.append('detector', d); for (const s of grave) p.append('severity', s); p.set('limit', '100'); return p; }, [query.toString()]);
  const url = address('anomalies', params), answer = useAnswer(url, { every: 15_000 });
  const [more, setMore] = useState({ list: [], next: null, error: null });
  useEffect(() => setMore({ list: [], next: null, error: null }), [url]);
  const load = async (cursor) => {
    try {
      const p = new URLSearchParams(params); p.set('cursor', cursor);
      const page = await get(address('anomalies', p));
      setMore((m) => ({ list: [...m.list, ...(page.anomalies || [])], next: page.next || '', error: null }));
    } catch (error) { setMore((m) => ({ ...m, error })); }
  };
  const exported = new URLSearchParams([...params, ['what', 'anomalies'], ['format', 'jsonl']]);
  exported.delete('limit'); // all of them, not a page
  const columns = [
    { key: 'severity', label: 'grade', value: (e) => ['WARN', 'ERROR', 'FATAL'].indexOf(e.severity), cell: (e) => html`<${Severity} name=${e.severity} />` },
    { key: 'time', label: 'when', cell: (e) => html`<${Time} at=${e.time} />` },
    { key: 'token', label: 'key', wide: true, cell: (e) => (e.token ? html`<${A} href=${tokenLink(e.token)}>${hintOf(e)}<//><div class="second">${ownerOf(e)}</div>` : '') },
    { key: 'name', label: 'what', grow: true, value: (e) => e.name, cell: (e) => html`<${A} href=${anomalyLink(e.id)} data-j><b>${detector(e.name)}</b><//><p class="sentence">${e.sentence || e.body}</p>${e.trace ? html`<${Traces} id=${e.trace} />` : ''}` },
    { key: 'trace', label: 'trace', hidden: true, value: (e) => e.trace },
    { key: 'feedback', label: 'answer', sort: false, bare: true, cell: (e) => html`<${Feedback} anomaly=${e} brief />` },
  ];
  return html`<div class="head"><h1>Anomalies</h1><${Chips} query=${query} names=${subjects}><${Range} query=${query} initial="-7d" /><//></div>
    <div class="controls"><label><span class="soft">what</span><select value=${names[0] || ''} onChange=${(e) => go(change({ detector: e.currentTarget.value || null }), { keep: true })}><option value="">everything</option>${Object.entries(detectors).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}</select></label>
      <label><span class="soft">severity</span><select value=${grave[0] || ''} onChange=${(e) => go(change({ severity: e.currentTarget.value || null }), { keep: true })}><option value="">any</option>${Object.entries(severities).map(([key, s]) => html`<option key=${key} value=${key}>${s.word}</option>`)}</select></label>
      <span class="right"><a href=${'/api/v1/export?' + exported} download>Export JSONL</a></span></div>
    <${Pane} answer=${answer} rows=${8}>${(data) => {
      const seen = new Set(), rows = [...(data.anomalies || []), ...more.list].filter((e) => !seen.has(e.id) && seen.add(e.id)), next = more.next === null ? data.next : more.next;
      return html`<${Table} columns=${columns} rows=${rows} id=${(e) => e.id} caption="Anomalies" url=${url} empty="None in this time: everybody behaves as they have learned to. A token is judged after five active days." >${next ? html`<button type="button" onClick=${() => load(next)}>Older ones</button>` : ''}<//>
        ${more.error ? html`<${Trouble} error=${more.error} />` : ''}`;
    }}<//>`;
}

export const attributesOf = (e) => { if (!e.attributes) return {}; if (typeof e.attributes !== 'string') return e.attributes; try { return JSON.parse(e.attributes); } catch { return {}; } };
export const hintOf = (e) => attributesOf(e)['api_token.hint'] || e.token;
export const ownerOf = (e) => attributesOf(e)['api_token.owner.name'] || e.owner || 'no owner';
