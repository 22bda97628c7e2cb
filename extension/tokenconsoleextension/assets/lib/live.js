// What happens now: one stream for the whole page, a minute of beats for every token that is heard of.
import { useEffect, useState } from './html.js';

export const width = 60; // seconds that are kept
const beats = new Map(); // id → {requests, errors: Float32Array by second, upto}
const evidence = new Map();
const handlers = { beat: new Set(), anomaly: new Set(), token: new Set(), demo: new Set(), response: new Set(), state: new Set(), second: new Set() };
const most = 20_000;

let source = null, state = 'closed', heard = 0, asked = '';

const second = () => Math.floor(Date.now() / 1000);
const emit = (kind, data) => { for (const handler of handlers[kind]) handler(data); };

export function on(kind, handler) {
  handlers[kind].add(handler);
  return () => handlers[kind].delete(handler);
}

// forward clears the seconds in which nothing was heard.
function forward(row, now) {
  for (let s = Math.max(row.upto + 1, now - width + 1); s <= now; s++) row.requests[s % width] = row.errors[s % width] = 0;
  if (now > row.upto) row.upto = now;
}

function beat(data) {
  heard = Date.now();
  const now = second();
  for (const [id, [requests, errors]] of Object.entries(data.tokens || {})) {
    let row = beats.get(id);
    if (!row) {
      if (beats.size >= most) beats.delete(beats.keys().next().value);
      row = { requests: new Float32Array(width), errors: new Float32Array(width), upto: now - width, last: 0 };
      beats.set(id, row);
    }
    forward(row, now);
    row.requests[now % width] += requests;
    row.errors[now % width] += errors || 0;
    row.last = heard;
  }
  for (const [id, [nats, threshold]] of Object.entries(data.evidence || {})) evidence.set(id, { nats, threshold });
  emit('beat', data);
}

// trace is the last minute of a token, the oldest second first; null where nothing was heard.
export function trace(id) {
  const row = beats.get(id);
  if (!row) return null;
  const now = second();
  forward(row, now);
  const requests = new Float32Array(width), errors = new Float32Array(width);
  for (let i = 0; i < width; i++) {
    const at = (now - width + 1 + i) % width;
    requests[i] = row.requests[at];
    errors[i] = row.errors[at];
  }
  return { requests, errors };
}

export const evidenceOf = (id) => evidence.get(id);
export const used = (id) => (beats.get(id) || {}).last || 0;

let turning = 0;

// open listens to what the filter leaves; a filter that stays keeps the stream, and one that changes turns it once the view is drawn.
export function open(params) {
  const url = '/api/v1/stream' + (params.toString() ? '?' + params : '');
  clearTimeout(turning);
  if (source && source.readyState !== EventSource.CLOSED) {
    if (asked !== url) turning = setTimeout(() => listen(url), 300);
  } else listen(url);
}

function listen(url) {
  close();
  asked = url;
  source = new EventSource(url);
  const hear = (kind, handler) => source.addEventListener(kind, (event) => {
    let data;
    try { data = JSON.parse(event.data); } catch { return; }
    handler(data);
  });
  hear('beat', beat);
  for (const kind of ['anomaly', 'token', 'demo', 'response']) hear(kind, (data) => { heard = Date.now(); emit(kind, data); });
  source.onopen = () => { state = 'open'; heard = Date.now(); emit('state', state); };
  source.onerror = () => { state = source && source.readyState === EventSource.CLOSED ? 'closed' : 'waiting'; emit('state', state); };
}

export function close() {
  clearTimeout(turning);
  if (source) source.close();
  source = null;
  asked = '';
  state = 'closed';
}

addEventListener('pagehide', close);
setInterval(() => { if (!document.hidden) emit('second'); }, 1000);

export function useStream() {
  const [now, set] = useState(state);
  useEffect(() => on('state', set), []);
  return now;
}

// useSecond draws again every so many seconds, for times that go by.
export function useSecond(every = 1) {
  const [n, set] = useState(0);
  useEffect(() => {
    let passed = 0;
    return on('second', () => { if (++passed % every === 0) set((m) => m + 1); });
  }, [every]);
  return n;
}
