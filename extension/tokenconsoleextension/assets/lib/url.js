// What is looked at is in the address: every view can be linked to, and back and forward work.
import { useState, useEffect } from './html.js';

// Filter parameters that every endpoint takes. Of the dimensions only one can be asked for at a time: they are counted apart.
export const subjects = ['token', 'owner', 'team', 'tag', 'environment', 'status', 'direction'];
export const dimensions = ['route', 'country', 'network', 'release', 'service', 'client', 'outcome', 'unit', 'model'];
export const filters = [...subjects, ...dimensions];
export const ofTokens = [...subjects, 'q', 'demo']; // which tokens are meant, as the stream takes it

// What is counted together: a measure can be filtered and grouped by the dimensions of one of these lists at a time, and by whose it was.
const usage = [['outcome'], ['route'], ['country', 'network'], ['release', 'service'], ['client']], units = ['unit', 'model'], whole = [[]];
const together = {
  requests: usage, errors: [['outcome']], bytes_in: whole, bytes_out: whole, time_spent: whole, p50: whole, p95: whole, p99: whole,
  units: [units], cost: [['model']], tokens: [...usage, units], owners: [...usage, units],
};
const everybodys = { measures: ['requests', 'errors', 'time_spent', 'p50', 'p95', 'p99'], of: ['route', 'outcome'] }; // of routes, whoever asked

// counted says whether a measure is counted by some dimensions at once; whose: and by whose it was.
export function counted(measure, by, whose) {
  const wanted = by.filter((name) => dimensions.includes(name)), in_ = (list) => wanted.every((name) => list.includes(name));
  return together[measure].some(in_) || (!whose && everybodys.measures.includes(measure) && in_(everybodys.of));
}
const carried = ['from', 'to', 'demo', 'q', ...filters];

const listeners = new Set();
const told = () => { for (const listener of listeners) listener(); };
addEventListener('popstate', told);

// go opens an address of this page.
export function go(href, { replace = false, keep = false } = {}) {
  const url = new URL(href, location.href);
  if (url.href === location.href) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  if (!keep) scrollTo(0, 0);
  told();
}

export function useLocation() {
  const [, again] = useState(0);
  useEffect(() => {
    const listener = () => again((n) => n + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

// change gives the address of this view with some parameters changed; null or an empty list takes one away.
export function change(changes, path = location.pathname, from = new URLSearchParams(location.search)) {
  const query = new URLSearchParams(from);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== '') query.append(name, one);
    }
  }
  const text = readable(query);
  return path + (text ? '?' + text : '');
}

// readable leaves slashes and colons as they are: an address is read by people.
export const readable = (query) => query.toString().replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%2C/g, ',');

// link gives the address of another view that keeps time and, if asked, filters.
export function link(path, extra = {}, keep = ['from', 'to', 'demo']) {
  const query = new URLSearchParams();
  const here = new URLSearchParams(location.search);
  for (const name of keep) for (const value of here.getAll(name)) query.append(name, value);
  return change(extra, path, query);
}

// asked are the parameters of this view that the API takes too.
export function asked(query = new URLSearchParams(location.search), extra = {}) {
  const out = new URLSearchParams();
  for (const name of carried) for (const value of query.getAll(name)) out.append(name, value);
  for (const [name, value] of Object.entries(extra)) {
    out.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null && one !== '') out.append(name, one);
  }
  return out;
}

// timeOf is all that questions about one token take.
export function timeOf(query) {
  const out = new URLSearchParams();
  for (const name of ['from', 'to']) if (query.get(name)) out.set(name, query.get(name));
  return out;
}

export const tokenLink = (id) => link('/token/' + encodeURIComponent(id));
export const anomalyLink = (id) => link('/anomaly/' + encodeURIComponent(id));
