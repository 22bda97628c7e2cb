import { html, useContext, useMemo } from '../lib/html.js';
import { address, useAnswer } from '../lib/api.js';
import { asked, link } from '../lib/url.js';
import { count, exact, share } from '../lib/format.js';
import { A, Pane } from '../ui/bits.js';
import { Chips, Range } from '../ui/filters.js';
import { Code, Snippets } from '../ui/snippets.js';
import { Spark } from '../ui/strip.js';
import { Table } from '../ui/table.js';
import { Status } from '../ui/demo.js';

export const title = () => 'Coverage';

const pointsOf = (series) => { const one = Array.isArray(series) ? (series.length && typeof series[0] === 'object' && series[0] ? series[0].points : series) : series && series.points; return (one || []).map((v) => v || 0); };

export function View({ query }) {
  const status = useContext(Status);
  const params = useMemo(() => asked(query), [query.toString()]);
  const url = address('coverage', params), answer = useAnswer(url);
  const columns = [
    { key: 'service', label: 'service', grow: true, cell: (s) => html`<${A} href=${link('/explore', { service: s.service, group: 'token' })} data-j>${s.service}<//>` },
    { key: 'share', label: 'with a token', number: true, cell: (s) => html`<span class=${s.share < 0.5 ? 'alarm' : ''}>${s.share < 0.5 ? '▲ ' : ''}${share(s.share)}</span>` },
    { key: 'bar', label: 'with, none, unreadable', sort: false, bare: true, wide: true, cell: (s) => { const all = s.with + s.without + s.unreadable || 1; return html`<span class="stack" role="img" aria-label=${`${share(s.with / all)} with a token, ${share(s.without / all)} with none, ${share(s.unreadable / all)} unreadable`}><i class="a" style=${{ width: (100 * s.with / all).toFixed(1) + '%' }}></i><i class="b" style=${{ width: (100 * s.without / all).toFixed(1) + '%' }}></i><i class="c" style=${{ width: (100 * s.unreadable / all).toFixed(1) + '%' }}></i></span>`; } },
    { key: 'with', label: 'with', number: true, wide: true, cell: (s) => html`<span title=${exact(s.with)}>${count(s.with)}</span>` },
    { key: 'without', label: 'none', number: true, cell: (s) => html`<span title=${exact(s.without)}>${count(s.without)}</span>` },
    { key: 'unreadable', label: 'unreadable', number: true, cell: (s) => html`<span title=${exact(s.unreadable)}>${count(s.unreadable)}</span>` },
    { key: 'series', label: 'over time', sort: false, bare: true, wide: true, cell: (s) => html`<${Spark} points=${pointsOf(s.series)} width=${140} label=${'server spans of ' + s.service} />` },
  ];
  return html`<div class="head"><h1>Coverage</h1><${Chips} query=${query} names=${['service']}><${Range} query=${query} /><//></div>
    <p class="soft lead">Server spans that came with a credential which Holter could read. What it cannot see it cannot watch.</p>
    <${Pane} answer=${answer} rows=${6}>${(data) => {
      const services = data.services || [], broken = services.filter((s) => s.fix);
      return html`<${Table} columns=${columns} rows=${services} order="share" id=${(s) => s.service} caption="Coverage by service" url=${url} empty="No server span has arrived in this time. Below is how an app sends them." />
        ${broken.map((s) => html`<section key=${s.service}><div class="titled"><h2>${s.service}: ${s.fix.title}</h2></div><${Code} text=${s.fix.snippet} what=${s.service + ': ' + s.fix.title} /></section>`)}
        ${services.length && !broken.length ? '' : html`<section><div class="titled"><h2>How an app shows its credential</h2></div><${Snippets} otlp=${status.otlp} /></section>`}`;
    }}<//>`;
}
