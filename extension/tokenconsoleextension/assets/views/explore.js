import { html, useContext, useMemo, useState } from '../lib/html.js';
import { address, useAnswer, useShown } from '../lib/api.js';
import { asked, change, counted, dimensions, filters, go, link, ofTokens, subjects, tokenLink } from '../lib/url.js';
import { changed, country, duration, exact, measures, share, span } from '../lib/format.js';
import { dimension, outcomes } from '../lib/words.js';
import { A, Bar, Country, Pane, Time } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { BeatTable, Heartbeat } from '../ui/heartbeat.js';
import { Spark } from '../ui/strip.js';
import { Table } from '../ui/table.js';
import { Me, Traces } from '../ui/traces.js';

export const title = () => 'Explore';

// useTags are the keys of tags that tokens have here.
function useTags(params, later) {
  const only = new URLSearchParams({ limit: '200', sort: '-last_used' });
  if (params.get('demo')) only.set('demo', params.get('demo'));
  const { data } = useAnswer(later ? address('tokens', only) : null);
  return useMemo(() => [...new Set(((data && data.tokens) || []).flatMap((t) => Object.keys(t.tags || {})))].sort(), [data]);
}

const groups = ['token', 'owner', 'team', ...dimensions];
const quantile = (measure) => ['p50', 'p95', 'p99', 'tokens', 'owners'].includes(measure);
const named = (group, row) => (group === 'country' ? country(row.key) : group === 'outcome' ? outcomes[row.key] || row.key : row.label || row.key || 'none');
const zoom = (a, b) => go(change({ from: new Date(a).toISOString().replace('.000Z', 'Z'), to: new Date(b).toISOString().replace('.000Z', 'Z') }), { keep: true });
const whole = () => go(change({ from: null, to: null }), { keep: true });

export function View({ query }) {
  const measure = measures[query.get('measure')] ? query.get('measure') : 'requests';
  const other = dimensions.find((d) => query.getAll(d).length);
  const me = useContext(Me), some = [...subjects, 'q'].some((name) => query.has(name)) || query.get('demo') === 'only' || !!(me.tenants || []).length || !!(me.teams || []).length;
  const can = { measure: (m) => counted(m, [other], some), group: (g) => counted(measure, [g, other], some || !dimensions.includes(g)) };
  const known = (g) => g && (groups.includes(g) || g.startsWith('tag:')) && can.group(g);
  const group = [query.get('group'), other, 'token'].find(known) || 'token';
  const names = filters.filter((name) => (dimensions.includes(name) ? counted(measure, [name], some) : counted(measure, [other], true)));
  const params = useMemo(() => asked(query), [query.toString()]);
  const step = query.get('step') || ''; // without one Holter takes what fits the range
  const with_ = (extra) => { const p = new URLSearchParams(params); for (const [k, v] of Object.entries(extra)) if (v !== '') p.set(k, v); return p; };
  // Requests by their outcome are the chart's errors as well: one question in place of two.
  const split = measure === 'requests' && !other;
  const url = address('series', with_({ measure, step, ...(split ? { group: 'outcome', limit: 20 } : { limit: 1 }) }));
  // The chart comes first: what stands below it is asked for once it is painted.
  const [shown, setShown] = useState({});
  const later = shown.url === url;
  const [over, setOver] = useState(null);

  return html`
    <div class="head"><h1>Explore</h1><${Chips} query=${query} names=${names}><${Range} query=${query} /><//></div>
    <${Controls} query=${query} can=${can} other=${other} params=${params} measure=${measure} group=${group} step=${step} taken=${shown.step} later=${later} with_=${with_} />
    <${Chart} url=${url} measure=${measure} over=${over} onOut=${query.get('from') ? whole : null} onShown=${setShown} />
    <${Breakdown} query=${query} measure=${measure} group=${group} later=${later} setOver=${setOver} url=${address('series', with_({ measure, group, step, limit: 50 }))} topUrl=${address('top', with_({ measure, group, limit: 50 }))} />
    <${Latest} query=${query} params=${params} later=${later} />`;
}

