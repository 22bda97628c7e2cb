// Numbers and times as people read them: with units, compared with normal, and never longer than they need to be.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const scales = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

// digits keeps three significant ones, and counts below 100,000 whole.
export function count(n) {
  if (n === null || n === undefined || Number.isNaN(n)) return '–';
  const size = Math.abs(n);
  if (size < 1e5) return size >= 100 || Number.isInteger(n) ? whole.format(n) : trim(n);
  for (const [scale, sign] of scales) if (size >= scale) return trim(n / scale) + ' ' + sign;
  return whole.format(n);
}

const trim = (n) => {
  const size = Math.abs(n);
  return size >= 100 ? n.toFixed(0) : size >= 10 ? n.toFixed(1).replace(/\.0$/, '') : size >= 0.995 || n === 0 ? n.toFixed(2).replace(/\.?0+$/, '') : n.toPrecision(2).replace(/\.?0+$/, '');
};

export const exact = (n) => (n === null || n === undefined || Number.isNaN(n) ? '–' : whole.format(n));

function bytes(n) {
  if (n === null || n === undefined || Number.isNaN(n)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (Math.abs(n) >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return (i === 0 ? whole.format(n) : trim(n)) + ' ' + units[i];
}

export function seconds(n) {
  if (n === null || n === undefined || Number.isNaN(n)) return '–';
  if (n === 0) return '0 s';
  if (n < 1e-3) return trim(n * 1e6) + ' µs';
  if (n < 1) return trim(n * 1e3) + ' ms';
  if (n < 120) return trim(n) + ' s';
  if (n < 7200) return trim(n / 60) + ' min';
  if (n < 172800) return trim(n / 3600) + ' h';
  return trim(n / 86400) + ' d';
}

export function share(n) {
  if (n === null || n === undefined || Number.isNaN(n)) return '–';
  const p = n * 100;
  return p === 0 ? '0 %' : p < 0.1 ? '< 0.1 %' : p < 10 ? trim(Math.round(p * (p < 1 ? 100 : 10)) / (p < 1 ? 100 : 10)) + ' %' : p > 99 && p < 100 ? p.toFixed(1) + ' %' : Math.round(p) + ' %';
}

export const money = (n, currency = '') => {
  if (n === null || n === undefined) return '–';
  const digits = Math.abs(n) >= 1000 ? 0 : Math.abs(n) >= 1 || n === 0 ? 2 : 4;
  const text = n.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return currency ? text + ' ' + currency : text;
};

// changed compares a number with the one before it, in words that carry the direction without colour.
export function changed(now, before) {
  if (before === undefined || before === null) return '';
  if (before === 0) return now === 0 ? 'as before' : 'none before';
  const ratio = now / before;
  if (ratio > 0.995 && ratio < 1.005) return 'as before';
  if (ratio >= 3) return trim(ratio) + ' × before';
  return (ratio > 1 ? '+' : '−') + share(Math.abs(ratio - 1)) + ' on before';
}

// times says how many times what is usual something is.
export const times = (ratio) => (ratio >= 100 ? whole.format(ratio) : trim(ratio)) + ' ×';

// measures: what is counted, what its unit is, and how a value is written.
export const measures = {
  requests: { label: 'requests', unit: 'requests', format: count },
  errors: { label: 'errors', unit: 'errors', format: count },
  bytes_in: { label: 'bytes in', unit: '', format: bytes },
  bytes_out: { label: 'bytes out', unit: '', format: bytes },
  time_spent: { label: 'time spent', unit: '', format: seconds },
  p50: { label: 'p50 latency', unit: '', format: seconds },
  p95: { label: 'p95 latency', unit: '', format: seconds },
  p99: { label: 'p99 latency', unit: '', format: seconds },
  tokens: { label: 'distinct tokens', unit: 'tokens', format: count },
  owners: { label: 'distinct owners', unit: 'owners', format: count },
  units: { label: 'units', unit: 'units', format: count },
  cost: { label: 'cost', unit: '', format: (n) => money(n) },
};

// --- time -------------------------------------------------------------------------------------------------------------

const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
export const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const pad = (n) => String(n).padStart(2, '0');

export const parse = (t) => {
  if (!t || (typeof t === 'string' && t.startsWith('0001-01-01'))) return null;
  const d = t instanceof Date ? t : new Date(t);
  return Number.isNaN(d.getTime()) ? null : d;
};

// absolute is a moment in UTC, as learning and alerts are in UTC.
export function absolute(t, fine = false) {
  const d = parse(t);
  if (!d) return 'never';
  return `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())} ${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}${fine ? ':' + pad(d.getUTCSeconds()) : ''} UTC`;
}

export function relative(t, now = Date.now()) {
  const d = parse(t);
  if (!d) return 'never';
  const s = (now - d) / 1000, size = Math.abs(s);
  const text = size < 1.5 ? '' : size < 90 ? Math.round(size) + ' s' : size < 5400 ? Math.round(size / 60) + ' min' : size < 129600 ? Math.round(size / 3600) + ' h'
    : size < 86400 * 60 ? Math.round(size / 86400) + ' d' : size < 86400 * 700 ? Math.round(size / 86400 / 30.4) + ' months' : trim(size / 86400 / 365.25) + ' years';
  return !text ? 'now' : s > 0 ? text + ' ago' : 'in ' + text;
}

// tick is a label on a time axis; moment is what the cursor reads.
export function tick(ms, step) {
  const d = new Date(ms);
  if (step >= 86400e3 * 28) return d.toLocaleString('en', { month: 'short', timeZone: 'UTC' }) + (d.getUTCMonth() === 0 ? ' ' + d.getUTCFullYear() : '');
  if (step >= 86400e3) return names[d.getUTCDay()] + ' ' + d.getUTCDate() + (step >= 86400e3 * 3 || d.getUTCDate() === 1 ? '.' + (d.getUTCMonth() + 1) + '.' : '');
  if (d.getUTCHours() === 0 && d.getUTCMinutes() === 0 && d.getUTCSeconds() === 0) return names[d.getUTCDay()] + ' ' + d.getUTCDate();
  return pad(d.getUTCHours()) + ':' + pad(d.getUTCMinutes()) + (step < 60e3 ? ':' + pad(d.getUTCSeconds()) : '');
}

export function moment(ms, step) {
  const d = new Date(ms);
  const day = `${names[d.getUTCDay()]} ${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())}`;
  if (step >= 86400e3) return day;
  return `${day} ${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`;
}

// duration reads what Go writes (1m0s, 720h0m0s) or a number of seconds, and gives milliseconds.
export function duration(text) {
  if (typeof text === 'number') return text * 1000;
  let ms = 0;
  for (const [, n, unit] of String(text || '').matchAll(/([\d.]+)(ms|d|h|m|s)/g)) ms += n * { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[unit];
  return ms;
}

export function span(ms) {
  const s = Math.round(ms / 1000);
  if (s % 86400 === 0) return s / 86400 + ' d';
  if (s % 3600 === 0) return s / 3600 + ' h';
  if (s % 60 === 0) return s / 60 + ' min';
  return s + ' s';
}

// within resolves from and to as the API does: relative to now, or a moment.
export function within(query, now = Date.now()) {
  const at = (text, otherwise) => {
    if (!text || text === 'now') return text ? now : otherwise;
    const m = /^([+-])(\d+)([smhdw])$/.exec(text);
    if (m) return now + (m[1] === '-' ? -1 : 1) * m[2] * { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 }[m[3]];
    const d = parse(text);
    return d ? d.getTime() : otherwise;
  };
  const to = at(query.get('to'), now);
  return { from: at(query.get('from'), to - 864e5), to };
}

let regions;
// country is the name of a country, beside its code.
export function country(code) {
  if (!code) return 'unknown';
  try {
    regions ||= new Intl.DisplayNames(['en'], { type: 'region' });
    const name = regions.of(code);
    return name && name !== code ? name : code;
  } catch { return code; }
}
