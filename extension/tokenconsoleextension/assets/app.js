// The page: what is in the address decides what is shown.
import { html, render, useCallback, useEffect, useRef, useState } from './lib/html.js';
import { address, get, setToken, useAnswer, welcome } from './lib/api.js';
import { asked, go, link, ofTokens, useLocation } from './lib/url.js';
import { setTheme, theme, themes } from './lib/palette.js';
import { detector } from './lib/words.js';
import * as live from './lib/live.js';
import { A, Trouble, Waiting, toggleTimes } from './ui/bits.js';
import { DemoBanner, Status } from './ui/demo.js';
import { Help } from './ui/help.js';
import { Me } from './ui/traces.js';
import { Search } from './ui/search.js';
import * as overview from './views/overview.js';
import * as explore from './views/explore.js';
import * as token from './views/token.js';
import * as anomalies from './views/anomalies.js';
import * as anomaly from './views/anomaly.js';
import * as response from './views/response.js';
import * as hygiene from './views/hygiene.js';
import * as coverage from './views/coverage.js';
import * as limits from './views/limits.js';
import * as plans from './views/plans.js';
import * as routes from './views/routes.js';
import * as capacity from './views/capacity.js';
import * as spend from './views/spend.js';
import * as empty from './views/empty.js';
import * as login from './views/login.js';

const views = { '': overview, explore, token, anomaly, anomalies, response, hygiene, coverage, limits, plans, routes, capacity, spend };
const menu = [
  ['See', [['/', 'Overview', 'o'], ['/anomalies', 'Anomalies', 'a'], ['/response', 'Response', 'i'], ['/explore', 'Explore', 'e']]],
  ['Tidy', [['/hygiene', 'Hygiene', 'h'], ['/coverage', 'Coverage', 'c']]],
  ['Run', [['/limits', 'Limits', 'l'], ['/plans', 'Plans', 'p'], ['/routes', 'Routes', 'r'], ['/capacity', 'Capacity', 'y'], ['/spend', 'Spend', 's']]],
];

const given = welcome();
if (given.me) setToken(given.me.csrf);

