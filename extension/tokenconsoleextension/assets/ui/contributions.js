// Why: what each side of a token's behaviour added to the evidence, in plain words.
import { html } from '../lib/html.js';
import { share } from '../lib/format.js';

const attributes = (event) => {
  if (!event || !event.attributes) return {};
  if (typeof event.attributes === 'string') { try { return JSON.parse(event.attributes); } catch { return {}; } }
  return event.attributes;
};

export function Contributions({ list, event }) {
  const a = attributes(event), score = a['anomaly.score'], limit = a['anomaly.threshold'];
  const most = Math.max(1e-9, ...list.map((c) => c.nats || 0));
  return html`<div class="why"><table><caption class="sr">Contributions to the evidence</caption><thead><tr><th scope="col">what</th><th scope="col" class="wide"><span class="sr">size</span></th><th scope="col" class="number">evidence</th><th scope="col" class="number wide">share</th></tr></thead>
    <tbody>${list.map((c, i) => html`<tr key=${i}><td>${c.words || c.facet}${c.others ? html`<br/><span class="soft">${c.others}</span>` : ''}</td><td class="wide"><span class="bar1 alarmbar" aria-hidden="true"><span style=${{ width: (100 * (c.nats || 0) / most).toFixed(1) + '%' }}></span></span></td><td class="number">${c.nats ? c.nats.toFixed(1) + ' nats' : 'by rule'}</td><td class="number wide">${c.share ? share(c.share) : ''}</td></tr>`)}</tbody></table>
    ${limit ? html`<p class="soft">Together ${Number(score).toFixed(1)} nats; the alert budget asks for ${Number(limit).toFixed(1)}. One nat makes theft 2.7 times as likely.</p>` : ''}</div>`;
}
