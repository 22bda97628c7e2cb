// Search finds a token by its key's visible part, its id, its owner or a tag.
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { address, get } from '../lib/api.js';
import { go, link, tokenLink } from '../lib/url.js';
import { relative } from '../lib/format.js';
import { State } from './bits.js';

export function Search() {
  const [text, setText] = useState('');
  const [found, setFound] = useState(null);
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    const q = text.trim();
    setAt(-1);
    if (!q) { setFound(null); return undefined; }
    const control = new AbortController();
    const timer = setTimeout(() => get(address('tokens', new URLSearchParams({ q, limit: '8', sort: '-last_used' })), control.signal).then(setFound).catch((error) => error.name === 'AbortError' || setFound({ tokens: [], error })), 120);
    return () => { clearTimeout(timer); control.abort(); };
  }, [text]);
  useEffect(() => {
    const away = (event) => { if (box.current && !box.current.contains(event.target)) setOpen(false); };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, []);
  const list = (found && found.tokens) || [];
  const leave = () => { setOpen(false); setText(''); box.current.querySelector('input').blur(); };
  const key = (event) => {
    if (event.key === 'ArrowDown') setAt(Math.min(list.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(-1, at - 1));
    else if (event.key === 'Escape') { leave(); } else if (event.key === 'Enter') {
      if (at >= 0 && list[at]) go(tokenLink(list[at].id)); else if (text.trim()) go(link('/', { q: text.trim() }));
      leave();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const expanded = open && !!text.trim() && !!found;
  return html`<div class="search" ref=${box} role="search">
    <input id="search" type="search" placeholder="Search tokens, owners, tags" aria-label="Search tokens" role="combobox" aria-expanded=${expanded ? 'true' : 'false'} aria-controls="found" aria-autocomplete="list" aria-activedescendant=${expanded && at >= 0 ? 'found-' + at : undefined}
      autocomplete="off" spellcheck=${false} value=${text} onInput=${(e) => { setText(e.currentTarget.value); setOpen(true); }} onFocus=${() => setOpen(true)} onKeyDown=${key} /><kbd aria-hidden="true">/</kbd>
    <ul id="found" role="listbox" aria-label="Tokens found" hidden=${!expanded}>${expanded ? html`${list.map((t, i) => html`<li key=${t.id} id=${'found-' + i} role="option" aria-selected=${i === at ? 'true' : 'false'} onPointerDown=${(e) => { e.preventDefault(); go(tokenLink(t.id)); leave(); }}>
      <${State} name=${t.state} bare /> <b>${t.hint || t.id}</b> <span class="soft">${[t.owner_name || t.owner_id, t.owner_team].filter(Boolean).join(', ')}</span><span class="soft right">${relative((t.last_use || {}).at)}</span></li>`)}
      ${list.length ? '' : html`<li role="option" aria-selected="false" aria-disabled="true" class="soft">${found.error ? found.error.message : 'No token has this in its key, id, owner or tags.'}</li>`}` : ''}</ul>
  </div>`;
}
