// A token in a table, whether an answer holds it whole, by its id, or by its hint.
import { html } from '../lib/html.js';
import { tokenLink, link } from '../lib/url.js';
import { A } from './bits.js';

export const idOf = (t) => (t && typeof t === 'object' ? t.id : t);
export const nameOf = (t, label) => (t && typeof t === 'object' ? t.hint || t.id : label || t) || '';
export const ownerName = (o) => (o && typeof o === 'object' ? o.name || o.id : o) || '';

export const Key = ({ token, label }) => (idOf(token) ? html`<${A} href=${tokenLink(idOf(token))} class="clip" data-j>${nameOf(token, label)}<//>` : html`<span class=${label ? '' : 'soft'}>${label || '–'}</span>`);
export const Owner = ({ owner }) => (ownerName(owner) ? html`<${A} href=${link('/explore', { owner: typeof owner === 'object' ? owner.id : owner, group: 'token' })} class="clip">${ownerName(owner)}<//>` : html`<span class="soft">no owner</span>`);
export const Route = ({ route }) => html`<${A} href=${link('/explore', { route, group: 'route' })} class="clip" data-j>${route}<//>`;