function Controls({ query, params, can, other, measure, group, step, taken, later, with_ }) {
  const tags = useTags(params, later);
  const usage = ['bytes_in', 'bytes_out', 'units', 'cost'].includes(measure) ? measure : ['unit', 'model'].includes(other) ? 'units' : '';
  return html`<div class="controls">
      <label><span class="soft">count</span><select value=${measure} onChange=${(e) => go(change({ measure: e.currentTarget.value === 'requests' ? null : e.currentTarget.value }), { keep: true })}>${Object.entries(measures).map(([key, v]) => html`<option key=${key} value=${key} disabled=${!can.measure(key)}>${v.label}</option>`)}</select></label>
      <label><span class="soft">by</span><select value=${group} onChange=${(e) => go(change({ group: e.currentTarget.value }), { keep: true })}>${groups.map((g) => html`<option key=${g} value=${g} disabled=${!can.group(g)}>${dimension[g]}</option>`)}${[...new Set([...tags.map((t) => 'tag:' + t), ...(group.startsWith('tag:') ? [group] : [])])].map((t) => html`<option key=${t} value=${t} disabled=${!can.group(t)}>tag ${t.slice(4)}</option>`)}</select></label>
      <label><span class="soft">step</span><select value=${step} onChange=${(e) => go(change({ step: e.currentTarget.value || null }), { keep: true })}><option value="">auto${!step && taken ? ` (${span(duration(taken))})` : ''}</option>${['1m', '10m', '1h', '6h', '1d'].map((s) => html`<option key=${s} value=${s}>${span(duration(s))}</option>`)}</select></label>
      <span class="right"><a href=${'/api/v1/export?' + with_({ what: 'series', format: 'csv', measure, group, step })} download>Export CSV</a> <a href=${'/api/v1/export?' + with_({ what: 'usage', format: 'jsonl', measure: usage })} download>Export usage as JSONL</a></span>
    </div>`;
}

// Chart asks for its own answer, so that nothing else is drawn again when it comes. onShown is told {url, step} once it has been on the screen.
function Chart({ url, measure, over, onOut, onShown }) {
  const answer = useAnswer(url), { data, error, waiting } = answer, m = measures[measure];
  useShown(!waiting || !!error ? url : '', () => onShown({ url, step: data && data.step }));
  const beat = useMemo(() => {
    if (!data) return null;
    const list = data.series || [], n = list.length ? list[0].points.length : Math.round((Date.parse(data.to) - Date.parse(data.from)) / duration(data.step));
    const beat = { from: Date.parse(data.from), step: duration(data.step), requests: added(list, n) };
    if (list.some((s) => outcomes[s.key])) beat.errors = added(list.filter((s) => s.key && s.key !== 'success'), n);
    if (over && over.points.length === beat.requests.length) beat.overlay = over;
    return beat;
  }, [data, over]);
  return html`<${Pane} answer=${answer} rows=${5}>${() => html`<${Heartbeat} data=${beat} height=${160} unit=${m.unit || m.label} format=${m.format} label=${m.label} onZoom=${zoom} onOut=${onOut} per=${!quantile(measure)} /><${BeatTable} data=${beat} unit=${m.label} format=${m.format} />`}<//>`;
}

