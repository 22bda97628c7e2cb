// What a person says of an anomaly reaches token_behavior through the journal.
import { html, useContext, useState } from '../lib/html.js';
import { post } from '../lib/api.js';
import { absolute, relative } from '../lib/format.js';
import { Me } from './traces.js';
import { Trouble } from './bits.js';

const ways = { benign: ['Benign', 'This is how it behaves now: it is learned, and what spoke for the anomaly is not raised again'], malicious: ['Malicious', 'This was not its owner: nothing of it is learned'] };

export function Feedback({ anomaly, done, compact, brief }) {
  const me = useContext(Me), may = (me.roles || []).some((r) => r === 'respond' || r === 'admin');
  const [state, set] = useState({});
  const [facet, setFacet] = useState('');
  if (!anomaly.token) return html`<span class="soft">It is about many tokens: answer their own anomalies.</span>`;
  const given = (anomaly.feedback || [])[0], facets = (anomaly.contributions || []).filter((c) => c.nats && c.facet);
  const say = async (verdict) => {
    set({ busy: verdict });
    try {
      const body = { verdict };
      if (facet && verdict === 'benign') body.facet = facet;
      const answer = await post(`anomalies/${encodeURIComponent(anomaly.id)}/feedback`, body);
      set({ said: verdict, sequence: answer.sequence });
      if (done) setTimeout(done, 300);
    } catch (error) { set({ error }); }
  };
  const attributes = given && given.attributes ? (typeof given.attributes === 'string' ? JSON.parse(given.attributes) : given.attributes) : {};
  const before = given ? attributes.verdict || attributes['feedback.verdict'] || attributes['api_token.feedback.verdict'] || given.body : '';
  return html`<div class="feedback" role="group" aria-label="Feedback">
    ${compact ? html`<span>The latest anomaly was</span>` : ''}
    ${Object.entries(ways).map(([verdict, [label, about]]) => html`<button key=${verdict} type="button" class=${verdict} disabled=${!may || !!state.busy} aria-pressed=${state.said === verdict ? 'true' : 'false'} title=${about} onClick=${() => say(verdict)}>${state.busy === verdict ? 'Saying …' : label}</button>`)}
    ${!compact && !brief && facets.length > 1 ? html`<label><span class="soft">benign for</span><select value=${facet} onChange=${(e) => setFacet(e.currentTarget.value)}><option value="">all of it</option>${[...new Set(facets.map((c) => c.facet))].map((f) => html`<option key=${f} value=${f}>${f} only</option>`)}</select></label>` : ''}
    ${state.said ? html`<span class="done" role="status">✓ Said: ${state.said}. ${state.said === 'benign' ? 'The baseline takes it from here.' : 'Nothing of it is learned.'}</span>` : given ? html`<span class="soft" title=${absolute(given.time)}>${given.by ? given.by + ' said ' : 'said '}${before} ${relative(given.time)}</span>` : ''}
    ${state.error ? html`<${Trouble} error=${state.error} />` : ''}
  </div>`;
}
