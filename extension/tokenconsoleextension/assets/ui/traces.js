// A trace id, and where it can be opened: link templates come from the configuration.
import { html, createContext, useContext } from '../lib/html.js';
import { CopyButton } from './copy.js';

export const Me = createContext({});

export function Traces({ id, links }) {
  const me = useContext(Me);
  if (!id) return html`<span class="soft">–</span>`;
  const all = links || (me.trace_links || []).map((l) => ({ name: l.name, url: l.url.replaceAll('{trace_id}', encodeURIComponent(id)) }));
  return html`<span class="trace">${all.length ? all.map((l) => html`<a key=${l.name} href=${l.url} target="_blank" rel="noopener noreferrer">${l.name}</a> `) : ''}<code title=${id}>${id.slice(0, 8)}…</code> <${CopyButton} text=${id} label="copy" what="trace id" /></span>`;
}