function App() {
  const { path, query } = useLocation();
  const [me, setMe] = useState(given.me || null);
  const [error, setError] = useState(null);
  const [help, setHelp] = useState(false);
  const [again, setAgain] = useState(0);
  const [began] = useState(() => given.status);
  const renew = useCallback(() => setAgain((n) => n + 1), []);
  const signedIn = !!me && (me.login === 'none' || !!me.user);
  const status = useAnswer(signedIn ? address('status') : null, { every: 5000, again });
  const current = status.data || began || {};

  useEffect(() => { if (!me) get('/api/v1/me').then((m) => { setToken(m.csrf); setMe(m); }).catch(setError); }, []);
  const scope = new URLSearchParams([...asked(query)].filter(([name]) => ofTokens.includes(name))).toString();
  useEffect(() => { if (signedIn) live.open(new URLSearchParams(scope)); }, [signedIn, scope]);

  const [, room, rest] = path.split('/');
  const view = views[room || ''];
  const id = rest ? decodeURIComponent(rest) : '';
  const main = useRef(null), first = useRef(true);
  useEffect(() => {
    document.title = (view ? view.title() : 'Nothing here') + ' – Holter';
    if (first.current) first.current = false; else main.current.focus({ preventScroll: true });
  }, [path]);
  useKeys(() => setHelp(true));

  const body = () => {
    if (error) return html`<${Trouble} error=${error} again=${() => location.reload()} />`;
    if (!me) return html`<${Waiting} rows=${8} />`;
    if (!signedIn) return html`<${login.View} me=${me} done=${(m) => { setToken(m.csrf); setMe(m); }} />`;
    if (current.empty && (!room || room === 'token')) return html`<${empty.View} status=${current} done=${renew} />`;
    if (!view || ((room === 'token' || room === 'anomaly') && !id)) return html`<h1>Nothing here</h1><p>There is no page at <code>${path}</code>. <${A} href="/">Overview<//></p>`;
    return html`<${view.View} key=${room + id} query=${query} id=${id} status=${current} />`;
  };
  return html`<${Me.Provider} value=${me || {}}><${Status.Provider} value=${current}>
    <a class="skip" href="#main">Skip to content</a>
    <div class="shell">
      <header class="bar"><${A} class="mark" href="/"><svg viewBox="0 0 40 24" aria-hidden="true"><path d="M1 14h9l3-5 4 13 5-20 4 12h13" /></svg>Holter<//>
        ${signedIn ? html`<${Search} />` : html`<span></span>`}
        <div class="tools">${signedIn ? html`<${Pulse} />` : ''}
          <button type="button" class="plain" onClick=${cycle} title="Theme (t)"><${ThemeName} /></button>
          <button type="button" class="plain" onClick=${() => setHelp(true)} aria-label="Keys and how to read this page" title="Keys (?)">?</button>
          ${me && me.user && me.login !== 'none' ? html`<${Who} me=${me} />` : ''}</div></header>
      ${signedIn ? html`<nav class="rail" aria-label="Pages">${menu.map(([name, entries]) => html`<div key=${name}><span class="soft" aria-hidden="true">${name}</span>${entries.map(([href, text]) => html`<${A} key=${href} href=${link(href)} aria-current=${path === href || (href === '/' && room === 'token') || (href === '/anomalies' && room === 'anomaly') ? 'page' : undefined}>${text}<//>`)}</div>`)}</nav>` : html`<div></div>`}
      <div class="side">${signedIn ? html`<${DemoBanner} status=${current} query=${query} done=${renew} />` : ''}${current.stopped ? html`<div class="banner bad" role="alert">All acts on tokens are stopped${current.stopped.by ? ` by ${current.stopped.by}` : ''}: nothing is locked, restricted or logged out. <${A} href="/response">Response<//></div>` : ''}${current.store && current.store.trouble ? html`<div class="banner bad" role="alert">${current.store.trouble}</div>` : ''}
      <main id="main" class="page" tabindex="-1" ref=${main}>${body()}</main></div>
      <${Announcer} />
    </div>
    ${help ? html`<${Help} close=${() => setHelp(false)} />` : ''}
  <//><//>`;
}

// Only anomalies are spoken of unasked.
function Announcer() {
  const [text, set] = useState('');
  useEffect(() => live.on('anomaly', (event) => set(`${detector(event.name)}: ${event.sentence || event.body}`)), []);
  return html`<div class="sr" aria-live="polite">${text}</div>`;
}

function Pulse() {
  const state = live.useStream();
  const words = { open: 'live', waiting: 'reconnecting', closed: 'not live' }[state];
  return html`<span class=${'pulse ' + state} title=${state === 'open' ? 'What happens is shown as it happens' : 'The stream is broken: what is shown is read again now and then'}><i aria-hidden="true"></i>${words}</span>`;
}

function ThemeName() {
  const [, again] = useState(0);
  useEffect(() => { retheme = () => again((n) => n + 1); return () => { retheme = null; }; }, []);
  return html`<span class="sr">theme: </span>${{ system: '◐', light: '○', dark: '●' }[theme()]}<span class="wideonly"> ${theme()}</span>`;
}
let retheme = null;
function cycle() {
  setTheme(themes[(themes.indexOf(theme()) + 1) % themes.length]);
  if (retheme) retheme();
}

function Who({ me }) {
  const out = async () => { try { await fetch('/api/v1/session', { method: 'DELETE', credentials: 'same-origin', headers: { 'X-CSRF-Token': me.csrf } }); } finally { location.href = '/'; } };
  return html`<span class="who"><span class="wideonly soft">${me.user}</span> <button type="button" class="plain" onClick=${out}>sign out</button></span>`;
}

// useKeys listens to what is typed outside of fields.
function useKeys(help) {
  useEffect(() => {
    let going = 0;
    const key = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const inField = event.target.closest && event.target.closest('input, select, textarea, dialog');
      if (event.key === 'Escape' && inField) { event.target.blur(); return; }
      if (inField) return;
      if (Date.now() - going < 1200) {
        going = 0;
        const entry = menu.flatMap(([, entries]) => entries).find(([, , letter]) => letter === event.key);
        if (entry) { event.preventDefault(); go(link(entry[0])); return; }
      }
      switch (event.key) {
        case '/': { const field = document.getElementById('search'); if (field) { event.preventDefault(); field.focus(); field.select(); } break; }
        case '?': help(); break;
        case 'g': going = Date.now(); break;
        case 'u': toggleTimes(); break;
        case 't': cycle(); break;
        case 'j': case 'k': step(event.key === 'j' ? 1 : -1); event.preventDefault(); break;
        case 'Escape': if (document.activeElement && document.activeElement !== document.body) document.activeElement.blur(); break;
        default:
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
}

// step moves from row to row of what is listed, the main list first.
function step(by) {
  const rows = [...document.querySelectorAll('main [data-row]')].filter((row) => row.offsetParent);
  const ordered = rows.some((row) => row.closest('.tokens')) ? rows.filter((row) => row.closest('.tokens')) : rows;
  if (!ordered.length) return;
  const now = ordered.findIndex((row) => row.contains(document.activeElement));
  const next = ordered[Math.max(0, Math.min(ordered.length - 1, now < 0 ? (by > 0 ? 0 : ordered.length - 1) : now + by))];
  const target = next.querySelector('[data-j]') || next.querySelector('a, button');
  if (target) { target.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' }); }
}

const place = document.getElementById('app');
place.textContent = '';
render(html`<${App} />`, place);
