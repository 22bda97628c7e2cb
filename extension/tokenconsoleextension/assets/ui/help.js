import { html, useEffect, useRef } from '../lib/html.js';
import { marks, severities, states } from '../lib/words.js';

const keys = [['/', 'search'], ['j  k', 'next and previous row'], ['Enter', 'open it'], ['g then o e a i h', 'overview, explore, anomalies, response (incidents), hygiene'], ['g then c l p r y s', 'coverage, limits, plans, routes, capacity, spend'], ['u', 'times: relative or UTC'], ['t', 'theme: system, light, dark'], ['← → in a chart', 'move the cursor; + and − zoom'], ['arrows in a heat map', 'move through the week'], ['Esc', 'close; then leave the field'], ['?', 'this']];

export function Help({ close }) {
  const ref = useRef(null);
  useEffect(() => { ref.current.showModal(); }, []);
  return html`<dialog class="help" ref=${ref} onClose=${close} aria-labelledby="help-title" onClick=${(e) => e.target === ref.current && ref.current.close()}>
    <div class="titled"><h2 id="help-title">Keys, and how to read it</h2><button type="button" class="plain right" onClick=${() => ref.current.close()}>close</button></div>
    <div class="two"><dl class="keys">${keys.map(([k, what]) => html`<div key=${k}><dt>${k.split(/\s+/).map((x) => (['then', 'in', 'a', 'chart', 'heat', 'map'].includes(x) && k.length > 3 ? html`<span>${x} </span>` : html`<kbd>${x}</kbd> `))}</dt><dd>${what}</dd></div>`)}</dl>
    <div><h3>The strip</h3><p>Requests beat above the line, errors below it. The shade behind is what the token has learned to be normal at this hour of the week. The right end is the last minute, second by second.</p>
      <h3>Evidence</h3><p>How much speaks against the token, in nats, of what the alert budget asks for. It fills before it alerts.</p>
      <dl class="keys">${Object.values(states).map((s) => html`<div key=${s.word}><dt><span aria-hidden="true">${s.glyph}</span> ${s.word}</dt><dd>${s.about}</dd></div>`)}${Object.values(severities).map((s) => html`<div key=${s.word}><dt><span aria-hidden="true">${s.glyph}</span> ${s.word}</dt><dd>${s.about}</dd></div>`)}
      <div><dt>${Object.values(marks).map((m) => html`<span aria-hidden="true">${m.glyph} </span>`)}</dt><dd>marks: ${Object.values(marks).map((m) => m.word).join(', ')}</dd></div></dl></div></div></dialog>`;
}
