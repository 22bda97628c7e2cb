// The demo: made-up traffic, marked as such, played and removed with one click.
import { html, createContext, useContext, useEffect, useState } from '../lib/html.js';
import { post } from '../lib/api.js';
import { change, go } from '../lib/url.js';
import { count, share } from '../lib/format.js';
import * as live from '../lib/live.js';
import { Me } from './traces.js';
import { Trouble } from './bits.js';

export const Status = createContext({});

function useDemo(done) {
  const [state, set] = useState({});
  useEffect(() => live.on('demo', (data) => { set({ progress: data }); if (['done', 'failed', 'removed'].includes(data.state)) done(); }), [done]);
  const act = async (action) => {
    set({ busy: action });
    try { await post('demo', { action }); set({ asked: action }); setTimeout(done, 500); } catch (error) { set({ error }); }
  };
  return { ...state, act };
}

const may = (me) => (me.roles || []).includes('admin');

export function PlayDemo({ done }) {
  const me = useContext(Me), demo = useDemo(done), p = demo.progress;
  const status = useContext(Status);
  const playing = demo.asked === 'play' || (p && p.state === 'playing');
  if (status.demo && status.demo.available === false) return html`<p class="soft">The demo is switched off in the configuration.</p>`;
  return html`<div class="play"><button type="button" class="main" disabled=${!!demo.busy || playing || !may(me)} onClick=${() => demo.act('play')}>${playing ? 'Playing …' : 'Play the demo'}</button>
    <span class="soft">${!may(me) ? 'This needs the role admin.' : playing ? `${p && p.done ? share(p.done) + ' done' : 'starting'}${p && p.requests ? ', ' + count(p.requests) + ' requests' : ''}` : 'a month of a made-up fleet in a minute, and one stolen key. Marked as demo, removed with one click.'}</span>
    ${p && p.state === 'failed' ? html`<div class="trouble">${p.message}</div>` : ''}<${Trouble} error=${demo.error} /></div>`;
}

export function DemoBanner({ status, query, done }) {
  const me = useContext(Me), demo = useDemo(done), d = (status && status.demo) || {}, p = demo.progress;
  if (!d.present && !d.playing) return null;
  const mode = query.get('demo') || 'show';
  const playing = p && p.state === 'playing' && p.done < 1; // when its past is told it goes on, as other traffic does
  return html`<div class="banner" role="region" aria-label="Demo traffic"><span class="demo">demo</span><span>${playing ? `Made-up traffic is being played${p.done ? ': ' + share(p.done) : ''}.` : `${d.tokens ? count(d.tokens) + ' tokens here are' : 'Some tokens here are'} made up.`}</span>
    <span class="right">${['show', 'hide', 'only'].map((m) => html`<button type="button" key=${m} class="plain" aria-pressed=${mode === m ? 'true' : 'false'} onClick=${() => go(change({ demo: m === 'show' ? null : m }), { keep: true })}>${m}</button>`)}
    ${may(me) ? html`<button type="button" disabled=${!!demo.busy || demo.asked === 'remove'} onClick=${() => demo.act('remove')}>${demo.busy === 'remove' || demo.asked === 'remove' ? 'Removing …' : 'Remove the demo'}</button>` : ''}</span><${Trouble} error=${demo.error} /></div>`;
}