// Breakdown is the table below the chart: one row for each value of what is grouped by.
function Breakdown({ query, measure, group, later, setOver, url, topUrl }) {
  const series = useAnswer(later ? url : null), top = useAnswer(later ? topUrl : null), m = measures[measure];
  const table = useMemo(() => series.data && body(series.data), [series.data, top.data]); // not with each change above it
  return html`<${Pane} answer=${series} rows=${8}>${() => table}<//>`;

  function body(data) {
    const before = new Map(((top.data && top.data.rows) || []).map((r) => [r.key, r]));
    const list = data.series || [], most = Math.max(1e-12, ...list.map((s) => s.total || 0));
    const sum = quantile(measure) ? 0 : list.reduce((a, s) => a + s.total, 0) + ((data.rest && data.rest.total) || 0);
    const peak = Math.max(1e-12, ...list.flatMap((s) => s.points || []).filter((v) => v));
    const lay = (s) => () => setOver({ label: named(group, s), points: (s.points || []).map((v) => v || 0) });
    const drill = (row) => { const changes = group.startsWith('tag:') ? { tag: [...query.getAll('tag'), group.slice(4) + ':' + row.key] } : { [group]: row.key }; if (dimensions.includes(group)) for (const d of dimensions) if (d !== group) changes[d] = null; return change({ ...changes, group: group === 'token' ? 'route' : null }); };
    const columns = [
      { key: 'label', label: group.startsWith('tag:') ? group : dimension[group], grow: true, value: (s) => named(group, s), cell: (s) => html`${s.key ? html`<${A} href=${drill(s)} keep=${true} data-j onFocus=${lay(s)} title=${'only ' + named(group, s)}>${named(group, s)}<//>` : named(group, s)}${group === 'country' && s.key ? html` <span class="soft">${s.key}</span>` : ''}${group === 'token' && s.key ? html` <${A} class="soft" href=${tokenLink(s.key)}>open<//>` : ''}` },
      { key: 'total', label: m.label, number: true, cell: (s) => html`<span title=${measure === 'requests' ? exact(s.total) : undefined}>${m.format(s.total)}</span>` },
      ...(quantile(measure) ? [] : [{ key: 'share', label: 'share', number: true, wide: true, value: (s) => s.total / (sum || 1), cell: (s) => html`${share(s.total / (sum || 1))} <${Bar} part=${s.total / most} />` }]),
      { key: 'previous', label: 'compared', wide: true, value: (s) => (before.get(s.key) || {}).previous, cell: (s) => (before.has(s.key) ? html`<span class="soft">${changed(before.get(s.key).value, before.get(s.key).previous)}</span>` : '') },
      { key: 'points', label: 'over time', sort: false, bare: true, cell: (s) => html`<span onPointerEnter=${lay(s)} onPointerLeave=${() => setOver(null)}><${Spark} points=${(s.points || []).map((v) => v || 0)} width=${200} top=${query.get('scale') === 'own' ? 0 : peak} label=${named(group, s) + ' over time'} /></span>` },
    ];
    return html`<section><div class="titled"><h2>By ${group.startsWith('tag:') ? group : dimension[group]} <span class="soft figure">${exact(data.keys)}</span></h2><span class="soft">point at a row to lay it over the chart; open one to keep only it</span></div>
      <${Table} columns=${columns} rows=${list} id=${(s) => s.key} caption=${m.label + ' by ' + group} url=${url} data=${data} limit=${20} empty="Nothing was counted under this filter in this time. Take a chip away, or look at a longer time.">${data.rest && data.rest.total ? html`<span class="soft">all others: ${m.format(data.rest.total)}</span>` : ''}<//></section>`;
  }
}

const added = (list, n) => { const sum = new Array(n).fill(0); for (const s of list) for (let i = 0; i < n; i++) sum[i] += s.points[i] || 0; return sum; };

// Latest leads from what is counted to single requests.
function Latest({ query, params, later }) {
  const only = useMemo(() => { const p = new URLSearchParams(params); for (const d of dimensions) p.delete(d); p.set('sort', '-last_used'); p.set('limit', '20'); return p; }, [params.toString()]);
  const url = address('tokens', only), answer = useAnswer(later ? url : null), other = dimensions.find((d) => query.getAll(d).length);
  const matches = (t) => dimensions.every((d) => { const wanted = query.getAll(d); if (!wanted.length) return true; const u = t.last_use || {}; const is = { route: u.route, country: u.country, network: u.network, release: u.service + '@' + u.version, service: u.service, client: u.client }[d]; return is === undefined || wanted.includes(is); });
  const columns = [
    { key: 'at', label: 'when', value: (t) => (t.last_use || {}).at, cell: (t) => html`<${Time} at=${(t.last_use || {}).at} />` },
    { key: 'hint', label: 'key', cell: (t) => html`<${A} href=${tokenLink(t.id)} data-j>${t.hint || t.id}<//>` },
    { key: 'route', label: 'route', grow: true, value: (t) => (t.last_use || {}).route },
    { key: 'from', label: 'from', wide: true, value: (t) => [(t.last_use || {}).network, (t.last_use || {}).country].filter(Boolean).join(', '), cell: (t) => html`<${Country} code=${(t.last_use || {}).country} /> <span class="soft">${(t.last_use || {}).network}</span>` },
    { key: 'client', label: 'client', wide: true, value: (t) => (t.last_use || {}).client },
    { key: 'trace', label: 'trace', value: (t) => (t.last_use || {}).trace, cell: (t) => html`<${Traces} id=${(t.last_use || {}).trace} />` },
  ];
  return html`<section><div class="titled"><h2>Latest requests</h2><span class="soft">the last of each token, with its trace</span><${A} class="right" href=${link('/anomalies', {}, [...ofTokens, 'from', 'to'])}>${other ? `anomalies, whatever the ${dimension[other]}` : 'anomalies under this filter'}<//></div>
    <${Pane} answer=${answer} rows=${4}>${(data) => html`<${Table} columns=${columns} rows=${(data.tokens || []).filter(matches)} id=${(t) => t.id} caption="Latest requests" url=${url} limit=${8} empty="No request of these tokens is kept." />`}<//></section>`;
}
