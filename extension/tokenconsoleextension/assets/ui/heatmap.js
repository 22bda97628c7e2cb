// The week of a token, hour by hour: what it has learned beside what is now. One cursor for both; arrows move it.
import { html, useRef, useState } from '../lib/html.js';
import { cividis, rgb } from '../lib/palette.js';
import { share, times, weekdays } from '../lib/format.js';

const two = (n) => String(n).padStart(2, '0');

// rowsOf takes 7 × 24 shares, or 24 of any day.
const rowsOf = (values) => (Array.isArray(values) && values.length ? (Array.isArray(values[0]) ? values : [values]) : null);
const totalOf = (rows) => rows.reduce((a, row) => a + row.reduce((x, y) => x + (y || 0), 0), 0);
const shares = (rows) => { const total = totalOf(rows); return total > 0 ? rows.map((row) => row.map((v) => (v || 0) / total)) : rows; };
const fold = (rows) => [rows[0].map((_, h) => rows.reduce((a, row) => a + (row[h] || 0), 0))];

export function Heatmaps({ baseline, now }) {
  let usual = rowsOf(baseline), current = rowsOf(now);
  if (usual && current && usual.length !== current.length) { usual = usual.length > 1 ? fold(usual) : usual; current = current.length > 1 ? fold(current) : current; }
  const [at, set] = useState({ day: 0, hour: 9 });
  const [seen, see] = useState(false);
  if (!usual && !current) return html`<p class="empty">The hours of this token are not known yet: they are learned day by day.</p>`;
  const a = usual && shares(usual), b = current && shares(current);
  const days = (a || b).length;
  const most = Math.max(1e-9, ...[a, b].filter(Boolean).flat(2));
  const name = (day) => (days === 1 ? 'any day' : weekdays[day]);
  const x = a ? a[at.day][at.hour] : null, y = b ? b[at.day][at.hour] : null;
  const said = `${name(at.day)} ${two(at.hour)}:00–${two((at.hour + 1) % 24)}:00 UTC: ${x === null ? 'not learned' : 'usually ' + share(x) + ' of the week'}, ${y === null ? 'nothing now' : 'now ' + share(y)}${x > 0 && y > 0 ? ` (${times(y / x)} usual)` : ''}`;
  const move = (next) => { see(true); set(next); };
  return html`<div class="weeks">
    <div class="week-pair">
      ${a ? html`<${Week} title="Learned" rows=${a} most=${most} at=${at} move=${move} name=${name} seen=${seen} />` : ''}
      ${b ? html`<${Week} title="In this range" rows=${b} most=${most} at=${at} move=${move} name=${name} seen=${seen} />` : ''}
    </div>
    <p class="said">${said}</p>
    <div class="legend" aria-hidden="true"><span>0 %</span><span class="ramp">${Array.from({ length: 12 }, (_, i) => html`<i key=${i} style=${{ background: rgb(cividis(i / 11)) }}></i>`)}</span><span>${share(most)} of the week in one hour</span></div>
  </div>`;
}

function Week({ title, rows, most, at, move, name, seen }) {
  const ref = useRef(null);
  const focus = (next) => {
    move(next);
    requestAnimationFrame(() => ref.current && ref.current.querySelector('[data-cell="' + next.day + '-' + next.hour + '"]').focus());
  };
  const key = (event) => {
    const { day, hour } = at;
    const next = { ArrowLeft: { day, hour: Math.max(0, hour - 1) }, ArrowRight: { day, hour: Math.min(23, hour + 1) }, ArrowUp: { day: Math.max(0, day - 1), hour }, ArrowDown: { day: Math.min(rows.length - 1, day + 1), hour }, Home: { day, hour: 0 }, End: { day, hour: 23 } }[event.key];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    focus(next);
  };
  return html`<div class="week"><h3>${title}</h3>
    <div role="grid" aria-label=${title + ': share of requests by hour of the week'} ref=${ref} onKeyDown=${key}>
      <div role="row" class="hours"><span role="columnheader"><span class="sr">day</span></span>${Array.from({ length: 24 }, (_, h) => html`<span role="columnheader" key=${h}>${h % 6 === 0 ? two(h) : html`<span class="sr">${two(h)}</span>`}</span>`)}</div>
      ${rows.map((row, day) => html`<div role="row" key=${day}><span role="rowheader">${rows.length === 1 ? 'all' : name(day).slice(0, 2)}</span>${row.map((v, hour) => {
        const on = at.day === day && at.hour === hour;
        return html`<span role="gridcell" key=${hour} data-cell=${day + '-' + hour} tabindex=${on ? 0 : -1} class=${on && seen ? 'on' : ''} aria-label=${`${name(day)} ${two(hour)}:00: ${share(v)}`} style=${{ background: rgb(cividis(Math.sqrt(v / most))) }} onPointerEnter=${() => move({ day, hour })} onFocus=${() => on || move({ day, hour })}></span>`;
      })}</div>`)}
    </div></div>`;
}
