// Small things that many views are made of.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js';
import { absolute, country, parse, relative } from '../lib/format.js';
import { severity, state as stateOf } from '../lib/words.js';
import { useSecond } from '../lib/live.js';
import { go } from '../lib/url.js';

// Times are relative with the absolute in reach: under the pointer, for screen readers, and on the page with the key u.
let plain = false;
const retold = new Set();
export function toggleTimes() {
  plain = !plain;
  for (const again of retold) again();
}
export function Time({ at, fine = false }) {
  const [, again] = useState(0);
  useEffect(() => { const f = () => again((n) => n + 1); retold.add(f); return () => retold.delete(f); }, []);
  const d = parse(at);
  useSecond(d && Date.now() - d < 9e4 ? 1 : 30);
  if (!d) return html`<span class="soft">never</span>`;
  return html`<time class="time" datetime=${d.toISOString()} title=${plain ? relative(d) : absolute(d, true)}>${plain ? absolute(d, fine) : relative(d)}</time>`;
}

// A link of this page: opened without a new load, unless asked for otherwise.
export function A({ href, children, replace, keep, ...rest }) {
  const open = (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href, { replace, keep });
  };
  return html`<a href=${href} onClick=${open} ...${rest}>${children}</a>`;
}

export function State({ name, bare }) {
  const s = stateOf(name);
  return html`<span class=${'state ' + (name || 'none')} title=${s.about}><i aria-hidden="true">${s.glyph}</i>${bare ? html`<span class="sr">${s.word}</span>` : s.word}</span>`;
}

export function Severity({ name }) {
  const s = severity(name);
  return html`<span class=${'severity ' + (name || '')} title=${s.about}><i aria-hidden="true">${s.glyph}</i>${s.word}</span>`;
}

export const Country = ({ code }) => (code ? html`<abbr title=${country(code)}>${code}</abbr>` : html`<span class="soft">–</span>`);

// Meter is how much of the evidence that the alert budget asks for has come together.
export function Meter({ nats = 0, threshold = 0, learning, frozen, wide }) {
  if (!threshold) return html`<span class="meter none soft" title="Nothing has been weighed yet">${learning ? 'learning' : '–'}</span>`;
  const full = nats >= threshold, part = Math.max(0, Math.min(1, nats / threshold));
  const text = `${nats.toFixed(1)} of ${threshold.toFixed(1)} nats`;
  return html`<span class=${'meter' + (full ? ' full' : part > 0.5 ? ' high' : '') + (wide ? ' wide' : '')} title=${text + ' of evidence' + (frozen ? '; nothing is learned while this is open' : '')}>
    <span class="gauge" role="meter" aria-label="evidence" aria-valuemin="0" aria-valuemax=${threshold} aria-valuenow=${Math.min(nats, threshold)} aria-valuetext=${text}><span class="fill" style=${{ width: (part * 100).toFixed(1) + '%' }}></span></span>
    <span class="figure" aria-hidden="true">${full ? '▲ ' : ''}${nats.toFixed(1)}<span class="soft"> / ${threshold.toFixed(1)}</span></span></span>`;
}

// Waiting, Trouble and Empty take the place of what they stand for, and say what to do.
export const Waiting = ({ rows = 4, label = 'Reading the store' }) => html`<div class="waiting" role="img" aria-label=${label}>${Array.from({ length: rows }, (_, i) => html`<span key=${i}></span>`)}</div>`;

export function Trouble({ error, again }) {
  if (!error) return null;
  const hint = error.code === 'apart' ? 'Routes, countries, networks and the like are counted apart: keep one of them in the filter.' : error.status === 403 ? 'Your role does not allow this: ask an administrator.' : error.status === 429 ? 'Wait a moment, then try again.' : '';
  return html`<div class="trouble" role="group" aria-label="Something went wrong"><b>That could not be had.</b> ${error.message}${hint ? ' ' + hint : ''}${again ? html` <button type="button" class="plain" onClick=${again}>Try again</button>` : ''}</div>`;
}

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

// useLate says that something has lasted: most answers come before it is worth painting that they are awaited.
export function useLate(on, ms = 150) {
  const [late, set] = useState(false);
  useEffect(() => {
    if (!on) { set(false); return undefined; }
    const timer = setTimeout(() => set(true), ms);
    return () => clearTimeout(timer);
  }, [on, ms]);
  return on && late;
}

// Pane shows what an answer holds, or why not; older data stays while newer is fetched.
// With a name it is the whole view.
export function Pane({ answer, rows, children, again, name }) {
  const { data, error, waiting } = answer, late = useLate(waiting && data !== undefined);
  if (error && !data) return html`${name ? html`<h1>${name}</h1>` : ''}<${Trouble} error=${error} again=${again} />`;
  if (data === undefined) return html`${name ? html`<h1 class="sr">${name}</h1>` : ''}<${Waiting} rows=${rows} />`;
  return html`<div class=${'pane' + (late ? ' stale' : '')} aria-busy=${waiting ? 'true' : 'false'}>${error ? html`<${Trouble} error=${error} again=${again} />` : ''}${children(data)}</div>`;
}

// useWidth tells how wide an element is, and again when that changes.
export function useWidth(ref, initial = 0) {
  const [width, set] = useState(initial);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const measure = () => set(Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref.current]);
  return width;
}

// Menu is a button that opens what belongs to it; Esc and a click elsewhere close it.
export function Menu({ label, title, children, class: kind = '', open: start = false }) {
  const ref = useRef(null);
  const [open, set] = useState(start);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event) => { if (ref.current && !ref.current.contains(event.target)) set(false); };
    const key = (event) => { if (event.key === 'Escape') { event.stopPropagation(); set(false); ref.current.querySelector('button').focus(); } };
    document.addEventListener('pointerdown', away);
    ref.current.addEventListener('keydown', key);
    const element = ref.current;
    return () => { document.removeEventListener('pointerdown', away); element.removeEventListener('keydown', key); };
  }, [open]);
  return html`<span class=${'menu ' + kind} ref=${ref}><button type="button" class="plain" aria-expanded=${open ? 'true' : 'false'} title=${title} onClick=${() => set(!open)}>${label}</button>
    ${open ? html`<div class="sheet">${typeof children === 'function' ? children(() => set(false)) : children}</div>` : ''}</span>`;
}

// Compare shows a share beside what was usual, as two bars on one scale.
export function Bars({ usual, now }) {
  const most = Math.max(usual || 0, now || 0, 1e-9);
  return html`<span class="bars" aria-hidden="true"><span class="usual" style=${{ width: (100 * (usual || 0) / most * Math.min(1, most)).toFixed(1) + '%' }}></span><span class="now" style=${{ width: (100 * (now || 0) / most * Math.min(1, most)).toFixed(1) + '%' }}></span></span>`;
}

export const Bar = ({ part }) => html`<span class="bar1" aria-hidden="true"><span style=${{ width: (100 * Math.max(0, Math.min(1, part || 0))).toFixed(1) + '%' }}></span></span>`;
