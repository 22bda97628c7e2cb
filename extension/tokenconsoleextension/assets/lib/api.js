// Asking the API: answers that came with the page, answers that are being waited for, and errors that say what to do.
import { useEffect, useLayoutEffect, useRef, useState } from './html.js';
import { asked, timeOf } from './url.js';

// first holds what the server gave with the page, by the address that it would have been asked under.
const first = new Map();
const arrived = performance.now();

// welcome takes what came with the page: who looks, how the store is, and the first view.
export function welcome(place = location) {
  let given;
  try { given = JSON.parse(document.getElementById('first').textContent) || {}; } catch { given = {}; }
  const view = given.view || {}, query = new URLSearchParams(place.search);
  const put = (path, answer, extra = {}) => { if (answer) first.set(address(path, asked(query, extra)), answer); };
  const id = place.pathname.split('/')[2] || '';
  put('overview', view.overview);
  put('tokens', view.tokens, { strip: '1', sort: query.get('sort') || '-evidence', limit: '60' });
  const one = (path, answer) => { if (answer) first.set(address(path, timeOf(query)), answer); };
  one('tokens/' + id, view.token);
  one('tokens/' + id + '/heartbeat', view.heartbeat);
  one('tokens/' + id + '/habits', view.habits);
  if (view.anomaly) first.set('/api/v1/anomalies/' + id, view.anomaly);
  return { me: given.me, status: given.status };
}

// canonical sorts the parameters, so that the same question has the same address.
function canonical(url) {
  const u = new URL(url, location.origin);
  u.searchParams.sort();
  const text = u.searchParams.toString();
  return u.pathname + (text ? '?' + text : '');
}

export const address = (path, params) => canonical('/api/v1/' + path + (params && params.toString() ? '?' + params : ''));

class Refused extends Error {
  constructor(status, code, message, field) {
    super(message);
    this.status = status; this.code = code; this.field = field;
  }
}

// trouble is why something could not be had, in words for whoever looks at the page.
async function trouble(response) {
  let error = {};
  try { error = (await response.json()).error || {}; } catch { /* not JSON: the status has to do */ }
  return new Refused(response.status, error.code || 'http_' + response.status,
    error.message || `Holter answered ${response.status} ${response.statusText}`.trim(), error.field);
}

export async function get(url, signal) {
  url = canonical(url);
  if (first.has(url)) {
    const answer = first.get(url);
    first.delete(url); // what came with the page is fresh once
    if (performance.now() - arrived < 10_000) return answer;
  }
  let response;
  try {
    response = await fetch(url, { signal, headers: { Accept: 'application/json' }, credentials: 'same-origin' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, 'offline', 'Holter does not answer: is it running, and can this machine reach it?');
  }
  if (!response.ok) throw await trouble(response);
  return response.json();
}

let csrf = '';
export const setToken = (token) => { csrf = token || ''; };

export async function post(path, body, method = 'POST') {
  let response;
  try {
    response = await fetch('/api/v1/' + path, {
      method, credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, 'offline', 'Holter does not answer: nothing was changed');
  }
  if (!response.ok) throw await trouble(response);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

const kept = new Map(); // the latest answers, shown while a newer one is fetched
const keep = (url, answer) => {
  kept.delete(url);
  kept.set(url, answer);
  if (kept.size > 60) kept.delete(kept.keys().next().value);
};

// take gives an answer that is already here.
function take(url) {
  if (kept.has(url)) return kept.get(url);
  if (first.has(url) && performance.now() - arrived < 10_000) {
    const answer = first.get(url);
    first.delete(url);
    keep(url, answer);
    return answer;
  }
  return undefined;
}

// useAnswer asks whenever the address changes, and every so often if told to. While it waits, the answer before stays: nothing jumps.
export function useAnswer(url, { every = 0, again = 0 } = {}) {
  const [state, set] = useState(() => {
    const data = url ? take(url) : undefined;
    return { url, data, fresh: data !== undefined, error: null };
  });
  const seen = useRef(state.fresh ? url : '');
  // Before the paint, not after it: a question is on its way a frame sooner.
  useLayoutEffect(() => {
    if (!url) return undefined;
    let over = false, timer = 0;
    const control = new AbortController();
    const ask = async () => {
      try {
        const data = await get(url, control.signal);
        keep(url, data);
        if (!over) set({ url, data, fresh: true, error: null, at: Date.now() });
      } catch (error) {
        if (!over && error.name !== 'AbortError') set((s) => ({ ...s, url, fresh: true, error }));
      }
      if (!over && every) timer = setTimeout(tick, every);
    };
    const tick = () => { document.hidden ? (timer = setTimeout(tick, every)) : ask(); };
    const here = take(url);
    if (here !== undefined) set({ url, data: here, fresh: true, error: null });
    else set((s) => ({ ...s, url, fresh: false }));
    if (seen.current === url && !again) {
      seen.current = '';
      if (every) timer = setTimeout(tick, every);
    } else ask();
    return () => { over = true; control.abort(); clearTimeout(timer); };
  }, [url, every, again]);
  return { data: state.data, error: state.error, waiting: state.url !== url || !state.fresh };
}

// useShown tells once that what is named has been on the screen: effects come after the frame is made, and one more frame brings it there.
export function useShown(what, told) {
  useEffect(() => {
    if (!what) return undefined;
    const timer = setTimeout(told, 16);
    return () => clearTimeout(timer);
  }, [what]);
}
