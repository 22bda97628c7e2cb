// The strip: requests beat above the line, errors below it, the learned band behind, anomalies as marks on it.
import { html, useLayoutEffect, useEffect, useRef } from '../lib/html.js';
import { fit, usePalette } from '../lib/palette.js';
import { duration } from '../lib/format.js';
import * as live from '../lib/live.js';

const lead = 5; // pixels for marks, above the highest beat

const greatest = (list, least = 0) => {
  let most = least;
  if (list) for (let i = 0; i < list.length; i++) if (list[i] > most) most = list[i];
  return most;
};

// zero is where the line is: errors get a third.
const zero = (height) => Math.round(height * 0.7) + 0.5;

// drawStrip draws what was, into x … x + width.
function drawStrip(c, x, width, height, strip, p, top = 0) {
  const n = strip.requests ? strip.requests.length : 0, y0 = zero(height);
  if (n) {
    const dx = width / n, up = y0 - lead, down = height - y0 - 1;
    top = top || Math.max(greatest(strip.requests), greatest(strip.high), 1);
    if (strip.high) drawBand(c, x, dx, y0, up / top, strip.low, strip.high, p);
    c.fillStyle = p.grid;
    c.fillRect(x, y0 - 0.5, width, 1);
    const w = Math.max(1, Math.min(2, dx * 0.7));
    c.fillStyle = p.beat;
    for (let i = 0; i < n; i++) {
      const v = strip.requests[i];
      if (v > 0) { const h = Math.max(1, v / top * up); c.fillRect(x + i * dx + (dx - w) / 2, y0 - h, w, h); }
    }
    if (strip.errors) {
      c.fillStyle = p.alarm;
      const most = greatest(strip.errors);
      for (let i = 0; i < n; i++) {
        const v = strip.errors[i];
        if (v > 0) { const h = Math.max(1.5, Math.min(1, v / Math.max(most, top * 0.2)) * down); c.fillRect(x + i * dx + (dx - w) / 2, y0 + 0.5, w, h); }
      }
    }
  } else {
    c.fillStyle = p.grid;
    c.fillRect(x, y0 - 0.5, width, 1);
  }
  const from = Date.parse(strip.from), length = n * duration(strip.step);
  for (const mark of strip.marks || []) {
    const at = x + (Date.parse(mark.at) - from) / length * width;
    if (at < x || at > x + width) continue;
    if (mark.kind === 'anomaly') {
      c.fillStyle = p.alarm;
      c.fillRect(at - 0.5, 0, 1, y0);
      c.beginPath(); c.moveTo(at - 3.5, 0); c.lineTo(at + 3.5, 0); c.lineTo(at, 5); c.fill();
    } else {
      c.strokeStyle = p.soft; c.lineWidth = 1;
      c.strokeRect(Math.round(at) - 1.5, 0.5, 3, 3);
    }
  }
}

// drawBand draws what is normal at each step, with gaps where nothing is learned.
export function drawBand(c, x, dx, y0, scale, low, high, p, line = false) {
  c.fillStyle = p.band;
  let i = 0;
  while (i < high.length) {
    if (high[i] === null || high[i] === undefined) { i++; continue; }
    let j = i;
    while (j < high.length && high[j] !== null && high[j] !== undefined) j++;
    c.beginPath();
    for (let k = i; k < j; k++) { const y = y0 - high[k] * scale; c.lineTo(x + k * dx, y); c.lineTo(x + (k + 1) * dx, y); }
    for (let k = j - 1; k >= i; k--) { const y = y0 - (low && low[k] ? low[k] : 0) * scale; c.lineTo(x + (k + 1) * dx, y); c.lineTo(x + k * dx, y); }
    c.closePath();
    c.fill();
    if (line) { c.strokeStyle = p.bandline; c.lineWidth = 1; c.stroke(); }
    i = j;
  }
}

// drawTrace draws the last minute, the newest second at the right, as a heart monitor does.
function drawTrace(c, x, width, height, trace, p) {
  const y0 = zero(height), dx = (width - 3) / live.width;
  c.lineWidth = 1.2; c.lineJoin = 'round';
  c.strokeStyle = p.trace;
  c.beginPath();
  c.moveTo(x, y0);
  if (trace) {
    const top = Math.max(greatest(trace.requests), 3), up = y0 - lead + 2, down = height - y0 - 1;
    for (let i = 0; i < live.width; i++) {
      const v = trace.requests[i], at = x + i * dx;
      if (v > 0) {
        const h = Math.max(3, Math.sqrt(v / top) * up);
        c.lineTo(at, y0); c.lineTo(at + dx * 0.25, y0 + 1.5); c.lineTo(at + dx * 0.5, y0 - h); c.lineTo(at + dx * 0.8, y0 + 1.5);
      }
      c.lineTo(at + dx, y0);
    }
    c.stroke();
    c.fillStyle = p.alarm;
    const most = Math.max(greatest(trace.errors), top * 0.2);
    for (let i = 0; i < live.width; i++) if (trace.errors[i] > 0) c.fillRect(x + i * dx, y0 + 1, Math.max(1, dx), Math.max(2, trace.errors[i] / most * down));
  } else {
    c.lineTo(x + width - 3, y0);
    c.stroke();
  }
  c.fillStyle = p.trace;
  c.beginPath(); c.arc(x + width - 2, y0, 1.6, 0, 7); c.fill();
}

const traceShare = 0.26;

// Strip is a strip in a table's row; with a token's id its right end moves.
export function Strip({ strip, id, width = 240, height = 24, label }) {
  const ref = useRef(null), p = usePalette();
  const draw = () => {
    if (!ref.current || !width) return;
    const c = fit(ref.current, width, height);
    const moving = id ? Math.round(Math.max(36, Math.min(90, width * traceShare))) : 0;
    drawStrip(c, 0, width - moving - (moving ? 6 : 0), height, strip || {}, p);
    if (moving) drawTrace(c, width - moving, moving, height, live.trace(id), p);
  };
  useLayoutEffect(draw);
  useEffect(() => (id ? live.on('second', draw) : undefined), [id, width, strip, p]);
  return html`<canvas class="strip" ref=${ref} style=${{ width: width + 'px', height: height + 'px' }} role="img" aria-label=${label}></canvas>`;
}

// Spark is a strip without errors, band and marks: a series in a table.
export function Spark({ points, width = 160, height = 24, top, label }) {
  const ref = useRef(null), p = usePalette();
  useLayoutEffect(() => {
    if (!ref.current || !width) return;
    const c = fit(ref.current, width, height), n = points.length, dx = width / Math.max(1, n);
    const most = top || greatest(points, 1e-12);
    c.fillStyle = p.grid;
    c.fillRect(0, height - 1, width, 1);
    c.fillStyle = p.beat;
    const w = Math.max(1, Math.min(2.5, dx * 0.7));
    for (let i = 0; i < n; i++) if (points[i] > 0) { const h = Math.max(1, points[i] / most * (height - 3)); c.fillRect(i * dx + (dx - w) / 2, height - 1 - h, w, h); }
  });
  return html`<canvas class="strip" ref=${ref} style=${{ width: width + 'px', height: height + 'px' }} role="img" aria-label=${label}></canvas>`;
}
