// Everything seen can be taken along: as CSV, as JSON, and as the call that gives it.
import { html, useRef, useState } from '../lib/html.js';

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* not a secure context: the older way */ }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'offstage';
  document.body.append(area);
  area.select();
  let done = false;
  try { done = document.execCommand('copy'); } catch { /* said below */ }
  area.remove();
  return done;
}

// field quotes for CSV, and keeps a spreadsheet from taking text for a formula.
const field = (value) => {
  if (value === null || value === undefined) return '';
  let text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
};

export const csv = (columns, rows) => [columns.map((c) => field(c.label)), ...rows.map((row) => columns.map((c) => field(c.value ? c.value(row) : row[c.key])))].map((r) => r.join(',')).join('\n') + '\n';

export const curl = (url) => `curl -sS '${(location.origin + url).replace(/'/g, "'\\''")}'`;

export function CopyButton({ text, label, what }) {
  const [said, say] = useState('');
  const timer = useRef(0);
  const copy = async () => {
    const done = await toClipboard(typeof text === 'function' ? text() : text);
    say(done ? 'copied' : 'copying is not allowed here');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => say(''), 1600);
  };
  return html`<button type="button" class="plain copy" onClick=${copy} aria-label=${said || (what ? `copy ${what} as ${label}` : undefined)}>${said || label}</button>`;
}

// Copies offers a table's rows and the call behind it.
export function Copies({ columns, rows, data, url, what = 'this' }) {
  return html`<span class="copies"><span class="soft" aria-hidden="true">copy</span>
    ${columns && rows ? html`<${CopyButton} label="CSV" what=${what} text=${() => csv(columns.filter((c) => !c.bare), rows)} />` : ''}
    <${CopyButton} label="JSON" what=${what} text=${() => JSON.stringify(data !== undefined ? data : rows, null, 2)} />
    ${url ? html`<${CopyButton} label="curl" what=${what} text=${() => curl(url)} />` : ''}</span>`;
}
