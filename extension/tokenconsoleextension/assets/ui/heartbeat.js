// The strip at full width: axes, a cursor that reads it out, zoom by dragging, and marks that can be opened.
import { html, useLayoutEffect, useMemo, useRef, useState } from '../lib/html.js';
import { fit, usePalette } from '../lib/palette.js';
import { drawBand } from './strip.js';
import { A, useWidth } from './bits.js';
import { count, moment, seconds, span, tick } from '../lib/format.js';
import { marks as kinds } from '../lib/words.js';

const gutter = 52, right = 12, axis = 20, gap = 12;

// nice is the least of 1, 2, 5 · 10ⁿ that is not below x.
export function nice(x) {
  if (!(x > 0)) return 1;
  const ten = 10 ** Math.floor(Math.log10(x));
  for (const m of [1, 2, 2.5, 5, 10]) if (m * ten >= x * 0.9999) return m * ten;
  return 10 * ten;
}

const steps = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000].map((s) => s * 1000);
const stepOfTicks = (length, width) => steps.find((s) => length / s * 64 <= width) || steps[steps.length - 1];

const greatest = (...lists) => {
  let most = 0;
  for (const list of lists) if (list) for (const v of list) if (v > most) most = v;
  return most;
};

// Heartbeat draws {from, step: ms, requests, errors, low, high, p95, marks, overlay: {label, points}}.
export function Heartbeat({ data, height = 176, unit = 'requests', format = count, label, onZoom, onOut, markLink, per = true, value = 'requests' }) {
  const box = useRef(null), canvas = useRef(null), p = usePalette();
  const width = useWidth(box);
  const { from, step } = data, n = data.requests.length, to = from + n * step;
  const [at, setAt] = useState(-1);
  const [drag, setDrag] = useState(null);
  const hasErrors = data.errors && greatest(data.errors) > 0;
  const errorLane = hasErrors ? Math.round(height * 0.26) : 0;
  const lane = data.p95 ? 52 : 0;
  const total = height + errorLane + (lane ? lane + gap : 0) + axis;
  const inner = Math.max(10, width - gutter - right), dx = inner / Math.max(1, n);
  const top = nice(greatest(data.requests, data.high, data.overlay && data.overlay.points));
  const topErrors = hasErrors ? nice(greatest(data.errors)) : 1;
  const topLane = lane ? nice(greatest(data.p95)) : 1;
  const y0 = height, x = (ms) => gutter + (ms - from) / step * dx;

  useLayoutEffect(() => {
    if (!width || !canvas.current) return;
    const c = fit(canvas.current, width, total);
    c.font = '12px ' + p.font;
    c.textBaseline = 'middle';
    const up = y0 - 8, every = stepOfTicks(to - from, inner);
    c.fillStyle = p.grid;
    for (let t = Math.ceil(from / every) * every; t <= to; t += every) c.fillRect(Math.round(x(t)), 0, 1, total - axis);
    for (const part of [0.5, 1]) c.fillRect(gutter, Math.round(y0 - up * part), inner, 1);
    if (data.high) drawBand(c, gutter, dx, y0, up / top, data.low, data.high, p, true);
    c.fillStyle = p.beat;
    const w = dx > 3 ? Math.min(6, dx * 0.62) : Math.max(1, dx * 0.8);
    for (let i = 0; i < n; i++) {
      const v = data.requests[i];
      if (v > 0) {
        const h = Math.max(1, v / top * up), odd = data.high && data.high[i] !== null && data.high[i] !== undefined && v > data.high[i];
        c.fillStyle = odd ? p.pulse : p.beat;
        c.fillRect(gutter + i * dx + (dx - w) / 2, y0 - h, w, h);
      }
    }
    if (data.overlay) {
      c.strokeStyle = p.pulse; c.lineWidth = 1.5; c.beginPath();
      data.overlay.points.forEach((v, i) => c.lineTo(gutter + (i + 0.5) * dx, y0 - v / top * up));
      c.stroke();
    }
    c.fillStyle = p.soft;
    c.fillRect(gutter, y0, inner, 1);
    if (hasErrors) {
      c.fillStyle = p.alarm;
      for (let i = 0; i < n; i++) { const v = data.errors[i]; if (v > 0) c.fillRect(gutter + i * dx + (dx - w) / 2, y0 + 1, w, Math.max(1.5, v / topErrors * (errorLane - 4))); }
    }
    c.fillStyle = p.soft;
    c.textAlign = 'right';
    c.fillText(format(top), gutter - 8, Math.max(8, y0 - up));
    c.fillText(format(top / 2), gutter - 8, y0 - up / 2);
    c.fillText('0', gutter - 8, y0 - (hasErrors ? 4 : 0));
    if (hasErrors) { c.fillStyle = p.alarm; c.fillText(format(topErrors), gutter - 8, y0 + errorLane - 6); }
    if (lane) {
      const base = y0 + errorLane + gap + lane;
      c.fillStyle = p.grid; c.fillRect(gutter, base, inner, 1);
      c.fillStyle = p.soft; c.fillText(seconds(topLane), gutter - 8, base - lane + 6); c.fillText('p95', gutter - 8, base - 6);
      c.strokeStyle = p.soft; c.lineWidth = 1.2; c.beginPath();
      let open = false;
      data.p95.forEach((v, i) => {
        if (v === null || v === undefined || Number.isNaN(v)) { open = false; return; }
        const px = gutter + (i + 0.5) * dx, py = base - v / topLane * (lane - 6);
        if (open) c.lineTo(px, py); else { c.moveTo(px - Math.min(1, dx / 2), py); c.lineTo(px, py); }
        open = true;
      });
      c.stroke();
      c.fillStyle = p.soft; // one step alone makes no line
      data.p95.forEach((v, i) => { if (v > 0 && !(data.p95[i - 1] > 0) && !(data.p95[i + 1] > 0)) c.fillRect(gutter + (i + 0.5) * dx - 1, base - v / topLane * (lane - 6) - 1, 2.5, 2.5); });
    }
    c.textAlign = 'center'; c.fillStyle = p.soft;
    for (let t = Math.ceil(from / every) * every; t <= to; t += every) { const px = x(t); if (px > gutter + 14 && px < width - 20) c.fillText(tick(t, every), px, total - axis / 2); }
    for (const mark of data.marks || []) {
      const px = x(Date.parse(mark.at));
      if (px < gutter || px > width - right) continue;
      c.fillStyle = mark.kind === 'anomaly' ? p.alarm : p.soft;
      for (let y = 0; y < total - axis; y += mark.kind === 'anomaly' ? 1 : 4) c.fillRect(px - 0.5, y, 1, mark.kind === 'anomaly' ? 1 : 2);
    }
    if (drag) { c.fillStyle = p.pulsesoft; c.fillRect(Math.min(drag.a, drag.b), 0, Math.abs(drag.b - drag.a), total - axis); }
    if (at >= 0 && at < n) { c.fillStyle = p.pulse; c.fillRect(Math.round(gutter + (at + 0.5) * dx) - 0.5, 0, 1, total - axis); }
  }, [data, p, width, height, at, drag, format]);

  const index = (clientX) => Math.max(0, Math.min(n - 1, Math.floor((clientX - canvas.current.getBoundingClientRect().left - gutter) / dx)));
  const down = (event) => { if (event.button === 0 && onZoom && event.pointerType !== 'touch') { const px = event.offsetX; setDrag({ a: px, b: px }); canvas.current.setPointerCapture(event.pointerId); } };
  const move = (event) => { setAt(index(event.clientX)); if (drag) setDrag({ a: drag.a, b: Math.max(gutter, Math.min(width - right, event.offsetX)) }); };
  const lift = () => {
    if (!drag) return;
    const [a, b] = [Math.min(drag.a, drag.b), Math.max(drag.a, drag.b)];
    setDrag(null);
    if (b - a > 6) zoom(from + Math.floor((a - gutter) / dx) * step, from + Math.ceil((b - gutter) / dx) * step);
  };
  const zoom = (a, b) => onZoom && onZoom(Math.max(from - (to - from), a), Math.max(a + 10 * 60_000, b));
  const around = (factor) => {
    const middle = at >= 0 ? from + (at + 0.5) * step : (from + to) / 2, half = (to - from) * factor / 2;
    const snap = Math.max(60_000, step);
    zoom(Math.floor((middle - half) / snap) * snap, Math.min(Math.ceil(Date.now() / 60_000) * 60_000, Math.ceil((middle + half) / snap) * snap));
  };
  const key = (event) => {
    const by = event.shiftKey ? Math.max(1, Math.round(n / 20)) : 1;
    const moves = { ArrowLeft: -by, ArrowRight: by, Home: -n, End: n };
    if (event.key in moves) setAt(Math.max(0, Math.min(n - 1, (at < 0 ? n - 1 : at) + moves[event.key])));
    else if (event.key === '+' || event.key === '=') around(0.5);
    else if (event.key === '-') around(2);
    else if (event.key === 'Escape' && at >= 0) setAt(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const i = at >= 0 ? at : -1;
  const said = i >= 0 ? readout(data, i, { unit, format, per, step }) : '';
  const groups = useMemo(() => cluster(data.marks || [], x, gutter, width - right), [data, width]);
  return html`<figure class=${'beat' + (data.marks ? '' : ' unmarked')} ref=${box}>
    <div class="marks">${width ? groups.map((g) => html`<${Mark} key=${g.x} group=${g} link=${markLink} />`) : ''}</div>
    <canvas ref=${canvas} style=${{ height: total + 'px' }} class="full" tabindex="0" role="slider" aria-label=${(label || 'Heartbeat') + ': cursor in time'} aria-valuemin="0" aria-valuemax=${Math.max(0, n - 1)} aria-valuenow=${i < 0 ? n - 1 : i}
      aria-valuetext=${said || `${moment(from, step)} to ${moment(to, step)}, ${span(step)} a step`}
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${lift} onPointerCancel=${() => setDrag(null)} onPointerLeave=${() => !drag && setAt(-1)} onKeyDown=${key}></canvas>
    <figcaption><span class="said">${said || html`<span class="soft">${count(data.requests.reduce((a, b) => a + b, 0))} ${unit}, ${span(step)} a step${data.high ? '; the shade is what is normal at this hour' : ''}${onZoom ? html`<span class="wideonly">; drag to zoom</span>` : ''}</span>`}</span>
      ${onZoom ? html`<span class="zoom"><button type="button" class="plain" onClick=${() => around(0.5)} aria-label="zoom in">+</button><button type="button" class="plain" onClick=${() => around(2)} aria-label="zoom out">−</button>${onOut ? html`<button type="button" class="plain" onClick=${onOut}>whole range</button>` : ''}</span>` : ''}</figcaption>
  </figure>`;
}

function readout(data, i, { unit, format, per, step }) {
  const parts = [`${format(data.requests[i])} ${unit}${per ? ' in ' + span(step) : ''}`];
  if (data.high && data.high[i] !== null && data.high[i] !== undefined) parts.push(`usually ${format(data.low && data.low[i] ? data.low[i] : 0)}–${format(data.high[i])} at this hour`);
  if (data.overlay) parts.push(`${data.overlay.label}: ${format(data.overlay.points[i])}`);
  if (data.errors) parts.push(`${count(data.errors[i])} errors`);
  if (data.p95 && data.p95[i] !== null && data.p95[i] !== undefined) parts.push(`p95 ${seconds(data.p95[i])}`);
  return moment(data.from + i * step, step) + ' UTC: ' + parts.join(', ');
}

// cluster puts marks that would lie on each other into one.
function cluster(marks, x, least, most) {
  const groups = [];
  for (const mark of [...marks].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const px = x(Date.parse(mark.at));
    if (px < least - 1 || px > most + 1) continue;
    const last = groups[groups.length - 1];
    if (last && px - last.x < 24) last.marks.push(mark);
    else groups.push({ x: px, marks: [mark] });
  }
  return groups;
}

function Mark({ group, link }) {
  const worst = group.marks.find((m) => m.kind === 'anomaly') || group.marks[0];
  const kind = kinds[worst.kind] || { glyph: '•', word: worst.kind };
  const text = group.marks.map((m) => `${(kinds[m.kind] || {}).word || m.kind}: ${m.title || ''} (${moment(Date.parse(m.at), 1)} UTC)`).join('\n');
  const inside = html`<span aria-hidden="true">${kind.glyph}${group.marks.length > 1 ? html`<sub>${group.marks.length}</sub>` : ''}</span><span class="sr">${text}</span>`;
  const style = { left: group.x - 12 + 'px' }, href = link && link(worst);
  return href ? html`<${A} class=${'mark1 ' + worst.kind} href=${href} title=${text} style=${style}>${inside}<//>` : html`<span class=${'mark1 ' + worst.kind} title=${text} style=${style}>${inside}</span>`;
}

// BeatTable is the same in numbers.
export function BeatTable({ data, unit = 'requests', format = count, most = 400 }) {
  const [open, set] = useState(false);
  const rows = [];
  if (open) for (let i = data.requests.length - 1; i >= 0 && rows.length < most; i--) if (data.requests[i] || (data.errors && data.errors[i])) rows.push(i);
  return html`<details class="numbers" onToggle=${(e) => set(e.currentTarget.open)}><summary>The same in numbers</summary>
    ${open ? html`<div class="scroll tall" tabindex="0" role="region" aria-label="Heartbeat in numbers"><table><thead><tr><th scope="col">from (UTC)</th><th scope="col" class="number">${unit}</th>${data.high ? html`<th scope="col" class="number">usually</th>` : ''}${data.errors ? html`<th scope="col" class="number">errors</th>` : ''}${data.p95 ? html`<th scope="col" class="number">p95</th>` : ''}</tr></thead>
    <tbody>${rows.map((i) => html`<tr key=${i}><td>${moment(data.from + i * data.step, data.step)}</td><td class="number">${format(data.requests[i])}</td>${data.high ? html`<td class="number">${data.high[i] === null || data.high[i] === undefined ? 'not learned' : format((data.low || [])[i] || 0) + '–' + format(data.high[i])}</td>` : ''}${data.errors ? html`<td class="number">${count(data.errors[i])}</td>` : ''}${data.p95 ? html`<td class="number">${seconds(data.p95[i])}</td>` : ''}</tr>`)}</tbody></table></div>` : ''}
  </details>`;
}
